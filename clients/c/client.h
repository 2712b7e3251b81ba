// SPDX-License-Identifier: Apache-2.0
// What the files of the library share, not part of its interface.
#ifndef CLIENTS_C_CLIENT_H
#define CLIENTS_C_CLIENT_H

#include "clients/c/keyfob.h"
#include "proto/mem/buffer.h"

// Sends `head_and_body`, a whole request; as keyfob_request() otherwise. The slice of the body is borrowed likewise.
enum keyfob_status client_exchange(struct keyfob_client *client, struct slice head_and_body,
                                   struct keyfob_response *response, struct keyfob_error *error);

// Puts together a request: "POST /v1/profiles/{profile}{rest} HTTP/1.1" and so on. KEYFOB_OK, KEYFOB_INVALID for a
// name that no profile can have, KEYFOB_NO_MEMORY.
enum keyfob_status client_profile_request(const char *method, const char *profile, const char *rest, struct slice body,
                                          struct buffer *out, struct keyfob_error *error);

#endif
