// SPDX-License-Identifier: Apache-2.0
// What keyfobd --check looks at beyond the configuration itself.
#ifndef SIDECAR_APP_CHECK_H
#define SIDECAR_APP_CHECK_H

#include <stddef.h>
#include <stdint.h>

#include "proto/mem/must_check.h"
#include "sidecar/base/error.h"

struct settings;

// Loads each certificate with its chain and key, as a refresh will: they must belong together and be valid at `now_s`.
// 0, or -1 and *e for the first profile that would fail. The running agent does not stop for these: they are that
// profile's error alone, and gone once the files are right. A key that does not answer in the time that a refresh would
// give it is one of them, with e->timed_out: then a thread is still loading it, which reads the settings; end by
// _exit().
MUST_CHECK int check_identities(const struct settings *settings, int64_t now_s, struct error *e);

// Prints what loading found that is not wrong enough to refuse the configuration.
void check_report_warnings(const struct settings *settings);

// Prints to standard output which profiles cannot be used, and why; the others are good in spite of them. How many.
size_t check_report_faults(const struct settings *settings);

#endif
