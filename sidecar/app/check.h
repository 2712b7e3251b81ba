// SPDX-License-Identifier: Apache-2.0
// What keyfobd --check looks at beyond the configuration itself.
#ifndef SIDECAR_APP_CHECK_H
#define SIDECAR_APP_CHECK_H

#include <stdint.h>

#include "sidecar/base/error.h"

struct settings;

// Loads each certificate with its chain and key, as a refresh will: they must belong together and be valid at `now_s`.
// 0, or -1 and *e for the first profile that would fail. The running agent does not stop for these: they are that
// profile's error alone, and gone once the files are right.
int check_identities(const struct settings *settings, int64_t now_s, struct error *e);

#endif
