// SPDX-License-Identifier: Apache-2.0
// Ends an agent that nobody has asked for a long time (--idle-exit): one that a command of its user started.
#ifndef SIDECAR_APP_IDLE_EXIT_H
#define SIDECAR_APP_IDLE_EXIT_H

#include <stdbool.h>
#include <stdint.h>

struct clock;
struct delay;
struct server;
struct uv_loop_s;
struct vault;

// Part of its owner's memory. The first part is the owner's to fill in, and stays until idle_exit_stop().
struct idle_exit {
        int64_t limit_s; // 0: never
        struct uv_loop_s *loop;
        const struct clock *clock;
        const struct server *server;
        const struct vault *vault;
        void (*end)(void *arg); // called once, from the loop, after limit_s without a connection; not while a refresh
        void *arg;              // or a login is under way
        struct delay *delay;    // its own
};

// Out of memory: the agent stays.
void idle_exit_start(struct idle_exit *i);
void idle_exit_stop(struct idle_exit *i);

// What to do after `idle_ms` (negative: not idle) of `limit_ms`: 0 to end, or the milliseconds until the next look.
int64_t idle_exit_next_ms(int64_t idle_ms, int64_t limit_ms, bool is_busy);

#endif
