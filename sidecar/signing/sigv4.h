// SPDX-License-Identifier: Apache-2.0
// AWS Signature Version 4 (AWS IAM User Guide, "Create a signed AWS API request"): pure functions of request,
// credentials and time. Derived keys are cached per credentials, day, region and service, and wiped
// with the credentials.
#ifndef SIDECAR_SIGNING_SIGV4_H
#define SIDECAR_SIGNING_SIGV4_H

#include "proto/mem/buffer.h"
#include "proto/mem/must_check.h"
#include "sidecar/base/error.h"

struct credentials;
struct signer;

// NULL: out of memory, or OpenSSL lacks an algorithm. One signer serves one thread.
MUST_CHECK struct signer *signer_new(void);
void signer_free(struct signer *s); // wipes every cached key

struct header {
        struct slice name;  // any case
        struct slice value; // as on the wire; folded lines and inner blanks allowed
};

#define SIGV4_UNSIGNED_PAYLOAD "UNSIGNED-PAYLOAD"

struct sigv4_request {
        struct slice method;          // "POST"
        struct slice url;             // https://host[:port]/path?query, verbatim as on the wire; see sigv4_parse_url()
        const struct header *headers; // those the caller will send; which of them are signed: see sigv4_sign()
        size_t headers_count;
        struct slice payload_hash; // 64 hex digits, or a literal such as UNSIGNED-PAYLOAD
        struct slice service;      // signing name, such as "bedrock"
        struct slice region;
        int64_t time_s;          // upstream's wall time
        bool add_content_sha256; // send and sign x-amz-content-sha256; always so for the S3 family
};

struct sigv4_url {
        struct slice scheme, host; // host: with its port, unless that is the scheme's default
        struct slice path;         // "/" when the URL has none
        struct slice query;        // without "?"; empty: none
        bool has_query;
};

// Splits a URL without changing a byte. 0, or -1 with *e (ERROR_CONFIG) for: another scheme than http or https, user
// information, a fragment, no host, bytes that cannot be on a request line (blanks, controls; raw UTF-8 is allowed in
// the path).
MUST_CHECK int sigv4_parse_url(struct slice url, struct sigv4_url *ret, struct error *e);

struct sigv4_result {
        char amz_date[17];           // value of x-amz-date
        struct slice signed_headers; // "host;x-amz-date", borrowed from the buffer that sigv4_sign() filled
        struct slice authorization;  // value of authorization, borrowed likewise
        bool has_content_sha256;     // then x-amz-content-sha256: <payload_hash> was signed and has to be added
};

// Signs by headers. Signed are: host, every x-amz-* (x-amz-date and x-amz-security-token are made here), content-type
// and whatever else the caller lists, but for hop-by-hop and tracing headers that proxies change (connection, expect,
// keep-alive, proxy-*, te, trailer, transfer-encoding, upgrade, user-agent, x-amzn-trace-id, baggage, traceparent,
// tracestate). A `host` header in the list replaces the URL's host. An x-amz-date, x-amz-security-token or
// authorization in the list is refused: ERROR_CONFIG. An x-amz-content-sha256 in the list must equal payload_hash, and
// is then not given back to be added. `out` (initialised by the caller with LIMIT_SIGN_CANONICAL, reused freely: what
// it held is gone) holds what *ret points into. 0, or -1 with *e.
MUST_CHECK int sigv4_sign(struct signer *s, const struct sigv4_request *request, struct credentials *c,
                          struct buffer *out, struct sigv4_result *ret, struct error *e);

// Signs by query: appends to `out` the URL with X-Amz-Algorithm, -Credential, -Date, -Expires, -SignedHeaders,
// -Security-Token and -Signature. expires_s is 1 to LIMIT_PRESIGN_EXPIRES_S. An X-Amz-* signing parameter that is
// already in the URL is refused. The URL's own parameters are decoded ("+" is a blank) and encoded anew, in their
// order; repeated ones all stay. For the S3 family the payload is UNSIGNED-PAYLOAD whatever payload_hash says, unless
// x-amz-content-sha256 is among the headers. add_content_sha256 does not count here. On failure `out` is as before.
MUST_CHECK int sigv4_presign(struct signer *s, const struct sigv4_request *request, struct credentials *c,
                             int64_t expires_s, struct buffer *out, struct error *e);

// Lower-case hex of SHA-256, for bodies.
MUST_CHECK int sigv4_payload_hash(struct signer *s, struct slice body, char out[64], struct error *e);

#endif
