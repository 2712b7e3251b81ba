// SPDX-License-Identifier: Apache-2.0
// From the text of a configuration file to settings, in memory.
#ifndef SIDECAR_CONFIG_SETTINGS_PARSE_H
#define SIDECAR_CONFIG_SETTINGS_PARSE_H

#include "proto/mem/slice.h"
#include "sidecar/config/accounts.h"
#include "sidecar/config/settings.h"

struct settings_source {
        const char *file;              // for messages
        const char *directory;         // what relative paths are relative to; absolute
        const char *working_directory; // the same for paths in the environment and for --socket
        const char *socket_path, *host_name;
        const struct env *env;
        struct faults *faults;          // all that is wrong, of which the first is the error; NULL: only that
        account_lookup_fn *lookup;      // NULL: the system's
        bool check_files;               // whether the files that it names must be there
        const struct file_trust *trust; // NULL: owner and mode of files are not judged
};

// As settings_load(). `text` may hold secrets: the caller wipes it.
MUST_CHECK int settings_parse(const struct settings_source *source, struct slice text, struct settings **ret,
                              struct error *e);

// Settings from the environment and the AWS files alone; `file` and `directory` are not used.
MUST_CHECK int settings_zero(const struct settings_source *source, struct settings **ret, struct error *e);

#endif
