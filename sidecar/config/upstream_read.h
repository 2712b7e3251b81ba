// SPDX-License-Identifier: Apache-2.0
// The settings "upstream": how much one service that issues credentials is asked at most.
#ifndef SIDECAR_CONFIG_UPSTREAM_READ_H
#define SIDECAR_CONFIG_UPSTREAM_READ_H

#include "sidecar/config/reader.h"
#include "sidecar/config/settings.h"

MUST_CHECK int upstream_read(struct reader *r, size_t value, struct upstream_settings *ret);

extern const struct key_table upstream_keys;

#endif
