// SPDX-License-Identifier: Apache-2.0
// A signed request as a curl command for a POSIX shell. Pure.
#ifndef CLIENTS_CLI_CURL_H
#define CLIENTS_CLI_CURL_H

#include "clients/c/keyfob.h"
#include "proto/mem/buffer.h"

// Writes the command on several lines, ready to paste or to eval: the headers of the request that the signature does
// not replace, then those of the signature as a here-document, so that a session token is no argument of a process.
// `data` is the value of --data-binary, DATA or @FILE; NULL: no body. Failure is the buffer's.
void curl_write(const struct keyfob_sign_request *request, const struct keyfob_signature *signature, const char *data,
                struct buffer *out);

#endif
