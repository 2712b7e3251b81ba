// SPDX-License-Identifier: Apache-2.0
// What the user at a terminal reads in place of the log, on standard error.
#ifndef SIDECAR_APP_REPORT_H
#define SIDECAR_APP_REPORT_H

#include "sidecar/base/error.h"

struct faults;
struct log;

// Of a process that this error ends: 78 (EX_CONFIG), or 1.
int report_exit_status(const struct error *e);

// "keyfobd: …", and "hint: …" if there is one.
void report_error(const struct error *e);

// The agent cannot start: to the log, or at a terminal as above; where the log is a file, both.
void report_failure(const struct log *log, const struct error *e);

// The same for each fault of a configuration; a hint that the next fault has as well is given once.
void report_faults(const struct faults *faults);

#endif
