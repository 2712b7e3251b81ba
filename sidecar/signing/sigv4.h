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
struct service_rules;
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
        struct slice method;           // "POST"
        struct slice url;              // https://host[:port]/path?query as on the wire; see sigv4_parse_url()
        const struct sigv4_url *parts; // of `url`, where it is parsed already; NULL: not yet
        const struct header *headers;  // those the caller will send; which of them are signed: see sigv4_sign()
        size_t headers_count;
        struct slice payload_hash; // 64 hex digits, or a literal such as UNSIGNED-PAYLOAD
        struct slice service;      // signing name, such as "bedrock"
        struct slice region;
        struct slice region_set; // SigV4A for these regions ("us-east-1,eu-*"), in place of `region`; empty: SigV4
        int64_t time_s;          // upstream's wall time
        bool add_content_sha256; // send and sign x-amz-content-sha256; always so for some services (service_rules.c)
};

enum { SIGV4_HOST_MAX = 264, SIGV4_REGION_SET_MAX = 1024 };

// The parts of a URL as clients send them. Borrowed from the URL, or `host` from host_text: do not copy or move it.
struct sigv4_url {
        struct slice scheme;
        struct slice host;     // as in the Host header: lower case, addresses in their shortest form, no default port
        struct slice path;     // "/" when the URL has none
        struct slice query;    // without "?"; empty: none
        uint64_t default_port; // of the scheme
        bool has_path, has_query;
        bool is_as_sent; // host, path and query are sent as they are written; see sigv4_url_is_as_sent()
        char host_text[SIGV4_HOST_MAX];
};

// Splits a URL. 0, or -1 with *e (ERROR_CONFIG) for: another scheme than https, http, wss or ws, user information, a
// fragment, no host, bytes that cannot be on a request line (blanks, controls). UTF-8 is allowed in path and query:
// clients percent-encode it.
MUST_CHECK int sigv4_parse_url(struct slice url, struct sigv4_url *ret, struct error *e);

// Whether every client sends the URL as it is written. If not, send what sigv4_put_url() writes, which is what is
// signed: it differs in the case of the host, in the form of an address, in a default port and in percent-encoded bytes
// beyond ASCII. For S3 each reserved character of the path is percent-encoded, and "+" becomes "%20": S3 reads it as a
// blank, servers of others do not.
bool sigv4_url_is_as_sent(const struct sigv4_url *url, const struct service_rules *rules);
// Appends the URL to send. Failure is the buffer's.
void sigv4_put_url(const struct sigv4_url *url, const struct service_rules *rules, struct buffer *out);

struct sigv4_result {
        char amz_date[17];           // value of x-amz-date
        struct slice signed_headers; // "host;x-amz-date", borrowed from the buffer that sigv4_sign() filled
        struct slice authorization;  // value of authorization, borrowed likewise
        bool has_content_sha256;     // then x-amz-content-sha256: <payload_hash> was signed and has to be added
};

// Signs by headers. Signed are: host, every x-amz-* (x-amz-date and x-amz-security-token are made here), content-type
// and whatever else the caller lists, but for hop-by-hop and tracing headers that proxies change (connection, expect,
// keep-alive, proxy-*, te, trailer, transfer-encoding, upgrade, user-agent, x-amzn-trace-id, baggage, traceparent,
// tracestate). A `host` header in the list replaces the URL's host. Refused with ERROR_CONFIG: an x-amz-date,
// x-amz-security-token or authorization in the list, two `host` headers or an empty one, line breaks in values (except
// folded lines). An x-amz-content-sha256 in the list must equal payload_hash, and is then not given back to be added.
// The query is decoded and encoded again, the path of S3 likewise: any spelling of the URL has the same signature.
// `out` (initialised by the caller with LIMIT_SIGN_CANONICAL, reused freely: what it held is gone) holds what *ret
// points into. 0, or -1 with *e.
MUST_CHECK int sigv4_sign(struct signer *s, const struct sigv4_request *request, struct credentials *c,
                          struct buffer *out, struct sigv4_result *ret, struct error *e);

// Signs by query: appends to `out` the URL with X-Amz-Algorithm, -Credential, -Date, -Expires, -SignedHeaders,
// -Security-Token and -Signature. expires_s is 1 to LIMIT_PRESIGN_EXPIRES_S. An X-Amz-* signing parameter that is
// already in the URL is refused. Scheme, host and path are those of sigv4_put_url(). The URL's own parameters are
// decoded ("+" is a blank) and encoded anew, in their order; repeated ones all stay. For the S3 family the payload is
// UNSIGNED-PAYLOAD whatever payload_hash says, unless x-amz-content-sha256 is among the headers. For IoT's MQTT over
// WebSocket the token stands behind the signature. add_content_sha256 does not count here. On failure `out` is as
// before.
MUST_CHECK int sigv4_presign(struct signer *s, const struct sigv4_request *request, struct credentials *c,
                             int64_t expires_s, struct buffer *out, struct error *e);

// Whether a method is a token (RFC 9110). 0, or -1 with *e (ERROR_CONFIG) that quotes it.
MUST_CHECK int sigv4_check_method(struct slice method, struct error *e);

// Lower-case hex of SHA-256, for bodies.
MUST_CHECK int sigv4_payload_hash(struct signer *s, struct slice body, char out[64], struct error *e);

#endif
