// SPDX-License-Identifier: Apache-2.0
// Which profile stands behind which entry of the vault: built from the settings at start, and anew at every reload, at
// which profiles whose identity is unchanged keep their entry and so their credentials. One that is called for
// elsewhere at AWS, one that is broken now and one that is mended get a new entry, which inherits the credentials.
#ifndef SIDECAR_APP_PROFILE_SET_H
#define SIDECAR_APP_PROFILE_SET_H

#include "sidecar/base/error.h"
#include "sidecar/providers/registry.h"

struct profile_set;
struct profile_table;
struct server;
struct vault;

struct profile_set_deps {
        struct vault *vault;
        struct server *server;
        struct provider_deps providers;
};

struct profile_set *profile_set_new(const struct profile_set_deps *deps);

// Which table is in force: what the next one is made from. NULL: none yet.
struct profile_table *profile_set_now(const struct profile_set *r);

// Puts a table in force that was made from the present one: makes what is new, keeps what is the same, retires the
// rest, and gives the server its new rows. 0, and *ret_before is the table that was in force before (NULL: none), which
// is the caller's to free. Or -1 with *e: the profiles in force stay as they are, and `table` is the caller's to free.
int profile_set_apply(struct profile_set *r, struct profile_table *table, struct profile_table **ret_before,
                      struct error *e);

// After the vault and the server are closed.
void profile_set_free(struct profile_set *r);

#endif
