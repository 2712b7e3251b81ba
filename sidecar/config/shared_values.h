// SPDX-License-Identifier: Apache-2.0
// Single settings of ~/.aws/config and ~/.aws/credentials, checked; errors name file and line.
#ifndef SIDECAR_CONFIG_SHARED_VALUES_H
#define SIDECAR_CONFIG_SHARED_VALUES_H

#include "sidecar/config/resolution.h"

// Sets the reader's error: "<file>:<line>: profile <name>: <text>", of the line of `at` or, without one, the section's;
// and a general hint. Returns -1.
__attribute__((format(printf, 4, 5))) int shared_fail(const struct resolution *r, const struct aws_section *s,
                                                      const struct aws_property *at, const char *format, ...);

// "<key>: found "<value>", expected <expected>" likewise. An empty value is not shown, nor one that looks like a
// secret.
int shared_refuse(const struct resolution *r, const struct aws_section *s, const struct aws_property *at,
                  struct slice value, const char *expected);

// Of a profile that no section describes; `variable` names it, or NULL. Returns -1.
int shared_fail_unknown(const struct resolution *r, const char *variable, const char *name);

// The keys that are plain texts.
enum shared_text {
        SHARED_ROLE_ARN,
        SHARED_ROLE_SESSION_NAME,
        SHARED_EXTERNAL_ID,
        SHARED_MFA_SERIAL,
        SHARED_CREDENTIAL_SOURCE,
        SHARED_CREDENTIAL_PROCESS,
        SHARED_SSO_SESSION,
        SHARED_SSO_START_URL,
        SHARED_SSO_REGION,
        SHARED_SSO_ACCOUNT_ID,
        SHARED_SSO_ROLE_NAME,
        SHARED_SSO_REGISTRATION_SCOPES,
        SHARED_LOGIN_SESSION,
        SHARED_ACCOUNT_ID,
        SHARED_REGION,
        SHARED_IMDS_ENDPOINT_MODE,
        SHARED_TEXT_COUNT
};

// Whether a section line that cannot be read was meant for this profile.
bool shared_is_odd(const struct resolution *r, const char *name);
// Where there is one that may be meant for `name` ("": any), the hint of the reader's error says where and what is
// wrong. -1.
int shared_hint_odd(const struct resolution *r, const char *name);

// Fills *field unless it has a value already or the section has none. 0, or -1 and the reader's error.
MUST_CHECK int shared_take(struct resolution *r, const struct aws_section *s, enum shared_text text, char **field);

// A whole number; *ret stays as it is when the section has none.
MUST_CHECK int shared_take_number(struct resolution *r, const struct aws_section *s, const char *key, int64_t range[2],
                                  int64_t *ret);

// "true" or "false"; likewise.
MUST_CHECK int shared_take_choice(struct resolution *r, const struct aws_section *s, const char *key, enum choice *ret);

// An endpoint: the setting `at`, whose value is or has `url`.
MUST_CHECK int shared_take_url(struct resolution *r, const struct aws_section *s, const struct aws_property *at,
                               struct slice url, char **ret);

#endif
