// SPDX-License-Identifier: Apache-2.0
// The folder that the AWS CLI and the SDKs share for tokens of IAM Identity Center and for client registrations: names
// of its files, whole files in and out, and who renews.
#ifndef SIDECAR_PROVIDERS_SSO_CACHE_H
#define SIDECAR_PROVIDERS_SSO_CACHE_H

#include "proto/mem/buffer.h"
#include "sidecar/base/error.h"

struct profile;

// Path of the file whose name is the SHA-1 of `key`. 0 and *ret, which the caller frees; or -1 with *e: no home, out
// of memory.
int sso_cache_path(const struct profile *p, struct slice key, char **ret, struct error *e);

// What the token of a profile is kept under: the name of the session, or the start URL of a legacy profile.
const char *sso_cache_token_key(const struct profile *p);

// The file, whole. 0 with an empty *ret when there is none; -1 with *e: it cannot be read.
int sso_cache_read(const char *path, struct buffer *ret, struct error *e);

// Writes it in one step (a file beside it, then a rename), mode 0600; makes the folder where there is none. 0, or -1
// with *e.
int sso_cache_write(const char *path, struct slice bytes, struct error *e);

// Makes this the only one of the agents' providers and processes that renews the token in that file. A descriptor, to
// be closed when that is over; or -EWOULDBLOCK: somebody else does it; or another -errno: it cannot be arranged.
int sso_cache_lock(const char *path);

#endif
