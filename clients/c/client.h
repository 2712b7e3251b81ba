// SPDX-License-Identifier: Apache-2.0
// What the files of the library share with each other and with the command. Not part of the library's interface.
#ifndef CLIENTS_C_CLIENT_H
#define CLIENTS_C_CLIENT_H

#include "clients/c/keyfob.h"
#include "proto/mem/buffer.h"
#include "proto/mem/must_check.h"

// KEYFOB_INVALID for a name that no profile can have.
MUST_CHECK enum keyfob_status client_check_profile(const char *profile, struct keyfob_error *error);

// Calls "METHOD /v1/profiles/{profile}{rest}", or "/v1/profiles{rest}" for a profile of NULL, as keyfob_request() does.
// KEYFOB_INVALID for an invalid profile name. `body` with p == NULL: no body. *answer is the body of the answer (empty
// on failure), borrowed until the client's next call.
MUST_CHECK enum keyfob_status client_call(struct keyfob_client *client, const char *method, const char *profile,
                                          const char *rest, struct slice body, struct slice *answer,
                                          struct keyfob_error *error);

// Reads a credentials document. The caller clears *ret with keyfob_credentials_clear().
MUST_CHECK enum keyfob_status client_read_credentials(struct slice body, struct keyfob_credentials *ret,
                                                      struct keyfob_error *error);

// The tag of the credentials that a caller has, of the agent's answer; empty: none yet.
enum { CLIENT_TAG_SIZE = 64 };

// Gets the credentials of a profile once they are others than those of the tag, or after wait_s: then *answer is empty,
// and the tag stays. The client's timeout has to be longer.
MUST_CHECK enum keyfob_status client_poll(struct keyfob_client *client, const char *profile, int wait_s,
                                          char tag[CLIENT_TAG_SIZE], struct slice *answer, struct keyfob_error *error);

// What POST …/sign and …/presign accept beyond struct keyfob_sign_request.
struct client_sign_options {
        const char *time;       // such as "20260901T120000Z"; NULL: now
        int64_t expires_in_s;   // of a presigned URL; 0: the agent's default
        const char *region_set; // signs with SigV4A, for these regions; NULL: with SigV4
        bool has_default_hash;  // leave the payload's hash to the service's default
};

// Writes the JSON body of a request to sign or presign. KEYFOB_INVALID names the argument that is invalid.
MUST_CHECK enum keyfob_status client_put_sign_request(const struct keyfob_sign_request *request,
                                                      const struct client_sign_options *options, struct buffer *out,
                                                      struct keyfob_error *error);

// Reads the answer of POST …/sign. The caller clears *ret with keyfob_signature_clear().
MUST_CHECK enum keyfob_status client_read_signature(struct slice body, struct keyfob_signature *ret,
                                                    struct keyfob_error *error);

#endif
