// SPDX-License-Identifier: Apache-2.0
// The settings "upstream": how much one service that issues credentials is asked at most.
#ifndef SIDECAR_CONFIG_UPSTREAM_READ_H
#define SIDECAR_CONFIG_UPSTREAM_READ_H

#include "sidecar/config/reader.h"
#include "sidecar/config/settings.h"

int upstream_read(struct reader *r, size_t value, struct upstream_settings *ret);

// Its keys, in the format of profile_rules().
const struct key_rule *upstream_rules(size_t *ret_count);

#endif
