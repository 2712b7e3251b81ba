// SPDX-License-Identifier: Apache-2.0
#include "sidecar/app/report.h"

#include <stdio.h>
#include <string.h>

#include "sidecar/config/faults.h"

static void print(const char *message, const char *hint)
{
        fprintf(stderr, "keyfobd: %s\n", message);
        if (hint[0])
                fprintf(stderr, "hint: %s\n", hint);
}

void report_error(const struct error *e)
{
        print(e->message, e->hint);
}

void report_faults(const struct faults *faults)
{
        size_t shown = faults->count < FAULTS_KEPT ? faults->count : FAULTS_KEPT;
        for (size_t i = 0; i < shown; i++) {
                const struct fault *fault = &faults->list[i];
                bool is_repeated = i + 1 < shown && strcmp(fault->hint, fault[1].hint) == 0;
                print(fault->message, is_repeated ? "" : fault->hint);
        }
        if (faults->count > shown)
                fprintf(stderr, "keyfobd: and %zu more\n", faults->count - shown);
}
