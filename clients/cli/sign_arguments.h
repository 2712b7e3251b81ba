// SPDX-License-Identifier: Apache-2.0
// The request to sign or presign that the command line describes.
#ifndef CLIENTS_CLI_SIGN_ARGUMENTS_H
#define CLIENTS_CLI_SIGN_ARGUMENTS_H

#include "clients/c/client.h"
#include "clients/cli/options.h"

struct sign_arguments {
        const struct options *options;
        bool is_presign;
        struct keyfob_sign_request request;
        struct client_sign_options more;
        const char *data; // of the body, as curl takes it: DATA or @FILE; NULL: no body
        struct keyfob_header headers[LIMIT_SIGN_HEADERS_N];
        struct buffer file; // what -d @FILE names
};

// Reads the arguments, and the file that -d names; splits the headers where they lie in `o`, which must outlive *ret.
// EXIT_OK, or another exit code after a message. The caller frees *ret with sign_arguments_free() in any case.
MUST_CHECK int sign_arguments_read(const struct options *o, bool is_presign, struct sign_arguments *ret);

void sign_arguments_free(struct sign_arguments *arguments);

#endif
