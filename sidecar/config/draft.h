// SPDX-License-Identifier: Apache-2.0
// Settings in the making: what the file or the environment said, before order, derived values and cross-checks.
#ifndef SIDECAR_CONFIG_DRAFT_H
#define SIDECAR_CONFIG_DRAFT_H

#include "sidecar/config/plan.h"
#include "sidecar/config/reader.h"
#include "sidecar/config/settings.h"

// What settings_release() releases. The settings come first, so that a pointer to them is one to this.
struct settings_store {
        struct settings settings;
        struct arena strings, secrets;
        struct plan_name *by_name; // of settings.profiles, sorted
};

// NULL when memory ran out.
struct settings_store *settings_store_new(void);

struct included;

struct origin {
        const struct reader_place *place; // the file
        size_t node;                      // its object there
};

struct draft {
        struct reader *reader;
        struct settings_store *store;
        const struct env *env;
        const char *socket_path; // --socket, or NULL
        const char *host_name;
        const char *working_directory;
        struct profile *profiles; // in the order of the file; what they point to is the store's
        struct origin *origins;   // where each is configured; NULL in zero configuration
        size_t count, capacity;
        struct reader_place main;         // the configuration file
        const struct reader_place *place; // the file that is being read
        size_t include;                   // the value of "include" in the main file, or JSON_NONE
        struct included *included;        // what it brought; owned
        bool is_zero;                     // zero configuration: the profiles of the AWS files belong to it
        // A profile that cannot be used is kept with a fault: somebody else wrote it, and others may be good.
        bool keeps_faults;
};

// Reads the value of "profiles" of the file at `place`, which the reader is at, into the draft (the record).
key_read_fn draft_read_profiles;

// Makes messages those of the file that configures this profile, whose node there is returned.
size_t draft_turn_to(struct draft *d, size_t index);

// Makes concrete, orders, completes and checks; then the store's settings are whole. 0, or -1 with reader->e.
int draft_finish(struct draft *d);

// Releases all but the store.
void draft_free(struct draft *d);

#endif
