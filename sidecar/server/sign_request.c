// SPDX-License-Identifier: Apache-2.0
#include "sidecar/server/sign_request.h"

#include <stdio.h>

#include "proto/mem/length.h"
#include "proto/mem/text.h"
#include "proto/wire/json_read.h"
#include "sidecar/server/body_reader.h"

enum { DEFAULT_EXPIRES_IN_S = 900 };

#define DATE_MS_MAX INT64_C(253402300799999) // of the year 9999

struct reader {
        const struct body_reader *body;
        const struct json_doc *doc;
        struct buffer *text;
        struct sign_request *request;
        struct slice region_set;
        bool has_prior;
        struct error *e;
};

struct member {
        struct slice key;
        const char *name;
        unsigned kinds; // of enum sign_kind
        int (*read)(struct reader *in, const char *name, size_t node);
};

static int refuse(struct reader *in, const char *name, const char *expected, size_t node)
{
        return body_refuse(in->body, name, expected, node);
}

static int read_string(struct reader *in, const char *name, size_t node, struct slice *ret)
{
        return body_read_string(in->body, name, node, ret);
}

static int read_method(struct reader *in, const char *name, size_t node)
{
        return read_string(in, name, node, &in->request->method);
}

static int read_url(struct reader *in, const char *name, size_t node)
{
        return read_string(in, name, node, &in->request->url);
}

static int read_service(struct reader *in, const char *name, size_t node)
{
        return read_string(in, name, node, &in->request->service);
}

static int read_region(struct reader *in, const char *name, size_t node)
{
        return read_string(in, name, node, &in->request->region);
}

// --- headers ---

static int add_header(struct reader *in, struct slice header_name, size_t node)
{
        struct sign_request *request = in->request;
        struct slice value = {0};
        if (request->headers_count == LIMIT_SIGN_HEADERS_N)
                return error_set(in->e, ERROR_CONFIG, "\"headers\" contains more than %d headers",
                                 LIMIT_SIGN_HEADERS_N);
        if (json_kind(in->doc, node) != JSON_STRING)
                return refuse(in, "headers", "a string or a list of strings for each name", node);
        if (read_string(in, "headers", node, &value) < 0)
                return -1;
        request->headers[request->headers_count++] = (struct header){header_name, value};
        return 0;
}

static int read_headers(struct reader *in, const char *name, size_t node)
{
        if (json_kind(in->doc, node) != JSON_OBJECT)
                return refuse(in, name, "an object", node);
        for (size_t key = json_first(in->doc, node); key != JSON_NONE; key = json_next(in->doc, key)) {
                struct slice header_name;
                size_t value = json_value(in->doc, key);
                if (read_string(in, name, key, &header_name) < 0)
                        return -1;
                if (json_kind(in->doc, value) != JSON_ARRAY) {
                        if (add_header(in, header_name, value) < 0)
                                return -1;
                        continue;
                }
                for (size_t i = json_first(in->doc, value); i != JSON_NONE; i = json_next(in->doc, i))
                        if (add_header(in, header_name, i) < 0)
                                return -1;
        }
        return 0;
}

// --- the payload, in one of four ways ---

static int choose_payload(struct reader *in, enum sign_payload kind)
{
        if (in->request->payload_kind != PAYLOAD_NONE) {
                error_set(in->e, ERROR_CONFIG, "the payload is given twice");
                return error_hint(in->e, "give one of payload_sha256, payload, payload_text and unsigned_payload");
        }
        in->request->payload_kind = kind;
        return 0;
}

// Hex as it goes into a signature: lower case. Made in a block of its own, so that compilers take many bytes at once.
static bool lower_hex(const uint8_t *hex, char out[SIGN_HASH_SIZE])
{
        uint8_t block[SIGN_HASH_SIZE];
        uint8_t bad = 0;
        memcpy(block, hex, sizeof(block));
        for (size_t i = 0; i < sizeof(block); i++) {
                uint8_t lower = block[i] | 0x20; // which a digit has anyway
                bad |= ((uint8_t)(block[i] - '0') > 9) & ((uint8_t)(lower - 'a') > 5);
                block[i] = lower;
        }
        memcpy(out, block, sizeof(block));
        return !bad;
}

static int read_payload_sha256(struct reader *in, const char *name, size_t node)
{
        struct slice hex = {0};
        if (choose_payload(in, PAYLOAD_HASH) < 0 || read_string(in, name, node, &hex) < 0)
                return -1;
        if (hex.n == SIGN_HASH_SIZE && lower_hex(hex.p, in->request->payload_hash))
                return 0;
        error_set(in->e, ERROR_CONFIG, "invalid \"payload_sha256\": expected 64 hex digits");
        return error_hint(in->e, "to sign without a hash of the body, give \"unsigned_payload\": true");
}

static int read_payload(struct reader *in, const char *name, size_t node)
{
        struct slice base64 = {0};
        if (choose_payload(in, PAYLOAD_BYTES) < 0 || read_string(in, name, node, &base64) < 0)
                return -1;
        size_t start = in->text->n;
        if (text_base64_decode(base64, in->text) < 0) {
                error_set(in->e, ERROR_CONFIG, "invalid \"payload\": expected base64 with padding, in one line");
                return error_hint(in->e, "give a body that is text as payload_text");
        }
        in->request->payload = slice_of(in->text->p + start, in->text->n - start);
        return 0;
}

static int read_payload_text(struct reader *in, const char *name, size_t node)
{
        return choose_payload(in, PAYLOAD_BYTES) < 0 ? -1 : read_string(in, name, node, &in->request->payload);
}

static int read_unsigned_payload(struct reader *in, const char *name, size_t node)
{
        bool is_unsigned = false;
        if (json_boolean(in->doc, node, &is_unsigned) < 0)
                return refuse(in, name, "true or false", node);
        return is_unsigned ? choose_payload(in, PAYLOAD_UNSIGNED) : 0;
}

// --- the rest ---

static int read_algorithm(struct reader *in, const char *name, size_t node)
{
        in->request->is_sigv4a = json_string_is(in->doc, node, SLICE("sigv4a"));
        if (in->request->is_sigv4a || json_string_is(in->doc, node, SLICE("sigv4")))
                return 0;
        error_set(in->e, ERROR_CONFIG, "invalid \"%s\"", name);
        return error_hint(in->e, "use sigv4 or sigv4a, or leave \"%s\" out", name);
}

static int read_region_set(struct reader *in, const char *name, size_t node)
{
        if (read_string(in, name, node, &in->region_set) < 0)
                return -1;
        return in->region_set.n > 0 ? 0 : error_set(in->e, ERROR_CONFIG, "\"%s\" is empty", name);
}

// The set stands in for the region: the same rules choose it, and limit it.
static int check_region_set(struct reader *in)
{
        if (in->region_set.n == 0)
                return 0;
        if (!in->request->is_sigv4a) {
                error_set(in->e, ERROR_CONFIG, "\"region_set\" is given for sigv4, which signs for one region");
                return error_hint(in->e, "give \"region\", or \"algorithm\": \"sigv4a\"");
        }
        if (in->request->region.n > 0)
                return error_set(in->e, ERROR_CONFIG,
                                 "\"region\" and \"region_set\" exclude each other: give one of them");
        in->request->region = in->region_set;
        return 0;
}

static int read_time(struct reader *in, const char *name, size_t node)
{
        in->request->has_time = true;
        return body_read_time(in->body, name, node, &in->request->time_s);
}

static int read_expires_in(struct reader *in, const char *name, size_t node)
{
        return body_read_integer(in->body, name, node, 1, LIMIT_PRESIGN_EXPIRES_S, &in->request->expires_in_s);
}

static int read_prior_signature(struct reader *in, const char *name, size_t node)
{
        struct slice hex = {0};
        if (read_string(in, name, node, &hex) < 0)
                return -1;
        if (hex.n == SIGN_HASH_SIZE && lower_hex(hex.p, in->request->prior_signature)) {
                in->has_prior = true;
                return 0;
        }
        error_set(in->e, ERROR_CONFIG, "invalid \"%s\": expected 64 hex digits", name);
        return error_hint(in->e, "give the signature of the request, then that of the message before");
}

static int read_date_ms(struct reader *in, const char *name, size_t node)
{
        in->request->has_time = true;
        if (body_read_integer(in->body, name, node, 0, DATE_MS_MAX, &in->request->date_ms) < 0)
                return -1;
        in->request->time_s = in->request->date_ms / 1000;
        return 0;
}

static int read_generation(struct reader *in, const char *name, size_t node)
{
        return body_read_integer(in->body, name, node, 1, INT64_MAX, &in->request->generation);
}

enum { NOT_EVENT = SIGN_HEADERS | SIGN_URL, ALL = NOT_EVENT | SIGN_EVENT };

static const struct member members[] = {
    {SLICE_INIT("method"), "method", NOT_EVENT, read_method},
    {SLICE_INIT("url"), "url", ALL, read_url},
    {SLICE_INIT("headers"), "headers", NOT_EVENT, read_headers},
    {SLICE_INIT("payload_sha256"), "payload_sha256", ALL, read_payload_sha256},
    {SLICE_INIT("payload"), "payload", ALL, read_payload},
    {SLICE_INIT("payload_text"), "payload_text", ALL, read_payload_text},
    {SLICE_INIT("unsigned_payload"), "unsigned_payload", NOT_EVENT, read_unsigned_payload},
    {SLICE_INIT("service"), "service", ALL, read_service},
    {SLICE_INIT("region"), "region", ALL, read_region},
    {SLICE_INIT("region_set"), "region_set", NOT_EVENT, read_region_set},
    {SLICE_INIT("algorithm"), "algorithm", NOT_EVENT, read_algorithm},
    {SLICE_INIT("time"), "time", NOT_EVENT, read_time},
    {SLICE_INIT("expires_in"), "expires_in", SIGN_URL, read_expires_in},
    {SLICE_INIT("prior_signature"), "prior_signature", SIGN_EVENT, read_prior_signature},
    {SLICE_INIT("date_ms"), "date_ms", SIGN_EVENT, read_date_ms},
    {SLICE_INIT("generation"), "generation", SIGN_EVENT, read_generation},
};

static const struct member *find_member(const struct reader *in, size_t key, enum sign_kind kind)
{
        struct slice raw = json_raw(in->doc, key);
        bool is_plain = !json_has_escapes(in->doc, key);
        for (size_t i = 0; i < LENGTH(members); i++) {
                const struct member *m = &members[i];
                if (is_plain ? slice_eq(raw, m->key) : json_string_is(in->doc, key, m->key))
                        return m->kinds & kind ? m : NULL;
        }
        return NULL;
}

static int refuse_unknown(const struct reader *in, size_t key, enum sign_kind kind)
{
        char known[256] = "";
        size_t n = 0;
        for (size_t i = 0; i < LENGTH(members); i++)
                if (members[i].kinds & kind)
                        n += (size_t)snprintf(known + n, sizeof(known) - n, "%s%s", n > 0 ? ", " : "", members[i].name);
        return body_refuse_unknown(in->body, key, known, "");
}

static int check_required(struct reader *in, enum sign_kind kind)
{
        if (kind == SIGN_EVENT)
                in->request->method = SLICE("POST");
        if (in->request->method.n == 0)
                return error_set(in->e, ERROR_CONFIG, "\"method\" is missing or empty");
        if (in->request->url.n == 0)
                return error_set(in->e, ERROR_CONFIG, "\"url\" is missing or empty");
        if (kind == SIGN_EVENT && !in->has_prior)
                return error_set(in->e, ERROR_CONFIG, "\"prior_signature\" is missing");
        return check_region_set(in);
}

static int read_members(struct reader *in, enum sign_kind kind)
{
        for (size_t key = json_first(in->doc, JSON_ROOT); key != JSON_NONE; key = json_next(in->doc, key)) {
                const struct member *member = find_member(in, key, kind);
                if (!member)
                        return refuse_unknown(in, key, kind);
                if (member->read(in, member->name, json_value(in->doc, key)) < 0)
                        return -1;
        }
        return check_required(in, kind);
}

int sign_request_read(struct slice body, enum sign_kind kind, struct json_doc *doc, struct buffer *text,
                      struct sign_request *ret, struct error *e)
{
        ret->method = ret->url = ret->service = ret->region = ret->payload = (struct slice){0};
        ret->headers_count = 0;
        ret->payload_kind = PAYLOAD_NONE;
        ret->is_sigv4a = false;
        ret->has_time = false;
        ret->date_ms = ret->generation = 0;
        ret->expires_in_s = DEFAULT_EXPIRES_IN_S;
        struct body_reader reader;
        if (body_open(&reader, body, doc, text, e) < 0)
                return -1;
        struct reader in = {.body = &reader, .doc = doc, .text = text, .request = ret, .e = e};
        return read_members(&in, kind);
}
