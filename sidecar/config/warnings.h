// SPDX-License-Identifier: Apache-2.0
// What loading found that is not wrong enough to refuse the configuration: for the log, and for keyfobd --check.
#ifndef SIDECAR_CONFIG_WARNINGS_H
#define SIDECAR_CONFIG_WARNINGS_H

#include <stddef.h>

enum { SETTINGS_WARNINGS_MAX = 32 };

struct settings_warning {
        const char *event; // the name of the log's event; static, as the hint
        char *file;        // with line and column where it has any; owned by the settings, as the text
        char *text;
        const char *hint;
};

struct settings_warnings {
        struct settings_warning list[SETTINGS_WARNINGS_MAX];
        size_t count; // more than SETTINGS_WARNINGS_MAX: the first ones are in the list
};

#endif
