// SPDX-License-Identifier: Apache-2.0
// The JSON documents that carry credentials.
#ifndef PROTO_WIRE_DOCUMENTS_H
#define PROTO_WIRE_DOCUMENTS_H

#include "proto/mem/buffer.h"
#include "proto/mem/must_check.h"
#include "proto/wire/credentials.h"
#include "proto/wire/json_read.h"

// The document of credential_process (AWS SDKs and Tools Reference Guide, "Process credential provider"): Version 1,
// AccessKeyId, SecretAccessKey, SessionToken, Expiration, AccountId; absent members are left out. Ends with a
// newline. 0, or -1 when the buffer is full.
MUST_CHECK int documents_write_process(const struct credentials *c, struct buffer *out);

// The document of the container endpoint (ECS tasks, EKS Pod Identity): AccessKeyId, SecretAccessKey, Token (empty
// where there is none), Expiration, and AccountId and RoleArn where they are known. SDKs insist on an Expiration: that
// of credentials which never expire is `never_s`. Ends with a newline. 0, or -1 when the buffer is full.
MUST_CHECK int documents_write_container(const struct credentials *c, struct slice role_arn, int64_t never_s,
                                         struct buffer *out);

// The document of a role in the instance metadata service: Code, LastUpdated, Type, AccessKeyId, SecretAccessKey,
// Token, Expiration, as above. 0, or -1 when the buffer is full.
MUST_CHECK int documents_write_imds(const struct credentials *c, int64_t updated_s, int64_t never_s,
                                    struct buffer *out);

// Reads the document of credential_process. Strings of *fields point into `scratch`, which the caller frees (it holds
// secrets). 0, or -1 with *what, a static text with the fault: Version is not 1, a member is missing, empty or of the
// wrong type, Expiration cannot be read, invalid credentials (credentials.h).
MUST_CHECK int documents_read_process(const struct json_doc *doc, struct buffer *scratch, struct credentials *fields,
                                      const char **what);

#endif
