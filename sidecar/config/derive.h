// SPDX-License-Identifier: Apache-2.0
// What a profile does not say itself: regions, endpoint, CA bundle, session name, from the top level, from its source,
// from the environment, from AWS's rules.
#ifndef SIDECAR_CONFIG_DERIVE_H
#define SIDECAR_CONFIG_DERIVE_H

#include "sidecar/config/profile.h"
#include "sidecar/config/reader.h"

struct env;

struct derivation {
        struct reader *reader;
        const struct env *env;
        const char *host_name;
        const char *working_directory; // paths in the environment are relative to it
        char *region;                  // of the top level, or NULL
        char *env_region;              // AWS_REGION or AWS_DEFAULT_REGION, kept by derive_begin()
        char *env_ca_bundle;           // AWS_CA_BUNDLE, checked at its first use
};

// Fills in the rest of *d, whose reader, env, host_name, working_directory and region are set.
int derive_begin(struct derivation *d);

// Completes *p. `source` is complete, or NULL for a profile without one; `node` is the profile's object, for messages.
int derive_profile(struct derivation *d, size_t node, struct profile *p, const struct profile *source);

// Of one type each, called by derive_profile(): what else follows from the environment, see there.
int derive_container(struct derivation *d, size_t node, struct profile *p);
int derive_imds(struct derivation *d, size_t node, struct profile *p);
int derive_sso(struct derivation *d, size_t node, struct profile *p);
int derive_github_actions(struct derivation *d, size_t node, struct profile *p);

#endif
