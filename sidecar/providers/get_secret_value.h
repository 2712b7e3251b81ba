// SPDX-License-Identifier: Apache-2.0
// Body and answer of AWS Secrets Manager's GetSecretValue (JSON 1.1).
#ifndef SIDECAR_PROVIDERS_GET_SECRET_VALUE_H
#define SIDECAR_PROVIDERS_GET_SECRET_VALUE_H

#include "sidecar/providers/answer.h"

struct profile;

// Appends the body. 0, or -1 with *e when the buffer is full.
MUST_CHECK int get_secret_value_body(const struct profile *profile, struct buffer *out, struct error *e);

// Reads the value (text, or binary that is decoded) into ret->document, or an error; as answer_read_json().
MUST_CHECK int get_secret_value_read(struct slice body, struct buffer *scratch, struct answer *ret, struct error *e);

#endif
