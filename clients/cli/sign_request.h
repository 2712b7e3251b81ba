// SPDX-License-Identifier: Apache-2.0
// The body of a request to sign or presign, from the command line.
#ifndef CLIENTS_CLI_SIGN_REQUEST_H
#define CLIENTS_CLI_SIGN_REQUEST_H

#include "clients/cli/options.h"
#include "proto/mem/buffer.h"

// "Name: value" of -H. False when it is none.
bool sign_request_header(const char *text, struct slice *ret_name, struct slice *ret_value);

// Writes it; reads the file that -d names. EXIT_OK, or an exit code: said.
int sign_request_write(const struct options *o, bool is_presign, struct buffer *out);

#endif
