// SPDX-License-Identifier: Apache-2.0
#include "sidecar/app/report.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sidecar/base/log.h"
#include "sidecar/config/faults.h"

enum { EXIT_FAILED = 1, EXIT_CONFIG = 78 }; // sysexits(3)

int report_exit_status(const struct error *e)
{
        return e->kind == ERROR_CONFIG ? EXIT_CONFIG : EXIT_FAILED;
}

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

void report_failure(const struct log *log, const struct error *e)
{
        bool is_read = log->file || isatty(STDERR_FILENO) == 1; // by who started the agent
        if (is_read)
                report_error(e);
        if (is_read && log->fd == STDERR_FILENO)
                return;
        LOG_EVENT(log, LOG_LEVEL_ERROR, "failed", LOG_STR("kind", error_kind_name(e->kind)),
                  LOG_STR("error", e->message), LOG_STR("hint", e->hint));
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
