// SPDX-License-Identifier: Apache-2.0
// Appends to a file of the user's such as ~/.aws/config: all or nothing, and what is there stays byte for byte.
#ifndef CLIENTS_CLI_CONFIG_FILE_H
#define CLIENTS_CLI_CONFIG_FILE_H

#include <sys/stat.h>

#include "proto/mem/buffer.h"
#include "proto/mem/must_check.h"

struct config_file {
        char *path; // of the file itself: where symbolic links lead; from malloc()
        bool exists;
        struct stat about;
        struct buffer text;
};

// Reads the file; one that does not exist is empty. 0, or -errno. The caller ends with config_file_free() in any case.
MUST_CHECK int config_file_read(const char *path, struct config_file *ret);

// Replaces the file by its text and `more`, after an empty line, with the same mode (0600, and 0700 for the folder, if
// it is new): a temporary file in the same folder, fsync, rename. 0, or -errno; -ESTALE: the file changed since it was
// read.
MUST_CHECK int config_file_append(const struct config_file *f, struct slice more);

void config_file_free(struct config_file *f);

#endif
