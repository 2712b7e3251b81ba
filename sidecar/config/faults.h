// SPDX-License-Identifier: Apache-2.0
// All that is wrong with a configuration, found in one reading.
#ifndef SIDECAR_CONFIG_FAULTS_H
#define SIDECAR_CONFIG_FAULTS_H

#include <stddef.h>

#include "sidecar/base/error.h"

enum { FAULTS_KEPT = 20 };

struct fault {
        char message[sizeof(((struct error *)0)->message)];
        char hint[sizeof(((struct error *)0)->hint)];
};

struct faults {
        size_t count; // of all; the first FAULTS_KEPT are kept
        struct fault list[FAULTS_KEPT];
};

void faults_add(struct faults *faults, const struct error *e);

#endif
