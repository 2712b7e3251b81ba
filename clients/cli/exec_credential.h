// SPDX-License-Identifier: Apache-2.0
// What kubectl reads from a command that gives it credentials (client.authentication.k8s.io).
#ifndef CLIENTS_CLI_EXEC_CREDENTIAL_H
#define CLIENTS_CLI_EXEC_CREDENTIAL_H

#include "proto/mem/buffer.h"

// Appends an ExecCredential of the version that `exec_info` asks for: the value of KUBERNETES_EXEC_INFO, or NULL.
// Where it asks for none that is known: v1beta1, as the AWS CLI does. Failure is the buffer's.
void exec_credential_put(struct slice token, struct slice expiration, const char *exec_info, struct buffer *out);

#endif
