// SPDX-License-Identifier: Apache-2.0
// One request and its answer. It belongs to a carrier: an HTTP/1.1 connection has one at a time; other carriers may
// have many. Carriers call the functions of the first part, handlers those of the second.
#ifndef SIDECAR_SERVER_EXCHANGE_H
#define SIDECAR_SERVER_EXCHANGE_H

#include <uv.h>

#include "proto/wire/http.h"
#include "sidecar/io/unix_listen.h"
#include "sidecar/server/api.h"
#include "sidecar/server/request_arena.h"
#include "sidecar/vault/vault.h"

struct account;
struct buffer;
struct listener;
struct request_counts;
struct server;
struct server_profile;

// An answer, or with exchange_answer_begin() its head.
struct answer {
        int status;
        const char *content_type; // NULL: there is no body, nor a Content-Length
        const char *headers;      // further header lines, each with CR LF; NULL: none
        void (*put_headers)(const struct exchange *x, struct buffer *head); // likewise; called when the head is written
        struct slice body;
        bool closes; // the connection ends with it: no more input is read, nor the rest of this request's body
        // The bytes before the body: the rendered head of a usual HTTP/1.1 answer, or space that the carrier may write
        // to.
        size_t head_n, headroom;
};

struct carrier_ops {
        void (*answer)(struct exchange *x, const struct answer *a); // all of it
        void (*answer_begin)(struct exchange *x,
                             const struct answer *a);                 // its head; answer_write and answer_end follow
        bool (*answer_write)(struct exchange *x, struct slice piece); // accepts all of it; false: now it is full
        void (*answer_end)(struct exchange *x);
        void (*fail)(struct exchange *x);       // the answer cannot be completed: exchange_abort() follows
        void (*call_drain)(struct exchange *x); // in a later turn, if the carrier is not full
        void (*read_body)(struct exchange *x);  // resumes a paused body
        void (*go_on)(struct exchange *x);      // a handler has returned that the carrier did not call
};

enum exchange_state {
        EXCHANGE_NONE,       // no request
        EXCHANGE_COLLECTING, // has the head, collects the body
        EXCHANGE_HANDLED,    // its handler has yet to answer
        EXCHANGE_WAITING,    // … after exchange_wait() has ended
        EXCHANGE_ANSWERING,  // … and has begun it
        EXCHANGE_ENDED       // the answer is with the carrier
};

// The route of the last request with a short target and no query. Most peers repeat their request; this saves the
// lookup as long as the profiles are the same.
struct route_memory {
        uint64_t profiles_version;
        unsigned method; // of enum route_method
        const struct route *route;
        const struct server_profile *profile;
        size_t api; // of the listener
        size_t target_n;
        char target[104];
};

struct exchange {
        // set by the carrier, for all its exchanges
        const struct carrier_ops *carrier;
        struct server *server;
        const struct listener *listener;
        const struct peer *peer;
        pid_t command; // a credential_process that the peer belongs to; 0: none
        struct account *account;

        // the request
        enum exchange_state state;
        bool is_head;                         // HEAD: the answer has no body
        bool is_running;                      // a handler is running
        bool is_aborted;                      // the carrier went away while a handler was running
        bool is_body_paused;                  // exchange_pause_body()
        bool is_body_whole;                   // all of it has arrived
        bool has_profile;                     // its path names one
        bool is_profile_new;                  // the profiles were replaced since access was checked
        const struct api *api;                // never NULL
        const struct route *route;            // NULL: not routed yet
        struct request_counts *counts;        // of the API
        const struct server_profile *profile; // NULL: there is none, or it was removed since
        const struct http_head *head; // NULL: malformed request; valid until `begin` returns, as are the next two
        struct slice path, query;
        struct slice body; // BODY_WHOLE: until `begin` returns
        uint64_t started_ns;

        struct route_memory memory; // of the carrier's peer

        void *handler_state;        // the handler's own
        struct request_arena arena; // wiped and freed after the exchange

        struct exchange *next, **link; // the server's list of unfinished exchanges; link NULL: not in it

        // exchange_wait()
        uv_timer_t timer;
        struct vault_waiter waiter;
        enum vault_want wants;
        struct entry *awaited; // an entry ends the waits for it before it is freed
};

// --- for carriers ---

void exchange_open(struct exchange *x, struct server *s);    // the members of the first part are set by the carrier
void exchange_close(struct exchange *x, uv_close_cb closed); // closes the timer, whose `data` is `x`

// Routes a request by its head, and checks access. The exchange may have been answered after this (EXCHANGE_ENDED).
// `head` NULL: the request is malformed, and exchange_refuse() follows.
void exchange_begin(struct exchange *x, const struct http_head *head, uint64_t started_ns);
// The bytes of the head may have moved: `head` is its present form.
void exchange_move_head(struct exchange *x, const struct http_head *head);
void exchange_body_piece(struct exchange *x, struct slice piece); // BODY_STREAM
void exchange_body_end(struct exchange *x, struct slice body);    // the request is complete
void exchange_drain(struct exchange *x);
// Answers with an error in place of a handler. It must not have been answered.
void exchange_refuse(struct exchange *x, const struct problem *p);
void exchange_abort(struct exchange *x); // the carrier is going away. Does nothing without an exchange
// Back to EXCHANGE_NONE, after EXCHANGE_ENDED and when no handler is running.
void exchange_finish(struct exchange *x);

// The profiles were replaced, or the server shuts down.
void exchange_find_profile_again(struct exchange *x);
void exchange_shut_down(struct exchange *x);

// --- for handlers: answer, or wait, or answer in pieces, and return ---

void exchange_answer(struct exchange *x, const struct answer *a);

// An answer in pieces, of unknown length. After HEAD, write no pieces.
void exchange_answer_begin(struct exchange *x, const struct answer *head);
// Accepts all of `piece`. False: the peer does not keep up; write no more until `drain` is called.
MUST_CHECK bool exchange_answer_write(struct exchange *x, struct slice piece);
void exchange_answer_end(struct exchange *x);
// Ends the answer so that the peer notices that it is incomplete.
void exchange_fail(struct exchange *x);
// Calls `drain` in a later turn of the loop, as soon as the peer keeps up.
void exchange_call_drain(struct exchange *x);

// BODY_STREAM: the first pauses the body, the second resumes it. One more piece may still come after the first.
void exchange_pause_body(struct exchange *x);
void exchange_resume_body(struct exchange *x);

// Zeroed memory for the handler, valid until the end of the exchange; also in x->handler_state. NULL: out of memory,
// and the exchange was answered.
MUST_CHECK void *exchange_alloc_state(struct exchange *x, size_t n);

// How a wait ended. Neither credentials nor an error: it timed out, or there was nothing to return.
struct outcome {
        const struct credentials *credentials; // borrowed until the handler returns
        const struct error *error;
        bool is_timed_out;
};
struct wait {
        enum vault_want want;
        uint64_t after_generation;
        int64_t ms; // at most, on the server's clock
};
// Waits for an entry; then `resume` is called with the outcome, if the peer may still use the profile.
void exchange_wait(struct exchange *x, struct entry *entry, const struct wait *wait);

// Starts a fetch if one is needed, and does not wait for it.
void exchange_request_fetch(struct entry *entry);

#endif
