// SPDX-License-Identifier: Apache-2.0
// An access key inside the value of a secret.
#ifndef SIDECAR_PROVIDERS_SECRET_KEYS_H
#define SIDECAR_PROVIDERS_SECRET_KEYS_H

#include "sidecar/providers/answer.h"

struct profile;

// Finds the keys in a secret's value, which is a JSON object, by the names that the profile gives, else by the usual
// ones. 0 with the key, its secret and its session token (empty: none) in *ret, pointing into `scratch` (initialised by
// the caller with at least the size of `document`; it holds secrets). Or -1 with *e, which names members but never what
// is in them.
MUST_CHECK int secret_keys_read(struct slice document, const struct profile *profile, struct buffer *scratch,
                                struct answer *ret, struct error *e);

#endif
