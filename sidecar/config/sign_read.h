// SPDX-License-Identifier: Apache-2.0
// "sign" of a profile and of a rule of its "allow".
#ifndef SIDECAR_CONFIG_SIGN_READ_H
#define SIDECAR_CONFIG_SIGN_READ_H

#include "sidecar/base/sign_limits.h"
#include "sidecar/config/reader.h"

// Reads the object `value` into *limits, which is empty. 0, or -1 with r->e.
MUST_CHECK int sign_read(struct reader *r, size_t value, struct sign_limits *limits);

#endif
