// SPDX-License-Identifier: Apache-2.0
#include "sidecar/config/faults.h"

#include <string.h>

void faults_add(struct faults *faults, const struct error *e)
{
        size_t i = faults->count++;
        if (i >= FAULTS_KEPT)
                return;
        memcpy(faults->list[i].message, e->message, sizeof(e->message));
        memcpy(faults->list[i].hint, e->hint, sizeof(e->hint));
}
