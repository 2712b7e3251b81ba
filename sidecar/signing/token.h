// SPDX-License-Identifier: Apache-2.0
// Tokens that are presigned URLs in another form: API keys of Bedrock, tokens for EKS, passwords for databases and
// brokers. A table of what they differ in; sigv4_presign() signs all of them. Their sources: Amazon Bedrock User Guide
// "API keys", Amazon EKS User Guide "get-token", Amazon RDS, ElastiCache, MemoryDB, Aurora DSQL and MSK guides on IAM
// authentication.
#ifndef SIDECAR_SIGNING_TOKEN_H
#define SIDECAR_SIGNING_TOKEN_H

#include <stdbool.h>

#include "proto/mem/buffer.h"
#include "proto/mem/must_check.h"
#include "sidecar/signing/sigv4.h"

enum token_type {
        TOKEN_BEDROCK,
        TOKEN_EKS,
        TOKEN_RDS,
        TOKEN_ELASTICACHE,
        TOKEN_MEMORYDB,
        TOKEN_DSQL,
        TOKEN_MSK,
        TOKEN_TYPES_N
};

// What a caller names, by its place in the URL.
enum token_slot {
        TOKEN_HOST, // of the service; for EKS that of STS
        TOKEN_PORT, // in decimal
        TOKEN_NAME, // of a cluster or cache
        TOKEN_USER,
        TOKEN_ACTION,
        TOKEN_VARIANT, // what the kind of cache adds to the query, with its "&"; may be empty
        TOKEN_REGION,
        TOKEN_USER_AGENT, // behind the signature
        TOKEN_SLOTS_N
};

enum token_encoding { TOKEN_PLAIN, TOKEN_BASE64, TOKEN_BASE64URL };

struct token_kind {
        struct slice name; // "rds"
        struct slice method, service;
        const char *authority, *query; // with "%" and a letter for each slot: token_put_url()
        const char *header;            // that is signed with the value of TOKEN_NAME; NULL: host alone is signed
        const char *prefix;            // before the encoded URL
        const char *suffix;            // of the URL, unsigned; with the value of TOKEN_USER_AGENT if that is given
        int64_t life_s;                // how long it is accepted by default
        int64_t life_max_s;            // … and at most
        int64_t url_expires_s;         // its X-Amz-Expires, where that is not its life; 0: it is
        enum token_type type;
        enum token_encoding encoding;
        bool has_choice; // the caller may ask for another life
        bool has_scheme; // "https://" is part of it
};

// NULL: there is none of that name. Static.
const struct token_kind *token_kind_of(struct slice name);
const struct token_kind *token_kind_at(enum token_type type);

// Appends the URL to presign. Values must be such that they may stand in a URL's authority (TOKEN_HOST, TOKEN_PORT,
// TOKEN_NAME, TOKEN_REGION); the others are percent-encoded. 0, or -1 with `failed` set in `out`.
MUST_CHECK int token_put_url(const struct token_kind *kind, const struct slice values[TOKEN_SLOTS_N],
                             struct buffer *out);

// The header that is signed beside host. False: there is none.
bool token_header(const struct token_kind *kind, const struct slice values[TOKEN_SLOTS_N], struct header *ret);

// Appends the token. `url` is what token_put_url() gave; `presigned` holds what sigv4_presign() made of it, and then
// also what follows the signature. The token keeps the spelling of the first's host and port, as AWS's tools do.
// Failure is the buffers'.
void token_put(const struct token_kind *kind, struct slice url, struct buffer *presigned, struct slice user_agent,
               struct buffer *out);

#endif
