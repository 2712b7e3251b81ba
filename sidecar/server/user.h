// SPDX-License-Identifier: Apache-2.0
// Charges the resources that peers use to their uid, in pools that all uids share. One rule for all pools: a uid may
// use no more than what remains free after that. So a single uid gets at most half, and there is always something left
// for another. The model is src/util/user.h of dbus-broker.
#ifndef SIDECAR_SERVER_USER_H
#define SIDECAR_SERVER_USER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>

#include "proto/mem/must_check.h"

enum user_pool {
        USER_CONNECTIONS,
        USER_WAITS,  // requests that wait for credentials
        USER_INPUT,  // bytes: bodies that are being collected, requests that are not parsed yet
        USER_OUTPUT, // bytes of answers that the peer does not read
        USER_POOL_COUNT
};

struct connection;

struct user {
        struct user *next;
        uid_t uid;
        size_t accounts; // it lives as long as it has any
        size_t used[USER_POOL_COUNT];

        // Turns of the loop (turns.h).
        TAILQ_HEAD(, connection) ready;
        TAILQ_ENTRY(user) ready_users; // while `ready` is not empty
        uint64_t turn_ms;              // the turn (loop time) that spent_ns is of
        uint64_t spent_ns;
};

struct users {
        struct user *first;
        size_t used[USER_POOL_COUNT], max[USER_POOL_COUNT];
};

// `connections_max`: at most LIMIT_CONNECTIONS_N, which 0 stands for.
void users_init(struct users *users, size_t connections_max);

// What one connection has charged to its user.
struct account {
        struct users *users;
        struct user *user;
        size_t held[USER_POOL_COUNT];
};

// 0, or -1: out of memory.
MUST_CHECK int account_open(struct account *a, struct users *users, uid_t uid);

// Sets its charge in a pool to `n`. False: over the user's limit, and nothing has changed.
MUST_CHECK bool account_set(struct account *a, enum user_pool pool, size_t n);

// The same for a smaller `n`, which always succeeds.
void account_lower(struct account *a, enum user_pool pool, size_t n);

// Releases all its charges. Does nothing if it is not open.
void account_close(struct account *a);

#endif
