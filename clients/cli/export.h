// SPDX-License-Identifier: Apache-2.0
// What `keyfob export` prints or writes: an answer of the agent in a format.
#ifndef CLIENTS_CLI_EXPORT_H
#define CLIENTS_CLI_EXPORT_H

#include "clients/cli/options.h"
#include "proto/mem/buffer.h"
#include "proto/mem/must_check.h"
#include "proto/wire/export.h"
#include "proto/wire/export_file.h"

struct export_request {
        const struct options *options;
        const char *profile;
        enum export_format format;
        const char *file; // NULL: standard output
};

// Appends `answer`, a document of credential_process, in the format; *expires_s is when it ends. EXIT_OK, or
// EXIT_FAILED after a message.
MUST_CHECK int export_put(const struct export_request *request, struct slice answer, struct buffer *out,
                          int64_t *expires_s);

// Writes it to the file. EXIT_OK, or EXIT_FAILED after a message.
MUST_CHECK int export_replace_file(const struct export_request *request, struct slice text);
struct export_file export_file_of(const struct export_request *request);

// Keeps the file current until a signal ends the process, or the agent refuses for good. Returns the exit code.
int export_watch(const struct export_request *request);

#endif
