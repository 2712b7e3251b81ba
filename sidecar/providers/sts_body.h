// SPDX-License-Identifier: Apache-2.0
// Bodies of requests to AWS STS (API version 2011-06-15, query protocol).
#ifndef SIDECAR_PROVIDERS_STS_BODY_H
#define SIDECAR_PROVIDERS_STS_BODY_H

#include "proto/mem/buffer.h"
#include "proto/mem/must_check.h"
#include "sidecar/base/error.h"

struct role_settings;
struct web_identity_request;

#define STS_CONTENT_TYPE "application/x-www-form-urlencoded; charset=utf-8"

// Append the body with every parameter that the settings hold. 0, or -1 with *e when the buffer is full.
MUST_CHECK int sts_body_assume_role(const struct role_settings *role, struct buffer *out, struct error *e);
// After it: the code of the MFA device.
MUST_CHECK int sts_body_mfa(const struct role_settings *role, struct slice token_code, struct buffer *out,
                            struct error *e);
MUST_CHECK int sts_body_web_identity(const struct role_settings *role, struct slice token, struct buffer *out,
                                     struct error *e);
MUST_CHECK int sts_body_get_web_identity_token(const struct web_identity_request *request, struct buffer *out,
                                               struct error *e);

#endif
