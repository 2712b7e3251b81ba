// SPDX-License-Identifier: Apache-2.0
// A signed request as a curl command for a POSIX shell. Pure.
#ifndef CLIENTS_CLI_CURL_H
#define CLIENTS_CLI_CURL_H

#include "proto/mem/buffer.h"

struct curl_header {
        struct slice name, value;
};

struct curl_request {
        const char *method, *url;
        const struct curl_header *headers; // the caller's own and the signature's
        size_t headers_count;
        const char *data; // as after --data-binary: DATA or @FILE; NULL: no body
};

// The command on several lines, ready to paste or to eval. 0, or -1 when the buffer is full.
int curl_write(const struct curl_request *request, struct buffer *out);

// One word of a shell, in quotes.
int curl_quote(struct slice s, struct buffer *out);

#endif
