// SPDX-License-Identifier: Apache-2.0
// The table of profiles: what the server reads, and which profiles are the same as in the table in force. It is built
// from settings alone, so any thread may do that; profile_set.c gives its members their entries.
#ifndef SIDECAR_APP_PROFILE_TABLE_H
#define SIDECAR_APP_PROFILE_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/mem/must_check.h"
#include "sidecar/server/server.h"

struct entry;
struct profile;
struct provider;
struct settings;

struct profile_member {
        const struct profile *profile;
        struct profile_member *source; // whose credentials it signs with; NULL: none
        // The profile of the same name in the table in force, and whether this one is the same as that: its identity
        // is, and so are those of all its sources. NULL: there was none.
        struct profile_member *before;
        bool is_same;
        // Why it cannot be used, or its source cannot; NULL: it can. And whether that is new.
        const char *fault, *fault_hint;
        bool is_newly_broken;
        // It is another than before, but the credentials of that are good for it, too: see carries_over().
        bool carry_over;
        // The nearest of each kind along the chain of sources; NULL: none.
        const struct profile_member *mfa, *login;
        struct server_profile *row; // NULL: an implied profile, which clients cannot ask for

        // The rest is the profile set's.
        struct entry *entry;
        struct provider *provider;    // the entry's
        struct profile_member *after; // of the same name in the table that replaced this one; NULL: none
        // Of a broken profile that holds credentials: the profile that these are of, held. Else NULL.
        const struct profile *origin;
};

struct profile_table {
        struct settings *settings;      // a reference
        struct profile_member *members; // in the settings' order: sources come first
        struct server_profile *rows;    // sorted by name; their entries come from the profile set
        size_t count, rows_count;
};

// Takes over a reference on `settings`, also on failure. `now` is the table in force, or NULL: it is read, and must
// stay until the new one is applied or freed. No I/O, no state but its arguments. NULL: out of memory.
MUST_CHECK struct profile_table *profile_table_new(const struct profile_table *now, struct settings *settings);

// Whose credentials a member holds: its own profile's, or what that was before it broke. Borrowed; NULL where there is
// nothing to hold.
const struct profile *profile_table_origin(const struct profile_member *m);

// In any thread: one that was not applied, or that profile_set_apply() gave back. NULL is fine.
void profile_table_free(struct profile_table *t);

#endif
