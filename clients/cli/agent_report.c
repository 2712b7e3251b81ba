// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/agent_report.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "clients/c/errors.h"
#include "proto/mem/slice.h"

enum { LINE_SIZE = 1024 };

// The first line of `report` that begins with `prefix`, without it. Returns how many there are.
static unsigned find_lines(const char *report, const char *prefix, char line[LINE_SIZE])
{
        unsigned count = 0;
        size_t n = strlen(prefix);
        while (*report) {
                size_t length = strcspn(report, "\n");
                if (strncmp(report, prefix, n) == 0 && count++ == 0)
                        (void)snprintf(line, LINE_SIZE, "%.*s", (int)(length - n), report + n);
                report += length + (report[length] == '\n');
        }
        return count;
}

void agent_report_read(const char *report, const char *program, const char *log, struct keyfob_error *error)
{
        char message[LINE_SIZE] = "", hint[LINE_SIZE] = "";
        unsigned faults = find_lines(report, "keyfobd: ", message);
        (void)find_lines(report, "hint: ", hint);
        if (faults == 0)
                (void)find_lines(report, "", message);
        if (message[0] == '\0')
                (void)errors_set(error, KEYFOB_NO_AGENT, "read its log, and run keyfobd yourself to see what it prints",
                                 "cannot start the agent: %s ended without a message; its log is %s", program, log);
        else if (faults > 1)
                (void)errors_set(error, KEYFOB_NO_AGENT, "run `keyfobd --check` to see all of them",
                                 "cannot start the agent: %s (the first of %u faults)", message, faults);
        else
                (void)errors_set(error, KEYFOB_NO_AGENT, hint, "cannot start the agent: %s", message);
}
