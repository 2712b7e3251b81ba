// SPDX-License-Identifier: Apache-2.0
// Which requests get credentials from the endpoint of `keyfob exec`. Anybody on the host can connect to it, and a page
// in a browser can make the browser do so.
#ifndef CLIENTS_CLI_RELAY_REQUEST_H
#define CLIENTS_CLI_RELAY_REQUEST_H

#include "proto/wire/api.h"
#include "proto/wire/http.h"

#define RELAY_PATH "/credentials"

// What a request must have. Borrowed.
struct relay_expected {
        struct slice token;     // the value of Authorization
        struct slice authority; // of Host: "127.0.0.1:41234"; the port may be missing
};

// API_ERROR_COUNT: the request may be forwarded. Else the error to answer with.
enum api_error relay_request_check(const struct http_head *head, const struct relay_expected *expected);

// For people: what is wrong with such a request.
const char *relay_request_text(enum api_error error);

#endif
