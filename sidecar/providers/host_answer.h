// SPDX-License-Identifier: Apache-2.0
// Credentials as this machine's own sources write them, in JSON of one shape with small differences: the container
// endpoint (ECS, EKS Pod Identity), the instance metadata service, a credential_process.
#ifndef SIDECAR_PROVIDERS_HOST_ANSWER_H
#define SIDECAR_PROVIDERS_HOST_ANSWER_H

#include "sidecar/providers/answer.h"

// What an endpoint answers; its session token is Token or SessionToken. As answer_read_json().
MUST_CHECK int host_answer_read(struct slice body, struct buffer *scratch, struct answer *ret, struct error *e);

// The same, or an error as the EKS Pod Identity agent writes it: "[request ID]: (Code): message, fault: client".
MUST_CHECK int host_answer_read_container(struct slice body, struct buffer *scratch, struct answer *ret,
                                          struct error *e);

// What a command prints: "Version" must be the number 1; session token and Expiration may be absent.
MUST_CHECK int host_answer_read_output(struct slice text, struct buffer *scratch, struct answer *ret, struct error *e);

extern const struct answer_terms host_answer_container, host_answer_imds, host_answer_process;

#endif
