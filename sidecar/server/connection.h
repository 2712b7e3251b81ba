// SPDX-License-Identifier: Apache-2.0
// One HTTP/1.1 connection: parses requests and writes answers, one exchange at a time, in order.
#ifndef SIDECAR_SERVER_CONNECTION_H
#define SIDECAR_SERVER_CONNECTION_H

#include "proto/wire/api.h"
#include "sidecar/io/stream.h"
#include "sidecar/server/exchange.h"
#include "sidecar/server/user.h"

enum connection_state {
        CONNECTION_IDLE,      // between requests
        CONNECTION_READING,   // a request has begun; or it was answered, and the rest of its body is being discarded
        CONNECTION_SERVING,   // a handler works on it
        CONNECTION_WRITING,   // the answer is complete, but the kernel has not taken all of it
        CONNECTION_LINGERING, // the last answer has been sent; further input is discarded
        CONNECTION_CLOSING,
        CONNECTION_STATE_COUNT
};

// What to do after the current answer.
enum connection_end { CONNECTION_KEEP, CONNECTION_CLOSE, CONNECTION_LINGER };

struct connection {
        struct stream stream;
        struct exchange exchange;
        struct account account;
        struct peer peer;
        unsigned open; // handles
        struct server *server;
        struct connection *next, **link; // of the server's list
        TAILQ_ENTRY(connection) ready;   // of its user, with is_ready; or of the server's `closing` (turns.h)
        bool is_ready;

        bool is_at_end;   // the peer sends nothing more
        bool is_1_0;      // the request is of HTTP/1.0
        bool is_in_body;  // not all of the request's body has arrived
        bool is_chunked;  // the answer in pieces uses chunked framing
        bool calls_drain; // call `drain` when nothing is unsent
        enum connection_state state;
        enum connection_end end;
        uint64_t since_ms; // loop time: the deadline of `state` counts from here
        size_t unsent;     // bytes that the kernel had not taken when last checked

        struct http_parser *parser;
        struct buffer pending; // input that is not parsed yet; reading is paused until it is
        size_t head_n;         // bytes of a head that came in pieces; the parser keeps them
        uint64_t body_n;       // bytes of the body that have arrived
        struct slice direct;   // BODY_WHOLE: the body, while it is one piece in the bytes being parsed
        struct buffer body;    // … or a copy, if it came in several pieces
};

// --- connection.c: start, deadlines, end ---

// Takes over the accepted socket `fd`, and the account that is charged for it. NULL: out of memory, or the stream could
// not be opened; both were released.
MUST_CHECK struct connection *connection_open(const struct listener *l, int fd, const struct peer *peer,
                                              struct account *account);

// The server shuts down: ends a wait, and makes the next answer the last.
void connection_shut_down(struct connection *c);

// Ends what is under way, at once, then the connection (turns_end_connection()). Calling it twice is fine.
void connection_close(struct connection *c);

// For turns.c: closes the handles, and releases what is charged to the user.
void connection_end(struct connection *c);

// For turns.c: closes `c` if the peer has hung up, or a deadline has passed.
void connection_check(struct connection *c);

void connection_set_state(struct connection *c, enum connection_state state);

void connection_on_stream_closed(struct stream *stream); // of connection_stream_ops

// --- connection_read.c: input ---

extern const struct stream_ops connection_stream_ops;

void connection_take_turn(struct connection *c);

// After a call of a handler: continues with the connection if the exchange has ended.
void connection_settle(struct connection *c);

// Answers a malformed or too slow request with an error, and ends the connection.
void connection_refuse(struct connection *c, const struct problem *p);

// --- connection_write.c: answers ---

extern const struct carrier_ops connection_carrier_ops;

// The kernel has taken the whole answer.
void connection_after_answer(struct connection *c);

// Sends the bytes unchanged. An error closes the connection.
void connection_write(struct connection *c, const struct slice *parts, size_t count);

static inline struct connection *connection_of_stream(struct stream *s)
{
        return (struct connection *)((char *)s - offsetof(struct connection, stream));
}

static inline struct connection *connection_of_exchange(struct exchange *x)
{
        return (struct connection *)((char *)x - offsetof(struct connection, exchange));
}

#endif
