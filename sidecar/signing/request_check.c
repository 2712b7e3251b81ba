// SPDX-License-Identifier: Apache-2.0
// Checks a request before it is signed, and chooses the headers to sign.
#include "proto/mem/length.h"
#include "sidecar/signing/scan.h"
#include "sidecar/signing/signer.h"

static const bool token_byte[256] = {
    // RFC 9110, section 5.6.2
    ['A' ... 'Z'] = true, ['a' ... 'z'] = true, ['0' ... '9'] = true, ['!'] = true, ['#'] = true, ['$'] = true,
    ['%'] = true,         ['&'] = true,         ['\''] = true,        ['*'] = true, ['+'] = true, ['-'] = true,
    ['.'] = true,         ['^'] = true,         ['_'] = true,         ['`'] = true, ['|'] = true, ['~'] = true,
};

static bool is_token(struct slice s)
{
        return s.n > 0 && scan_span(s, token_byte) == s.n;
}

static const bool lower_hex_digit[256] = {['0' ... '9'] = true, ['a' ... 'f'] = true};

enum { LITERAL_MAX = 63 };

// Such as UNSIGNED-PAYLOAD.
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
        if (hash.n == DIGEST_HEX_SIZE ? scan_span(hash, lower_hex_digit) == hash.n
                                      : hash.n <= LITERAL_MAX && is_literal(hash))
                return 0;
        error_set(e, ERROR_CONFIG, "the payload hash is neither SHA-256 in hex nor one of AWS's literals");
        return error_hint(e, "give 64 lower-case hex digits, UNSIGNED-PAYLOAD or a STREAMING-... literal");
}

int sigv4_check_method(struct slice method, struct error *e)
{
        if (is_token(method))
                return 0;
        error_set(e, ERROR_CONFIG, "invalid method: \"%.*s\"", (int)slice_head(method, 80).n, (const char *)method.p);
        return error_hint(e, "give an HTTP method such as POST");
}

enum header_kind {
        HEADER_SIGNED,       // any other; its name has not been checked
        HEADER_NEVER_SIGNED, // hop-by-hop and tracing headers: proxies change them
        HEADER_MADE_HERE,
        HEADER_HOST,
        HEADER_CONTENT_SHA256,
        HEADER_CONTENT_LENGTH,
        HEADER_CONTENT_TYPE
};

struct known_header {
        struct slice name;
        enum header_kind kind;
};

enum { KNOWN_LENGTHS = 21, KNOWN_OF_LENGTH = 5 };

// Rows by the length of the names; an empty name ends each row.
static const struct known_header known_headers[KNOWN_LENGTHS][KNOWN_OF_LENGTH + 1] = {
    [2] = {{SLICE_INIT("te"), HEADER_NEVER_SIGNED}},
    [4] = {{SLICE_INIT("host"), HEADER_HOST}},
    [6] = {{SLICE_INIT("expect"), HEADER_NEVER_SIGNED}},
    [7] = {{SLICE_INIT("baggage"), HEADER_NEVER_SIGNED},
           {SLICE_INIT("trailer"), HEADER_NEVER_SIGNED},
           {SLICE_INIT("upgrade"), HEADER_NEVER_SIGNED}},
    [10] = {{SLICE_INIT("connection"), HEADER_NEVER_SIGNED},
            {SLICE_INIT("keep-alive"), HEADER_NEVER_SIGNED},
            {SLICE_INIT("tracestate"), HEADER_NEVER_SIGNED},
            {SLICE_INIT("user-agent"), HEADER_NEVER_SIGNED},
            {SLICE_INIT("x-amz-date"), HEADER_MADE_HERE}},
    [11] = {{SLICE_INIT("traceparent"), HEADER_NEVER_SIGNED}},
    [12] = {{SLICE_INIT("content-type"), HEADER_CONTENT_TYPE}},
    [13] = {{SLICE_INIT("authorization"), HEADER_MADE_HERE}},
    [14] = {{SLICE_INIT("content-length"), HEADER_CONTENT_LENGTH}},
    [15] = {{SLICE_INIT("x-amzn-trace-id"), HEADER_NEVER_SIGNED}},
    [16] = {{SLICE_INIT("x-amz-region-set"), HEADER_MADE_HERE}},
    [17] = {{SLICE_INIT("transfer-encoding"), HEADER_NEVER_SIGNED}},
    [20] = {{SLICE_INIT("x-amz-content-sha256"), HEADER_CONTENT_SHA256},
            {SLICE_INIT("x-amz-security-token"), HEADER_MADE_HERE}},
};

// Whether a name of the same length, in any case, is this one in lower case.
static bool is_name(struct slice name, struct slice lower)
{
        size_t n = name.n;
        if (n < 8 || n > 16)
                return slice_eq_ignore_case(name, lower);
        return scan_lower(scan_load(name.p)) == scan_load(lower.p) &&
               scan_lower(scan_load(name.p + n - 8)) == scan_load(lower.p + n - 8);
}

static enum header_kind kind_of(struct slice name)
{
        if (name.n > 6 && name.p[5] == '-' && slice_eq_ignore_case(slice_head(name, 6), SLICE("proxy-")))
                return HEADER_NEVER_SIGNED;
        if (name.n >= KNOWN_LENGTHS)
                return HEADER_SIGNED;
        for (const struct known_header *known = known_headers[name.n]; known->name.n > 0; known++) {
                if (is_name(name, known->name))
                        return known->kind;
        }
        return HEADER_SIGNED;
}

// A line break is allowed only in a folded line.
static bool has_line_break(struct slice value)
{
        for (size_t i = slice_find(value, '\n'); i < value.n; i++) {
                bool is_folded = i + 1 < value.n && (value.p[i + 1] == ' ' || value.p[i + 1] == '\t');
                if (value.p[i] == '\n' && !is_folded)
                        return true;
        }
        for (size_t i = slice_find(value, '\r'); i < value.n; i++)
                if (value.p[i] == '\r' && (i + 1 == value.n || value.p[i + 1] != '\n'))
                        return true;
        return false;
}

static int check_header(const struct header *header, enum header_kind kind, bool *ret_blanks, struct error *e)
{
        const int shown = (int)slice_head(header->name, 80).n;
        const char *name = (const char *)header->name.p;
        if (kind == HEADER_SIGNED && !is_token(header->name)) {
                error_set(e, ERROR_CONFIG, "invalid header name: \"%.*s\"", shown, name);
                return error_hint(e, "header names are letters, digits and -");
        }
        if (!canonical_value_scan(header->value, ret_blanks)) {
                error_set(e, ERROR_CONFIG, "the header %.*s contains a control character", shown, name);
                return error_hint(e, "remove it: servers refuse such headers");
        }
        if (*ret_blanks && has_line_break(header->value)) {
                error_set(e, ERROR_CONFIG, "the header %.*s contains a line break", shown, name);
                return error_hint(e, "remove it; list the values of a header that is sent several times");
        }
        if (kind == HEADER_MADE_HERE) {
                error_set(e, ERROR_CONFIG, "the request already has the header %.*s", shown, name);
                return error_hint(e, "remove it: signing adds it");
        }
        return 0;
}

static int check_host(struct slice value, struct header_choice *choice, struct error *e)
{
        if (choice->has_host) {
                error_set(e, ERROR_CONFIG, "the request has the header host twice");
                return error_hint(e, "send it once");
        }
        choice->has_host = true;
        if (slice_trim(value).n > 0)
                return 0;
        error_set(e, ERROR_CONFIG, "the header host is empty");
        return error_hint(e, "give the host that the request is sent to, or leave the header out");
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

// botocore, the reference for presigned URLs, leaves out this value: SDKs set it by themselves, and the client that
// opens the URL does not send it.
static bool is_left_out_of_urls(struct slice content_type)
{
        return slice_eq(content_type, SLICE("application/x-www-form-urlencoded; charset=utf-8"));
}

static bool is_left_unsigned(enum header_kind kind, struct slice value, const struct header_choice *choice)
{
        return kind == HEADER_NEVER_SIGNED ||
               (kind == HEADER_CONTENT_LENGTH && choice->rules->leaves_length_unsigned) ||
               (kind == HEADER_CONTENT_TYPE && choice->by_query && is_left_out_of_urls(value));
}

int signer_choose_headers(const struct sigv4_request *request, struct header_choice *choice,
                          struct canonical_headers *headers, struct error *e)
{
        if (request->headers_count > LIMIT_SIGN_HEADERS_N) {
                error_set(e, ERROR_CONFIG, "the request has %zu headers", request->headers_count);
                return error_hint(e, "at most %d can be signed: list those that have to be", LIMIT_SIGN_HEADERS_N);
        }
        for (size_t i = 0; i < request->headers_count; i++) {
                const struct header *header = &request->headers[i];
                enum header_kind kind = kind_of(header->name);
                bool blanks = false;
                if (check_header(header, kind, &blanks, e) < 0)
                        return -1;
                if (is_left_unsigned(kind, header->value, choice))
                        continue;
                if (kind == HEADER_CONTENT_SHA256 && check_content_sha256(request, header->value, choice, e) < 0)
                        return -1;
                if (kind == HEADER_HOST && check_host(header->value, choice, e) < 0)
                        return -1;
                canonical_headers_add(headers, header->name, header->value,
                                      blanks ? CANONICAL_VALUE_BLANKS : CANONICAL_VALUE_CLEAN);
        }
        if (!choice->has_host)
                canonical_headers_add(headers, SLICE("host"), choice->host, CANONICAL_VALUE_CLEAN);
        return 0;
}
