// SPDX-License-Identifier: Apache-2.0
// What the process forbids itself before it holds a secret.
#ifndef SIDECAR_BASE_HARDENING_H
#define SIDECAR_BASE_HARDENING_H

#include "proto/mem/must_check.h"
#include "sidecar/base/error.h"

// No core dumps (RLIMIT_CORE 0), not dumpable or traceable (PR_SET_DUMPABLE 0), no new privileges, SIGPIPE and
// SIGXFSZ ignored, umask 077; standard descriptors that are closed lead nowhere. 0, or -1 with *e.
MUST_CHECK int hardening_apply(struct error *e);

#endif
