// SPDX-License-Identifier: Apache-2.0
// What one AWS profile says for all the calls that are made for it: as in the SDKs, the settings of the profile that is
// asked for hold for every profile that it stands on, whatever those say.
#ifndef SIDECAR_CONFIG_SHARED_COMMON_H
#define SIDECAR_CONFIG_SHARED_COMMON_H

#include "sidecar/config/shared_values.h"

#define SHARED_COMMON_SUFFIX_SIZE 9

struct shared_common {
        struct profile settings; // region, ca_bundle, time-outs, switches of endpoints, imds
        char *sts_url, *sso_url, *sso_oidc_url, *signin_url;
        char suffix[SHARED_COMMON_SUFFIX_SIZE]; // tells these settings from others
        char imds_suffix[SHARED_COMMON_SUFFIX_SIZE];
        struct error issuer_fault, imds_fault; // what is wrong with settings that not every type uses
};

// Reads the section (NULL: there is none) below what `own`, of our configuration, has already. What the environment
// says goes before the section: that is left out where it is taken from there later. 0, or -1 and the reader's error
// for what is wrong in any case.
int shared_common_read(struct resolution *r, const struct aws_section *s, const struct profile *own,
                       struct shared_common *ret);

// Fills in what *p, whose type is known, does not have. 0, or -1 and the reader's error when something is wrong with
// what its type uses.
int shared_common_apply(const struct resolution *r, const struct shared_common *c, struct profile *p);

#endif
