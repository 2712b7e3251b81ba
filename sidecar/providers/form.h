// SPDX-License-Identifier: Apache-2.0
// Form encoding (application/x-www-form-urlencoded) of the parameters of an AWS query request. Failure is the
// buffer's sticky one.
#ifndef SIDECAR_PROVIDERS_FORM_H
#define SIDECAR_PROVIDERS_FORM_H

#include "proto/mem/buffer.h"

// Appends "name=value", after "&" unless it is the first. `name` is written as it is.
void form_put(struct buffer *out, const char *name, struct slice value);
void form_put_i64(struct buffer *out, const char *name, int64_t value);

// The same, but nothing for a NULL or empty value: AWS wants a parameter left out rather than empty.
void form_put_optional(struct buffer *out, const char *name, const char *value);

// Appends "list.member.N<suffix>=value", N from 1.
void form_put_member(struct buffer *out, const char *list, size_t number, const char *suffix, struct slice value);

#endif
