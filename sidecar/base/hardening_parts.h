// SPDX-License-Identifier: Apache-2.0
// The part of hardening.c that differs under sanitizers; the build picks the file.
#ifndef SIDECAR_BASE_HARDENING_PARTS_H
#define SIDECAR_BASE_HARDENING_PARTS_H

#include "sidecar/base/error.h"

int hardening_forbid_dumps(struct error *e);

#endif
