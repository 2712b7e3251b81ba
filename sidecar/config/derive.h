// SPDX-License-Identifier: Apache-2.0
// Completes a profile: regions, endpoint, CA bundle and session name that it does not configure itself come from the
// top level, from its source, from the environment or from AWS's rules.
#ifndef SIDECAR_CONFIG_DERIVE_H
#define SIDECAR_CONFIG_DERIVE_H

#include "sidecar/config/endpoints.h"
#include "sidecar/config/profile.h"
#include "sidecar/config/reader.h"

struct derivation {
        struct reader *reader;
        char *region;        // of the top level, or NULL
        char *env_region;    // AWS_REGION or AWS_DEFAULT_REGION, kept by derive_begin()
        char *env_ca_bundle; // AWS_CA_BUNDLE, checked at its first use
};

// Fills in the rest of *d, whose reader and region are set.
MUST_CHECK int derive_begin(struct derivation *d);

// Completes *p. `source` is complete, or NULL for a profile without one; `node` is the profile's object, for messages.
MUST_CHECK int derive_profile(struct derivation *d, size_t node, struct profile *p, const struct profile *source);

// Refuses what endpoints_is_fips_name(). `key` is where the region is configured; NULL for the region is fine.
MUST_CHECK int derive_check_region(const struct reader *r, size_t node, const char *key, const char *region);

// The endpoint of one service that *p is issued by: its own, AWS_ENDPOINT_URL_<SERVICE>, AWS_ENDPOINT_URL, that of a
// shared file, else by AWS's rules with FIPS and dual-stack as *p or the environment ask for.
struct derive_endpoint {
        enum endpoints_service service;
        const char *region_key; // for messages: "sts_region"
        char **region;          // in: as configured, NULL for AWS Sign-In alone; out: the real one, which requests are
                                // signed for
        const char *shared_url; // of a shared file, or NULL
        char **url;             // in: the profile's own, or NULL; out: the base URL without a slash at its end
};
// How it was found, which the rules also need for the endpoint of a region that is not known yet: its URL is NULL
// unless it is configured.
struct derive_choice {
        bool is_custom;
        unsigned variant;
        unsigned partition; // of the region whose endpoint it is by AWS's rules; 0: there is no such endpoint
};
MUST_CHECK int derive_endpoint(const struct reader *r, size_t node, const struct profile *p,
                               const struct derive_endpoint *of, struct derive_choice *ret);

// The STS that is called with the credentials of *p, whose own endpoint is complete. What is wrong with it is no error:
// most profiles never need it. 0, or -1: out of memory.
MUST_CHECK int derive_sts(const struct reader *r, struct profile *p);

// Of one type each, called by derive_profile(): what else follows from the environment, see there.
MUST_CHECK int derive_container(const struct reader *r, size_t node, struct profile *p);
MUST_CHECK int derive_imds(const struct reader *r, size_t node, struct profile *p);
MUST_CHECK int derive_sso(const struct reader *r, size_t node, struct profile *p);
MUST_CHECK int derive_login(const struct reader *r, size_t node, struct profile *p);
MUST_CHECK int derive_github_actions(const struct reader *r, size_t node, struct profile *p);

#endif
