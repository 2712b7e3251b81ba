// SPDX-License-Identifier: Apache-2.0
// What the keys of one listener have to do with each other.
#ifndef SIDECAR_CONFIG_LISTENER_CHECK_H
#define SIDECAR_CONFIG_LISTENER_CHECK_H

#include "sidecar/config/reader.h"
#include "sidecar/config/settings.h"

// `node` was read into *l, perhaps with faults, which are not reported again. 0, or -1 with r->e.
MUST_CHECK int listener_check(struct reader *r, size_t node, const struct listener_settings *l);

#endif
