// SPDX-License-Identifier: Apache-2.0
// One AWS profile as a source of credentials: which of its settings apply, in which order, and its own source.
#ifndef SIDECAR_CONFIG_SHARED_PROFILE_H
#define SIDECAR_CONFIG_SHARED_PROFILE_H

#include "sidecar/config/plan.h"
#include "sidecar/config/shared_common.h"

// In botocore's order.
enum shared_link {
        SHARED_ASSUME_ROLE,
        SHARED_WEB_IDENTITY,
        SHARED_SSO,
        SHARED_CREDENTIALS_FILE,
        SHARED_LOGIN,
        SHARED_PROCESS,
        SHARED_CONFIG_FILE,
        SHARED_LINK_COUNT
};

// From the profile that is asked for to the one at hand.
struct shared_walk {
        struct resolution *r;
        const struct shared_common *common;
        bool takes_env; // AWS_WEB_IDENTITY_TOKEN_FILE, AWS_ROLE_ARN and AWS_ROLE_SESSION_NAME go before the first's own
        const char *names[PLAN_CHAIN_MAX];
        size_t depth;
};

const char *shared_link_name(enum shared_link link); // "assume_role"
const char *shared_link_key(enum shared_link link);  // what makes it answer: "role_arn"

// Makes *p what the link finds in the section (NULL: there is none), and adds its source to the draft.
// 1; 0 when the link does not apply; -1 and the reader's error when it does and is broken.
MUST_CHECK int shared_profile_try(struct shared_walk *w, enum shared_link link, const struct aws_section *s,
                                  struct profile *p);

// The same over all links: one of them must apply.
MUST_CHECK int shared_profile_resolve(struct shared_walk *w, const struct aws_section *s, struct profile *p,
                                      enum shared_link *ret);

// Adds the link that answered to the chain of the profile at hand, with file and line.
MUST_CHECK int shared_profile_report(struct resolution *r, enum shared_link link, const struct aws_section *s,
                                     const struct profile *p);

// Gives *p, of type assume_role, the source that its credential_source names. `common` may be NULL.
MUST_CHECK int shared_profile_use_source(struct resolution *r, const struct shared_common *common, struct profile *p);

// Fills in the settings of an [sso-session].
MUST_CHECK int shared_profile_use_session(struct resolution *r, const struct aws_section *session, struct profile *p);

#endif
