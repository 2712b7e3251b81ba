// SPDX-License-Identifier: Apache-2.0
// Fair scheduling of connections. One turn of the loop does a limited amount of work for each connection, and for all
// connections of a user together. The rest waits in a queue for the next turns: users take turns, and within a user its
// connections. A turn also ends no more than some connections, and checks the deadlines of no more than some: thousands
// of peers may hang up at once.
#ifndef SIDECAR_SERVER_TURNS_H
#define SIDECAR_SERVER_TURNS_H

#include <stdbool.h>

#include "sidecar/server/user.h"

struct connection;
struct server;

TAILQ_HEAD(user_queue, user);
TAILQ_HEAD(connection_queue, connection);

void turns_init(struct server *s);
void turns_close(struct server *s);

// Queues `c`: connection_take_turn() is called in a later turn. Does nothing if it is queued already.
void turns_queue(struct connection *c);
void turns_unqueue(struct connection *c);

// Begin and end a piece of work for `c`, with the kernel's part of it. The end charges its duration to the user, if `c`
// still has one. `is_measured`: server->now_ns, the time of its last answer, is near enough to the end.
void turns_begin(struct server *s);
void turns_end(struct connection *c, bool is_measured);

// Whether `c` has used up its share since turns_begin(), with `requests` handled.
bool turns_is_over(const struct connection *c, unsigned requests);

// Whether all connections of its user together have used up theirs in this turn of the loop.
bool turns_has_user_spent(const struct connection *c);

// Calls connection_end() for `c`, which is being closed: at once, or in a later turn if enough have ended in this one.
void turns_end_connection(struct connection *c);

// Calls connection_check() for all connections, some in each turn. Begins again if the last round is not over.
void turns_check_all(struct server *s);

#endif
