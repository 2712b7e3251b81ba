// SPDX-License-Identifier: Apache-2.0
// Which profile has which entry of the vault: built from the settings at start, and anew at every reload. A profile
// whose identity is unchanged keeps its entry and so its credentials. One that has moved to another of AWS's endpoints,
// has been broken or mended gets a new entry, to which the credentials are carried over.
#ifndef SIDECAR_APP_PROFILE_SET_H
#define SIDECAR_APP_PROFILE_SET_H

#include "proto/mem/must_check.h"
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

MUST_CHECK struct profile_set *profile_set_new(const struct profile_set_deps *deps);

// The table in force, which the next one is made from. NULL: none yet.
struct profile_table *profile_set_now(const struct profile_set *set);

// Puts a table in force that was made from the present one: makes what is new, keeps what is the same, retires the
// rest, gives the server its new rows and, after the first time, reports a reload to its clients. 0, and *ret_before is
// the table that was in force before (NULL: none), which the caller frees. Or -1 with *e: the profiles in force stay as
// they are, and the caller frees `table`.
MUST_CHECK int profile_set_apply(struct profile_set *set, struct profile_table *table,
                                 struct profile_table **ret_before, struct error *e);

// After the vault and the server are closed.
void profile_set_free(struct profile_set *set);

#endif
