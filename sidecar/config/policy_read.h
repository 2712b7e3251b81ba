// SPDX-License-Identifier: Apache-2.0
// The key `policy`: a session policy, as an object (its source text is sent) or as a string that holds one.
#ifndef SIDECAR_CONFIG_POLICY_READ_H
#define SIDECAR_CONFIG_POLICY_READ_H

#include "sidecar/config/reader.h"

key_read_fn policy_read;

// Whether `text` is one JSON object in the characters that STS accepts.
bool policy_is_valid(struct slice text);

#endif
