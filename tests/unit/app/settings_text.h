// SPDX-License-Identifier: Apache-2.0
// For tests: settings from a text, as if it stood in a file.
#ifndef TESTS_UNIT_APP_SETTINGS_TEXT_H
#define TESTS_UNIT_APP_SETTINGS_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "proto/mem/slice.h"
#include "sidecar/base/env.h"
#include "sidecar/config/settings_parse.h"
#include "tests/unit/unit.h"

// Of the text of one JSON object. Paths in it are relative to the root.
static inline struct settings *settings_of(const char *text)
{
        static char *no_entries[] = {NULL};
        struct env env;
        struct error e = {0};
        struct settings *settings = NULL;
        env_init(&env, no_entries);
        const struct settings_source source = {
            .file = "test.json", .directory = "/", .working_directory = "/", .host_name = "host", .env = &env};
        if (settings_parse(&source, slice_str(text), &settings, &e) < 0)
                fail_msg("%s", e.message);
        return settings;
}

#endif
