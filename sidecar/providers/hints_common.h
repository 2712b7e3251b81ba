// SPDX-License-Identifier: Apache-2.0
// Shared by the hints of the services; each returns true when it has set the hint.
#ifndef SIDECAR_PROVIDERS_HINTS_COMMON_H
#define SIDECAR_PROVIDERS_HINTS_COMMON_H

#include <stdbool.h>

#include "sidecar/base/error.h"

struct profile;

bool hints_common(struct error *e);
bool hints_region_disabled(const struct profile *profile, struct error *e);
bool hints_validation(struct error *e);

// Of calls that the source profile's keys sign: those are expired, unknown or wrong.
bool hints_source_keys(const struct profile *profile, struct error *e);

bool hints_code_is(const struct error *e, const char *code);
bool hints_text_has(const char *text, const char *part); // ASCII case is ignored

#endif
