// SPDX-License-Identifier: Apache-2.0
// The part of hardening that leak checkers cannot live with. hardening_release.c or hardening_sanitize.c, as CMake
// picks.
#ifndef SIDECAR_BASE_HARDENING_DUMPS_H
#define SIDECAR_BASE_HARDENING_DUMPS_H

#include "proto/mem/must_check.h"
#include "sidecar/base/error.h"

// Memory leaves the process neither by core dump nor through ptrace(2) and /proc. 0, or -1 with *e.
MUST_CHECK int hardening_forbid_dumps(struct error *e);

#endif
