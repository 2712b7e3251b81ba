// SPDX-License-Identifier: Apache-2.0
// One request while it is answered: what handlers see of a connection. A handler answers (reply.h, problem.h) or
// waits (request_wait()), exactly one of the two, and returns.
#ifndef SIDECAR_SERVER_REQUEST_H
#define SIDECAR_SERVER_REQUEST_H

#include "proto/mem/slice.h"
#include "sidecar/io/unix_listen.h"
#include "sidecar/vault/vault.h"

struct connection;
struct http_message;
struct server;
struct server_profile;

struct request {
        struct connection *connection;
        struct server *server;
        const struct http_message *message;   // NULL: what came was no request
        const struct server_profile *profile; // NULL: the route has none
        struct peer peer;
        struct slice path, query;
        uint64_t started_ns;
        bool is_head; // the answer has no body
        bool is_answered;
};

// How a wait ended. With neither credentials nor an error: the time was up, or there was nothing to hand over.
struct outcome {
        const struct credentials *credentials; // borrowed until the handler returns
        const struct error *error;
        bool is_timed_out;
};

// Waits for the profile's entry, at most `wait_ms` on the server's clock; then the request is routed and handled
// anew, with the outcome.
void request_wait(struct request *r, enum vault_want want, uint64_t after_generation, int64_t wait_ms);

// The same for another entry than the profile's own.
struct wait {
        enum vault_want want;
        uint64_t after_generation;
        int64_t ms;
};
void request_wait_for(struct request *r, struct entry *entry, const struct wait *wait);

// Starts a fetch where one is needed, and does not wait for it.
void request_nudge(struct request *r);

#endif
