// SPDX-License-Identifier: Apache-2.0
// Which profile stands behind which entry of the vault: built from the settings at start, and anew at every reload, at
// which profiles whose identity is unchanged keep their entry and so their credentials. One that is called for
// elsewhere at AWS, one that is broken now and one that is mended get a new entry, which inherits the credentials.
#ifndef SIDECAR_APP_ROSTER_H
#define SIDECAR_APP_ROSTER_H

#include "sidecar/base/error.h"
#include "sidecar/providers/registry.h"

struct roster;
struct roster_table;
struct server;
struct vault;

struct roster_deps {
        struct vault *vault;
        struct server *server;
        struct provider_deps providers;
};

struct roster *roster_new(const struct roster_deps *deps);

// Which table is in force: what the next one is made from. NULL: none yet.
struct roster_table *roster_now(const struct roster *r);

// Puts a table in force that was made from the present one: makes what is new, keeps what is the same, retires the
// rest, and gives the server its new rows. 0, and *ret_before is the table that was in force before (NULL: none), which
// is the caller's to free. Or -1 with *e: the profiles in force stay as they are, and `table` is the caller's to free.
int roster_apply(struct roster *r, struct roster_table *table, struct roster_table **ret_before, struct error *e);

// After the vault and the server are closed.
void roster_free(struct roster *r);

#endif
