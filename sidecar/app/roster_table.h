// SPDX-License-Identifier: Apache-2.0
// The table of profiles: what the server reads, and which of the profiles are those that the table in force has. It is
// built from settings alone, so any thread may do that; roster.c gives its members their entries.
#ifndef SIDECAR_APP_ROSTER_TABLE_H
#define SIDECAR_APP_ROSTER_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "sidecar/server/server.h"

struct entry;
struct profile;
struct provider;
struct settings;
struct settings_ref;

// A profile of settings that may not be in force any more.
struct roster_origin {
        struct settings_ref *ref; // NULL: none
        const struct profile *profile;
};

// One profile.
struct roster_member {
        const struct profile *profile;
        struct roster_member *source; // that it stands on; NULL: none
        // The profile of the same name in the table in force, and whether this one is the same as that: its identity
        // is, and so are all that it stands on. NULL: there was none.
        struct roster_member *before;
        bool is_same;
        // It cannot be used, or what it stands on cannot: why; NULL: it can. And whether that is new.
        const char *fault, *fault_hint;
        bool is_newly_broken;
        // It is another than before, but what that holds is good for it, too: it is called for elsewhere at AWS, or
        // somebody is in the middle of an edit (see inherits() in roster_table.c).
        bool inherits;
        // The nearest of each kind on the way to where its credentials come from; NULL: none.
        const struct roster_member *mfa, *login;
        struct server_profile *row; // NULL: an implied one, that nobody can ask for

        // the roster's
        struct entry *entry;
        struct provider *provider; // the entry's
        bool is_taken;             // another table has its entry now
        bool has_successor;        // another table has a profile of its name
        // Of a broken one that holds credentials: the profile that these are of, with a reference on its settings.
        struct roster_origin origin;
};

struct roster_table {
        const struct roster_table *now; // in force when this one was made
        struct settings_ref *ref;
        struct roster_member *members;  // in the settings' order: sources before those that stand on them
        struct roster_member **by_name; // sorted
        struct server_profile *rows;    // sorted by name; their entries come from the roster
        size_t count, rows_count;
};

// Takes over `settings`, also on failure. `now` is the table in force, or NULL: it is read, and must stay until the new
// one is applied or freed. No I/O, no state but its arguments. NULL: out of memory.
struct roster_table *roster_table_new(struct roster_table *now, struct settings *settings);

// Whose credentials a member of it holds: its own profile's, or what that was before it broke. Borrowed; none where
// there is nothing to hold.
struct roster_origin roster_table_origin(const struct roster_table *t, const struct roster_member *m);

// In any thread: one that was not applied, or that roster_apply() gave back. Its entries are not its own. NULL is fine.
void roster_table_free(struct roster_table *t);

// For the roster. Providers that still borrow from its settings have these for themselves from now on.
void roster_table_let_go(struct roster_table *t);

const struct settings *roster_table_settings(const struct roster_table *t); // borrowed

#endif
