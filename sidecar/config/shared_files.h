// SPDX-License-Identifier: Apache-2.0
// The two files that all AWS tools share, found by the environment, read and merged: key by key, the credentials file
// goes before the config file.
#ifndef SIDECAR_CONFIG_SHARED_FILES_H
#define SIDECAR_CONFIG_SHARED_FILES_H

#include "sidecar/config/aws_ini.h"
#include "sidecar/config/reader.h"

struct shared_file {
        char *path;           // absolute, of the settings; NULL: the environment names neither the file nor a home
        const char *variable; // that named it, or NULL: it is the default
        bool is_there;
        bool is_device; // itself, not what a link leads to
};

struct shared_files {
        struct arena strings, secrets; // of all that was read
        struct shared_file files[AWS_FILE_COUNT];
        struct aws_ini ini; // one section for each kind and name, sorted by both
};

// Reads ~/.aws/config and ~/.aws/credentials, or what AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE name. A file that
// is not there is empty. 0, or -1 and the reader's error: ERROR_CONFIG for one that is there and cannot be read or is
// no such file. Free it in any case. Blocks: small local files.
MUST_CHECK int shared_files_load(struct shared_files *ret, const struct reader *r);
void shared_files_free(struct shared_files *f);

// The section, or NULL.
const struct aws_section *shared_files_find(const struct shared_files *f, enum aws_section_kind kind, const char *name);

#endif
