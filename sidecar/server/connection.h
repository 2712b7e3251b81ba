// SPDX-License-Identifier: Apache-2.0
// One peer: bytes to requests, answers to bytes, one request at a time and in order.
#ifndef SIDECAR_SERVER_CONNECTION_H
#define SIDECAR_SERVER_CONNECTION_H

#include <uv.h>

#include "proto/wire/api.h"
#include "proto/wire/http_whole.h"
#include "sidecar/server/request.h"

enum connection_state {
        CONNECTION_IDLE,      // between requests
        CONNECTION_READING,   // a request has begun
        CONNECTION_ANSWERING, // a handler runs
        CONNECTION_WAITING,   // its answer comes later; further input is left unparsed
        CONNECTION_WRITING,   // an answer is not yet all with the kernel; likewise
        CONNECTION_LINGERING, // the last answer is given; what still comes is thrown away
        CONNECTION_CLOSING,
        CONNECTION_STATE_COUNT
};

// What follows the answer in hand.
enum connection_end { CONNECTION_KEEP, CONNECTION_CLOSE, CONNECTION_LINGER };

struct connection {
        uv_pipe_t pipe;
        uv_timer_t wait_timer;
        uv_shutdown_t shutdown;
        unsigned open; // handles
        struct server *server;
        struct connection *next, **link; // of the server's list

        enum connection_state state;
        enum connection_end end;
        uint64_t since_ms;     // loop time: the deadline of `state` counts from here
        size_t queued;         // bytes that the kernel had not taken when last looked at
        bool is_at_end;        // the peer sends nothing more
        bool is_paused;        // reading is stopped: `pending` is full
        struct buffer pending; // input that is not parsed yet
        struct http_whole *parser;
        struct request request;
        struct vault_waiter waiter;
        enum vault_want wants; // while it waits
        struct entry *awaited; // likewise; an entry that goes ends the wait first
};

// --- connection.c: birth, deadlines, end ---

// Takes over the accepted socket `fd`. 0, or -1: there is no connection.
int connection_open(struct server *s, int fd, const struct peer *peer);

// Enforces the deadlines.
void connection_sweep(struct connection *c, uint64_t now_ms);

// The server ends: a wait is over, the next answer is the last.
void connection_drain(struct connection *c);

// Closes at once. Calling it twice is fine.
void connection_close(struct connection *c);

void connection_set_state(struct connection *c, enum connection_state state);

// --- connection_read.c: input ---

// 0, or -1: libuv refused.
int connection_start_reading(struct connection *c);

// After an answer that came later: goes on with what has arrived meanwhile.
void connection_resume(struct connection *c);

// Answers what is no request, or came too slowly, and ends the connection.
void connection_refuse(struct connection *c, enum api_error code, const char *hint, const char *detail);

// --- connection_write.c: answers ---

// Sends an answer: its parts (at most two) are written at once, or copied. Called once for each request.
void connection_send(struct connection *c, int status, const struct slice *parts, size_t count);

// --- connection_wait.c: requests that wait (request.h) ---

// Ends a wait without an outcome. Nothing happens when there is none.
void connection_stop_waiting(struct connection *c);

#endif
