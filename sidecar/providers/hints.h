// SPDX-License-Identifier: Apache-2.0
// What a person can do about an error that AWS answered with, by its code and by what was sent. Each sets e->hint, or
// leaves it as it is where there is nothing to say beyond the kind.
#ifndef SIDECAR_PROVIDERS_HINTS_H
#define SIDECAR_PROVIDERS_HINTS_H

#include "proto/mem/slice.h"
#include "sidecar/base/error.h"

struct profile;

void hints_assume_role(const struct profile *profile, struct error *e);

// `token`: the web identity token that was sent; its claims are told, unverified, never the token.
void hints_web_identity(const struct profile *profile, struct slice token, struct error *e);

void hints_get_secret_value(const struct profile *profile, struct error *e);

// `subject`, `serial`: of the certificate.
void hints_create_session(const struct profile *profile, const char *subject, const char *serial, struct error *e);

#endif
