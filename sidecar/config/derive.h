// SPDX-License-Identifier: Apache-2.0
// What a profile does not say itself: regions, endpoint, CA bundle, session name, from the top level, from its source,
// from the environment, from AWS's rules.
#ifndef SIDECAR_CONFIG_DERIVE_H
#define SIDECAR_CONFIG_DERIVE_H

#include "sidecar/config/endpoints.h"
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

// Refuses "fips-us-east-1" and "us-east-1-fips": no regions, but older tools' way to ask for another endpoint. `key` is
// where the region stands; NULL for the region is fine.
int derive_check_region(struct derivation *d, size_t node, const char *key, const char *region);

// The endpoint of one service that *p is issued by: its own, AWS_ENDPOINT_URL_<SERVICE>, AWS_ENDPOINT_URL, that of a
// shared file, else by AWS's rules with FIPS and dual-stack as *p or the environment wish.
struct derive_choice {
        bool is_custom;
        unsigned variant;
        unsigned partition; // of the region whose endpoint it is by AWS's rules; 0: there is no such endpoint
};
struct derive_endpoint {
        enum endpoints_service service;
        const char *region_key; // for messages: "sts_region"
        char **region;          // in: as configured; out: the real one, which requests are signed for. May be NULL
                                // where `choice` is there
        const char *shared_url; // what a shared file says, or NULL
        char **url;             // in: the profile's own, or NULL; out: the base URL without a slash at its end
        // Out, unless NULL: how that came about, which is also what else the rules need for the endpoint of a region
        // that is not known yet. *url is NULL then, unless somebody has chosen it.
        struct derive_choice *choice;
};
int derive_endpoint(struct derivation *d, size_t node, const struct profile *p, const struct derive_endpoint *of);

// Of one type each, called by derive_profile(): what else follows from the environment, see there.
int derive_container(struct derivation *d, size_t node, struct profile *p);
int derive_imds(struct derivation *d, size_t node, struct profile *p);
int derive_sso(struct derivation *d, size_t node, struct profile *p);
int derive_login(struct derivation *d, size_t node, struct profile *p);
int derive_github_actions(struct derivation *d, size_t node, struct profile *p);

#endif
