// SPDX-License-Identifier: Apache-2.0
// The table of profiles: what the server reads, and which of the profiles are those that the table in force has. It is
// built from settings alone, so any thread may do that; profile_set.c gives its members their entries.
#ifndef SIDECAR_APP_PROFILE_SET_TABLE_H
#define SIDECAR_APP_PROFILE_SET_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "sidecar/server/server.h"

struct entry;
struct profile;
struct provider;
struct settings;

// One profile.
struct profile_set_member {
        const struct profile *profile;
        struct profile_set_member *source; // that it stands on; NULL: none
        // The profile of the same name in the table in force, and whether this one is the same as that: its identity
        // is, and so are all that it stands on. NULL: there was none.
        struct profile_set_member *before;
        bool is_same;
        // It cannot be used, or what it stands on cannot: why; NULL: it can. And whether that is new.
        const char *fault, *fault_hint;
        bool is_newly_broken;
        // It is another than before, but what that holds is good for it, too: it is called for elsewhere at AWS, or
        // somebody is in the middle of an edit (see inherits() in profile_table.c).
        bool carry_over;
        // The nearest of each kind on the way to where its credentials come from; NULL: none.
        const struct profile_set_member *mfa, *login;
        struct server_profile *row; // NULL: an implied one, that nobody can ask for

        // the profile_set's
        struct entry *entry;
        struct provider *provider; // the entry's
        bool is_taken;             // another table has its entry now
        bool has_successor;        // another table has a profile of its name
        // Of a broken one that holds credentials: the profile that these are of, held. Else NULL.
        const struct profile *origin;
};

struct profile_table {
        const struct profile_table *now;     // in force when this one was made
        struct settings *settings;           // a reference
        struct profile_set_member *members;  // in the settings' order: sources before those that stand on them
        struct profile_set_member **by_name; // sorted
        struct server_profile *rows;         // sorted by name; their entries come from the profile_set
        size_t count, rows_count;
};

// Takes over a reference on `settings`, also on failure. `now` is the table in force, or NULL: it is read, and must
// stay until the new one is applied or freed. No I/O, no state but its arguments. NULL: out of memory.
struct profile_table *profile_table_new(struct profile_table *now, struct settings *settings);

// Whose credentials a member holds: its own profile's, or what that was before it broke. Borrowed; NULL where there is
// nothing to hold.
const struct profile *profile_table_origin(const struct profile_set_member *m);

// In any thread: one that was not applied, or that profile_set_apply() gave back. Its entries are not its own. NULL is
// fine.
void profile_table_free(struct profile_table *t);

#endif
