// SPDX-License-Identifier: Apache-2.0
// The settings of one AWS profile for all calls that are made for it: as in the SDKs, those of the profile that is
// asked for apply to all its sources, whatever these configure.
#ifndef SIDECAR_CONFIG_SHARED_COMMON_H
#define SIDECAR_CONFIG_SHARED_COMMON_H

#include "sidecar/config/shared_values.h"

#define SHARED_COMMON_SUFFIX_SIZE 9

struct shared_common {
        struct profile settings; // region, ca_bundle, time-outs, switches of endpoints, imds
        char *own_url; // of our configuration: for each call of the chain to AWS; goes before all others. NULL: none
        char *sts_url, *sso_url, *sso_oidc_url, *signin_url;
        char suffix[SHARED_COMMON_SUFFIX_SIZE]; // a hash of these settings
        char imds_suffix[SHARED_COMMON_SUFFIX_SIZE];
        struct error issuer_fault, imds_fault; // what is wrong with settings that not every type uses
};

// Reads the section (NULL: there is none) for what `own`, of our configuration, does not have. What the environment has
// and is taken from there later is left out. 0, or -1 and the reader's error for what is wrong in any case.
MUST_CHECK int shared_common_read(struct resolution *r, const struct aws_section *s, const struct profile *own,
                                  struct shared_common *ret);

// Fills in what *p, whose type is known, does not have. 0, or -1 and the reader's error when something is wrong with
// what its type uses.
MUST_CHECK int shared_common_apply(const struct resolution *r, const struct shared_common *c, struct profile *p);

#endif
