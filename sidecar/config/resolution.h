// SPDX-License-Identifier: Apache-2.0
// The state of resolving: the AWS files once they were needed, and the implied profiles, which were made as sources for
// others. These are shared by all profiles that need the same.
#ifndef SIDECAR_CONFIG_RESOLUTION_H
#define SIDECAR_CONFIG_RESOLUTION_H

#include "sidecar/config/draft.h"
#include "sidecar/config/shared_files.h"

#define RESOLUTION_LINKS_MAX 16

struct resolution {
        struct draft *draft;
        const struct reader *reader; // the draft's
        struct shared_files files;   // once has_files
        bool has_files;
        void *names; // of the implied profiles: a tree
        // Of the profile that is being resolved:
        size_t owner; // its index
        bool on_demand;
        struct chain_link links[RESOLUTION_LINKS_MAX];
        size_t links_count;
};

// Zeroed but for the draft and the reader; free it in any case.
void resolution_free(struct resolution *r);

// Reads the files, once.
MUST_CHECK int resolution_need_files(struct resolution *r);

// Whether a section of the config file is a profile but for the word "profile".
bool resolution_is_forgotten(const struct resolution *r, const struct aws_section *s);

// Whether an implied profile of that name was made already. If so, it is not on demand where the profile at hand is
// not.
bool resolution_reuse(struct resolution *r, const char *name);

// Adds *p, whose name no other has, to the draft.
MUST_CHECK int resolution_add(struct resolution *r, const struct profile *p);

// Adds a link to the chain of the profile at hand.
MUST_CHECK __attribute__((format(printf, 3, 4))) int resolution_link(struct resolution *r, const char *name,
                                                                     const char *format, ...);

// Makes the links that were added *p's.
MUST_CHECK int resolution_keep_links(struct resolution *r, struct profile *p);

#endif
