// SPDX-License-Identifier: Apache-2.0
// What has to be true of a request before it is signed, and which of its headers are.
#include "sidecar/signing/signer.h"

static const bool token_byte[256] = {
    // RFC 9110, section 5.6.2
    ['A' ... 'Z'] = true, ['a' ... 'z'] = true, ['0' ... '9'] = true, ['!'] = true, ['#'] = true, ['$'] = true,
    ['%'] = true,         ['&'] = true,         ['\''] = true,        ['*'] = true, ['+'] = true, ['-'] = true,
    ['.'] = true,         ['^'] = true,         ['_'] = true,         ['`'] = true, ['|'] = true, ['~'] = true,
};

static bool is_token(struct slice s)
{
        for (size_t i = 0; i < s.n; i++) {
                if (!token_byte[s.p[i]])
                        return false;
        }
        return s.n > 0;
}

static const bool name_byte[256] = {
    ['A' ... 'Z'] = true, ['a' ... 'z'] = true, ['0' ... '9'] = true, ['-'] = true, ['.'] = true, ['_'] = true,
};

static int check_name(const char *what, struct slice name, const char *hint, struct error *e)
{
        bool good = name.n > 0 && name.n <= KEY_NAME_MAX;
        for (size_t i = 0; good && i < name.n; i++)
                good = name_byte[name.p[i]];
        if (good)
                return 0;
        error_set(e, ERROR_CONFIG, "\"%.*s\" is no valid %s", (int)slice_head(name, 80).n, (const char *)name.p, what);
        return error_hint(e, "%s", hint);
}

int signer_check_scope(struct slice region, struct slice service, struct error *e)
{
        if (check_name("region", region, "name it as AWS does, such as us-east-1", e) < 0)
                return -1;
        return check_name("service", service, "give the service's signing name, such as bedrock", e);
}

static bool is_lower_hex(struct slice s)
{
        for (size_t i = 0; i < s.n; i++) {
                if (!((s.p[i] >= '0' && s.p[i] <= '9') || (s.p[i] >= 'a' && s.p[i] <= 'f')))
                        return false;
        }
        return true;
}

static bool is_literal(struct slice s)
{
        for (size_t i = 0; i < s.n; i++) {
                if (!((s.p[i] >= 'A' && s.p[i] <= 'Z') || (s.p[i] >= '0' && s.p[i] <= '9') || s.p[i] == '-'))
                        return false;
        }
        return slice_starts_with(s, SLICE("UNSIGNED-")) || slice_starts_with(s, SLICE("STREAMING-"));
}

int signer_check_payload_hash(struct slice hash, struct error *e)
{
        if ((hash.n == DIGEST_HEX_SIZE && is_lower_hex(hash)) || (hash.n <= 2 * DIGEST_HEX_SIZE && is_literal(hash)))
                return 0;
        error_set(e, ERROR_CONFIG, "the payload hash is neither SHA-256 in hex nor one of AWS's literals");
        return error_hint(e, "give 64 lower-case hex digits, UNSIGNED-PAYLOAD or a STREAMING-... literal");
}

int signer_check_request(const struct sigv4_request *request, struct error *e)
{
        if (!is_token(request->method)) {
                error_set(e, ERROR_CONFIG, "the method is empty or holds bytes that no method has");
                return error_hint(e, "give an HTTP method such as POST");
        }
        return signer_check_scope(request->region, request->service, e);
}

bool signer_is_s3(struct slice service)
{
        static const struct slice family[] = {SLICE_INIT("s3"), SLICE_INIT("s3-outposts"),
                                              SLICE_INIT("s3-object-lambda"), SLICE_INIT("s3express")};
        if (service.n < 2 || service.p[0] != 's' || service.p[1] != '3')
                return false;
        for (size_t i = 0; i < sizeof(family) / sizeof(family[0]); i++) {
                if (slice_eq(service, family[i]))
                        return true;
        }
        return false;
}

// Hop-by-hop and tracing headers: proxies change them.
static bool is_never_signed(struct slice name)
{
        static const struct slice list[] = {
            SLICE_INIT("baggage"),    SLICE_INIT("connection"), SLICE_INIT("expect"),
            SLICE_INIT("keep-alive"), SLICE_INIT("te"),         SLICE_INIT("traceparent"),
            SLICE_INIT("tracestate"), SLICE_INIT("trailer"),    SLICE_INIT("transfer-encoding"),
            SLICE_INIT("upgrade"),    SLICE_INIT("user-agent"), SLICE_INIT("x-amzn-trace-id"),
        };
        for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
                if (name.n == list[i].n && slice_eq_ignore_case(name, list[i]))
                        return true;
        }
        return slice_eq_ignore_case(slice_head(name, 6), SLICE("proxy-"));
}

static int check_made_here(struct slice name, struct error *e)
{
        static const struct slice list[] = {SLICE_INIT("authorization"), SLICE_INIT("x-amz-date"),
                                            SLICE_INIT("x-amz-security-token")};
        for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
                if (name.n != list[i].n || !slice_eq_ignore_case(name, list[i]))
                        continue;
                error_set(e, ERROR_CONFIG, "the request already has the header %s", (const char *)list[i].p);
                return error_hint(e, "leave it out: signing makes it");
        }
        return 0;
}

static bool holds_controls(struct slice value)
{
        unsigned char found = 0;
        for (size_t i = 0; i < value.n; i++) {
                unsigned char byte = value.p[i];
                found |=
                    (unsigned char)(((byte < ' ') & (byte != '\t') & (byte != '\r') & (byte != '\n')) | (byte == 0x7f));
        }
        return found;
}

static int check_header(const struct header *header, struct error *e)
{
        if (!is_token(header->name)) {
                error_set(e, ERROR_CONFIG, "a header's name is empty or holds bytes that no name has");
                return error_hint(e, "header names are letters, digits and -");
        }
        if (holds_controls(header->value)) {
                error_set(e, ERROR_CONFIG, "the header %.*s holds a control byte", (int)slice_head(header->name, 80).n,
                          (const char *)header->name.p);
                return error_hint(e, "remove it: servers refuse such headers");
        }
        return check_made_here(header->name, e);
}

static int check_content_sha256(const struct sigv4_request *request, struct slice value, struct header_choice *choice,
                                struct error *e)
{
        if (choice->has_content_sha256) {
                error_set(e, ERROR_CONFIG, "the request has the header x-amz-content-sha256 twice");
                return error_hint(e, "send it once, or leave it out");
        }
        choice->has_content_sha256 = true;
        if (slice_eq(slice_trim(value), request->payload_hash))
                return 0;
        error_set(e, ERROR_CONFIG, "the header x-amz-content-sha256 is not the payload hash that was given");
        return error_hint(e, "give the same value for both, or leave the header out");
}

// botocore, the reference for presigned URLs, leaves out this value: SDKs set it unasked, and whoever opens the URL
// does not send it.
static bool is_left_out_of_urls(const struct header *header)
{
        return slice_eq_ignore_case(header->name, SLICE("content-type")) &&
               slice_eq(header->value, SLICE("application/x-www-form-urlencoded; charset=utf-8"));
}

int signer_choose_headers(const struct sigv4_request *request, struct header_choice *choice,
                          struct canonical_headers *headers, struct error *e)
{
        bool has_host = false;
        if (request->headers_count > LIMIT_SIGN_HEADERS_N) {
                error_set(e, ERROR_CONFIG, "the request has %zu headers", request->headers_count);
                return error_hint(e, "at most %d can be signed: list those that have to be", LIMIT_SIGN_HEADERS_N);
        }
        for (size_t i = 0; i < request->headers_count; i++) {
                const struct header *header = &request->headers[i];
                if (check_header(header, e) < 0)
                        return -1;
                if (is_never_signed(header->name) || (choice->by_query && is_left_out_of_urls(header)))
                        continue;
                if (slice_eq_ignore_case(header->name, SLICE("x-amz-content-sha256")) &&
                    check_content_sha256(request, header->value, choice, e) < 0)
                        return -1;
                has_host |= slice_eq_ignore_case(header->name, SLICE("host"));
                canonical_headers_add(headers, header->name, header->value, CANONICAL_VALUE_BLANKS);
        }
        if (!has_host)
                canonical_headers_add(headers, SLICE("host"), choice->url->host, CANONICAL_VALUE_LOWER);
        return 0;
}
