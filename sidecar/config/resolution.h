// SPDX-License-Identifier: Apache-2.0
// What profiles that stand in somebody else's files and variables become: the work at hand, the files once they were
// needed, and the profiles that were made for others to stand on. Those are shared: one for all that need the same.
#ifndef SIDECAR_CONFIG_RESOLUTION_H
#define SIDECAR_CONFIG_RESOLUTION_H

#include "sidecar/config/profile.h"
#include "sidecar/config/reader.h"
#include "sidecar/config/shared_files.h"

#define RESOLUTION_LINKS_MAX 16

struct implied {
        struct profile profile;
        size_t owner; // index of the profile that it was first made for
};

struct resolution {
        const struct reader *reader;
        struct shared_files files; // once has_files
        bool has_files;
        struct implied *implied; // malloc'ed
        size_t implied_count, implied_capacity;
        void *names; // of them: a tree
        // Of the profile that is being resolved:
        size_t owner; // index of the profile that is being resolved
        bool on_demand;
        struct chain_link links[RESOLUTION_LINKS_MAX];
        size_t links_count;
};

// Zeroed but for the reader; free it in any case.
void resolution_free(struct resolution *r);

// Reads the files, once.
int resolution_need_files(struct resolution *r);

// Whether a profile of that name was made already; if so, it is refreshed ahead of time for whoever is.
bool resolution_reuse(struct resolution *r, const char *name);

// Adds *p, whose name no other has.
int resolution_add(struct resolution *r, const struct profile *p);

// Adds a link to the chain of the profile at hand.
__attribute__((format(printf, 3, 4))) int resolution_link(struct resolution *r, const char *name, const char *format,
                                                          ...);

// Makes the links that were added *p's.
int resolution_keep_links(struct resolution *r, struct profile *p);

#endif
