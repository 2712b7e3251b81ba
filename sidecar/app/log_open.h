// SPDX-License-Identifier: Apache-2.0
// Where the log goes, and what becomes of standard error.
#ifndef SIDECAR_APP_LOG_OPEN_H
#define SIDECAR_APP_LOG_OPEN_H

#include "proto/mem/must_check.h"
#include "sidecar/base/log.h"
#include "sidecar/base/log_file.h"

struct options;

// Fills *log as the options say. With --log-file it goes to standard error until log_open(), and `file` is to be closed
// by log_file_close().
void log_init(const struct options *options, const struct clock *clock, struct log *log, struct log_file *file);

// With --log-file: opens the file. 0, or -1 with *e.
MUST_CHECK int log_open(struct log *log, struct error *e);

// With --log-file: standard streams become /dev/null, by which the process that started the agent sees that it serves.
void log_detach(const struct log *log);

#endif
