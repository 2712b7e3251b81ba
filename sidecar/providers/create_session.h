// SPDX-License-Identifier: Apache-2.0
// Body and answer of IAM Roles Anywhere's CreateSession (JSON).
#ifndef SIDECAR_PROVIDERS_CREATE_SESSION_H
#define SIDECAR_PROVIDERS_CREATE_SESSION_H

#include "sidecar/providers/answer.h"

struct profile;

// Appends the body: all parameters are in it, none in the query, where the service's rule for "=" is unclear. The
// duration and the session name only when they are configured: a duration would cap a longer one of the Roles Anywhere
// profile, and a name is refused unless that profile accepts names. 0, or -1 with *e when the buffer is full.
MUST_CHECK int create_session_body(const struct profile *profile, struct buffer *out, struct error *e);

// Reads a session or an error from `body`; as answer_read_json().
MUST_CHECK int create_session_read(struct slice body, struct buffer *scratch, struct answer *ret, struct error *e);

#endif
