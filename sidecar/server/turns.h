// SPDX-License-Identifier: Apache-2.0
// Whose turn it is. In one turn of the loop a connection handles only so much, and so do all of one user; what is left
// waits in a queue that the loop comes to once a turn: one connection after the other, of one user after the other.
#ifndef SIDECAR_SERVER_TURNS_H
#define SIDECAR_SERVER_TURNS_H

#include <stdbool.h>

#include "sidecar/server/user.h"

struct connection;
struct server;

TAILQ_HEAD(user_queue, user);

void turns_init(struct server *s);
void turns_close(struct server *s);

// connection_take_turn() is called in a later turn. Nothing happens when it waits for that already.
void turns_queue(struct connection *c);
void turns_unqueue(struct connection *c);

// A piece of work for `c` begins: now, or in the same turn of the loop where the one before it ended. After it, what it
// took is charged to its user. `is_measured`: server->now_ns is when its last answer was given, and that is near
// enough.
void turns_begin(struct server *s);
void turns_end(struct connection *c, bool is_measured);

// Whether `c` has handled enough since turns_begin(), `requests` of them.
bool turns_is_over(const struct connection *c, unsigned requests);

// Whether all connections of its user have, in this turn of the loop.
bool turns_has_user_spent(const struct connection *c);

#endif
