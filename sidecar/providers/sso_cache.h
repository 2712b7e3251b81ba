// SPDX-License-Identifier: Apache-2.0
// The files in the folder that the AWS CLI and the SDKs share for tokens of IAM Identity Center and for client
// registrations.
#ifndef SIDECAR_PROVIDERS_SSO_CACHE_H
#define SIDECAR_PROVIDERS_SSO_CACHE_H

#include "proto/mem/must_check.h"
#include "proto/mem/slice.h"
#include "sidecar/base/error.h"

struct profile;

#define SSO_CACHE_WHAT "IAM Identity Center cache file" // for messages

// Path of the file whose name is the SHA-1 of `key`. 0 and *ret, which the caller frees; or -1 with *e: no home, out
// of memory.
MUST_CHECK int sso_cache_path(const struct profile *p, struct slice key, char **ret, struct error *e);

// The key of a profile's token: the name of the session, or the start URL of a profile without one.
const char *sso_cache_token_key(const struct profile *p);

// Writes the file of the profile's token. 0, or -1 with *e.
MUST_CHECK int sso_cache_write_token(const struct profile *p, struct slice text, struct error *e);

#endif
