// SPDX-License-Identifier: Apache-2.0
// Settings in the making: what the file or the environment said, before order, derived values and cross-checks.
#ifndef SIDECAR_CONFIG_DRAFT_H
#define SIDECAR_CONFIG_DRAFT_H

#include "sidecar/config/plan.h"
#include "sidecar/config/reader.h"
#include "sidecar/config/settings.h"

// What settings_free() releases. The settings come first, so that a pointer to them is one to this.
struct settings_store {
        struct settings settings;
        struct arena strings, secrets;
        struct plan_name *by_name; // of settings.profiles, sorted
};

// NULL when memory ran out.
struct settings_store *settings_store_new(void);

struct draft {
        struct reader *reader;
        struct settings_store *store;
        const struct env *env;
        const char *socket_path; // --socket, or NULL
        const char *host_name;
        const char *working_directory;
        struct profile *profiles; // in the order of the file; what they point to is the store's
        size_t *nodes;            // of each in the document; NULL in zero configuration
        size_t count;
        bool is_zero; // zero configuration: the profiles of the AWS files belong to it
        // A profile that cannot be used is kept with a fault: somebody else wrote it, and others may be good.
        bool keeps_faults;
};

// Makes concrete, orders, completes and checks; then the store's settings are whole. 0, or -1 with reader->e.
int draft_finish(struct draft *d);

#endif
