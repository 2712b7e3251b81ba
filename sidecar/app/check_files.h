// SPDX-License-Identifier: Apache-2.0
// What a profile names and will need when it fetches: files that may come later, commands.
#ifndef SIDECAR_APP_CHECK_FILES_H
#define SIDECAR_APP_CHECK_FILES_H

#include <stddef.h>

struct env;
struct settings;

// Prints to standard output a warning for each that is not there now, or cannot be used. How many.
size_t check_report_missing(const struct settings *settings, const struct env *env);

#endif
