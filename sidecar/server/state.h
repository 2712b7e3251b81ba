// SPDX-License-Identifier: Apache-2.0
// The server's state, internal to this layer.
#ifndef SIDECAR_SERVER_STATE_H
#define SIDECAR_SERVER_STATE_H

#include <uv.h>

#include "proto/mem/buffer.h"
#include "proto/mem/time.h"
#include "proto/wire/json_read.h"
#include "sidecar/base/log_limiter.h"
#include "sidecar/server/events.h"
#include "sidecar/server/server.h"
#include "sidecar/server/turns.h"
#include "sidecar/server/web_identity_tokens.h"

struct connection;
struct exchange;
struct imds_tokens;
struct listener;

#define READ_SIZE ((size_t)64 * 1024)

// Real time, because they measure peers.
struct server_deadlines {
        uint64_t sweep_ms;   // how often connections are checked
        uint64_t idle_ms;    // between requests
        uint64_t request_ms; // from a request's first byte to its last; of a streamed body, for each piece
        uint64_t write_ms;   // without progress
        uint64_t linger_ms;  // after the last answer, for what the peer is still sending
        uint64_t drain_ms;   // at the end, for a request that is on its way
        uint64_t rearm_ms;   // out of descriptors: until the next attempt to accept
};

struct server {
        struct server_deps deps;
        struct server_deadlines deadlines;
        const struct server_profile *profiles; // sorted by name
        size_t profiles_count;
        uint64_t profiles_version; // counts the tables

        struct listener *listeners;
        struct imds_tokens *imds_tokens; // of all listeners; NULL: none was issued yet
        struct web_identity_tokens web_identity_tokens;
        struct server_sso sso;
        struct connection *connections;
        size_t connections_count;
        int64_t idle_since_ms;      // boot clock, while there is no connection
        struct exchange *exchanges; // those that are not over
        struct users users;
        struct connection *control; // of the operator, beyond what its uid may take; NULL: none
        struct user_queue ready;    // users with connections that wait for a turn
        uv_idle_t turns;            // runs while there are any, or any of these:
        struct connection_queue closing;
        struct connection *unchecked; // those from here on are not checked yet; NULL: all are
        uint64_t ends_ms;             // the turn (loop time) that `ends` is of
        unsigned ends;
        uv_timer_t sweep; // runs while there is a connection
        uv_timer_t end;   // draining, then the end of the grace period
        unsigned open;    // handles of the server and its listeners, and connections

        struct events events;

        struct log_limiter log_limiter; // peer_log.h
        uv_timer_t log_report;          // runs while lines were left out

        uint64_t checked_ms; // loop time of the last check that no returned credentials have expired

        uint64_t turn_ns;     // when the current work began: its bytes arrived
        uint64_t now_ns;      // … and when its last answer was sent
        uint8_t *read_buffer; // READ_SIZE; what was read is wiped after it

        // Scratch, one of each: filled and read by one call of a handler, wiped after it (server_wipe_scratch()).
        struct buffer head; // of an answer
        struct buffer body; // of an answer
        struct buffer text; // decoded texts of a request
        struct buffer signing;
        struct json_doc json;

        int64_t expiration_s; // of the last signature, and its text; empty: none yet
        char expiration[TIME_RFC3339_SIZE];

        bool is_closing, is_drained;
        int64_t grace_ms;
        void (*closed)(void *arg);
        void *closed_arg;
};

// A handle or connection that `open` counts has been closed.
void server_release(struct server *s);

// The last connection of a server that is shutting down has been closed.
void server_check_closed(struct server *s);

void server_wipe_scratch(struct server *s);

const struct server_profile *server_find_profile(const struct server *s, struct slice name);

#endif
