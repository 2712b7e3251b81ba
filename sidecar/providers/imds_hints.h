// SPDX-License-Identifier: Apache-2.0
// What goes wrong on the way through the instance metadata service, by step, in words and with what to do.
#ifndef SIDECAR_PROVIDERS_IMDS_HINTS_H
#define SIDECAR_PROVIDERS_IMDS_HINTS_H

#include "proto/mem/slice.h"
#include "sidecar/base/error.h"

enum imds_step { IMDS_TOKEN, IMDS_ROLE, IMDS_CREDENTIALS };

const char *imds_step_name(enum imds_step step); // "PUT /latest/api/token"

// An answer with another status than 200. -1.
int imds_hints_status(enum imds_step step, int status, struct error *e);

// Credentials whose Code is not Success. -1.
int imds_hints_code(struct slice code, struct slice message, struct error *e);

// No role is attached to the instance. -1.
int imds_hints_no_role(struct error *e);

// No answer: keeps the text of *e and says what it may mean here.
void imds_hints_unreachable(enum imds_step step, struct error *e);

#endif
