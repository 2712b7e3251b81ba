// SPDX-License-Identifier: Apache-2.0
// keyfobd's command line.
#ifndef SIDECAR_APP_OPTIONS_H
#define SIDECAR_APP_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/mem/must_check.h"
#include "sidecar/base/log.h"

enum { OPTIONS_TRUSTED_MAX = 16 };

struct options {
        const char *config_path;                  // NULL: by the rule of the contract
        const char *socket_path;                  // NULL: likewise
        const char *trusted[OPTIONS_TRUSTED_MAX]; // --trusted-directory, absolute
        size_t trusted_count;
        bool check;
        enum log_level log_level;
        enum log_format log_format;
        const char *log_file; // --log-file; NULL: standard error
        bool runs_commands;   // --run-commands
        int64_t idle_exit_s;  // --idle-exit; 0: never
};

enum options_verdict {
        OPTIONS_RUN,
        OPTIONS_DONE, // --help or --version was answered on standard output
        OPTIONS_USAGE // wrong, which was reported on standard error
};

MUST_CHECK enum options_verdict options_parse(int argc, char **argv, struct options *ret);

#endif
