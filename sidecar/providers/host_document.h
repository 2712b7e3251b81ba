// SPDX-License-Identifier: Apache-2.0
// Credentials as this machine's own sources write them, in JSON of one shape with small differences: the container
// endpoint (ECS, EKS Pod Identity), the instance metadata service, a credential_process.
#ifndef SIDECAR_PROVIDERS_HOST_DOCUMENT_H
#define SIDECAR_PROVIDERS_HOST_DOCUMENT_H

#include "proto/mem/buffer.h"
#include "sidecar/base/clock.h"
#include "sidecar/base/error.h"

struct credentials;

enum host_kind {
        HOST_CONTAINER, // its session token is Token or SessionToken; Code, if any, is Success
        HOST_IMDS,      // likewise
        HOST_PROCESS    // SessionToken; Version is the number 1; session token and Expiration may be absent
};

// Slices point into the reader's scratch buffer or the text that was read; empty: absent.
struct host_document {
        struct slice access_key_id, secret_access_key, session_token, expiration, account_id, role_arn;
        struct slice code, message; // of an error, or "Success"
};

// Reads a document: 0 with *ret pointing into `scratch` (initialised by the caller with at least the size of `text`; it
// holds secrets), or -1 with *what, a static text that says what is wrong. Names count exactly, unknown ones are passed
// over.
int host_document_read(enum host_kind kind, struct slice text, struct buffer *scratch, struct host_document *ret,
                       const char **what);

// Whether the document says itself that it is an error.
bool host_document_is_refusal(const struct host_document *document);

// What the EKS Pod Identity agent answers instead of a document: "[request ID]: (Code): message, fault: client". 0 with
// code and message pointing into `text`, or -1 when it has another form.
int host_document_read_agent_error(struct slice text, struct host_document *ret);

// Credentials from a document: 0 and *ret with one reference, or -1 and *e, which says what is missing or wrong.
// `time` is the clock of whoever wrote it; what has ended by it is refused (ERROR_TRANSIENT: another may follow).
int host_document_credentials(enum host_kind kind, const struct host_document *document,
                              const struct upstream_clock *time, const struct clock *clock, struct credentials **ret,
                              struct error *e);

#endif
