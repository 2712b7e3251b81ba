// SPDX-License-Identifier: Apache-2.0
// Settings in the making: the profiles that the file and the AWS files describe, before they are sorted, completed and
// checked.
#ifndef SIDECAR_CONFIG_DRAFT_H
#define SIDECAR_CONFIG_DRAFT_H

#include "sidecar/config/plan.h"
#include "sidecar/config/reader.h"
#include "sidecar/config/settings.h"

// What settings_release() releases. The settings come first, so that a pointer to them is one to this.
struct settings_store {
        struct settings settings;
        struct arena strings, secrets;
};

struct origin {
        const struct reader_place *place; // the file
        size_t node;                      // its object there
        bool is_bad;                      // it has faults: what else there is to say of it may follow from these
};

struct draft {
        struct reader *reader;
        struct settings_store *store;
        const char *socket_path;  // --socket, or NULL
        struct profile *profiles; // in the order of the file; the store owns what they point to
        struct origin *origins;   // where each is configured
        size_t count, capacity;
        struct reader_place main;         // the configuration file; without one, the environment
        const struct reader_place *place; // the file that is being read
        size_t include;                   // the value of "include" in the main file, or JSON_NONE
        bool is_zero;                     // zero configuration: the profiles of the AWS files belong to it
        // A profile that cannot be used is kept with a fault: the others may be good.
        bool keeps_faults;
};

// Appends a zeroed profile. It may move when another is added. NULL: out of memory, which is the reader's error.
MUST_CHECK struct profile *draft_add(struct draft *d, struct origin origin);

// Reads the value of "profiles" of the file at `place`, which the reader is at, into the draft (the record).
key_read_fn draft_read_profiles;

// Makes messages those of the file that configures this profile, whose node there is returned.
size_t draft_turn_to(struct draft *d, size_t index);

// The reader's error is about this profile, and others may have faults, too. 0, or -1: see reader_go_on().
MUST_CHECK int draft_go_on(struct draft *d, size_t index);

// Makes the reader's error the fault of *p, which keeps its name and what it was declared as. -1 when that error is not
// about the configuration.
MUST_CHECK int draft_keep_fault(const struct draft *d, struct profile *p);

// Sorts, completes and checks the profiles, which are concrete; then the store's settings are whole. 0, or -1 with
// reader->e.
MUST_CHECK int draft_finish(struct draft *d);

// Releases all but the store.
void draft_free(struct draft *d);

#endif
