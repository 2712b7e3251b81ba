// SPDX-License-Identifier: Apache-2.0
// RFC 7519; the payload is base64url without padding (RFC 7515 section 2).
#include "sidecar/providers/jwt.h"

#include <errno.h>

#include "proto/mem/text.h"
#include "proto/wire/json_read.h"
#include "proto/wire/limits.h"

static int decode_base64url(struct slice text, struct buffer *out)
{
        struct buffer standard;
        buffer_init(&standard, text.n + 3);
        for (size_t i = 0; i < text.n; i++) {
                uint8_t byte = text.p[i];
                (void)buffer_put_byte(&standard, byte == '-' ? '+' : byte == '_' ? '/' : byte);
        }
        while (standard.n % 4 != 0 && !standard.failed)
                (void)buffer_put_byte(&standard, '=');
        int r = standard.failed ? -ENOMEM : text_base64_decode(buffer_slice(&standard), out);
        if (out->no_memory)
                r = -ENOMEM;
        buffer_free(&standard);
        return r < 0 && r != -ENOMEM ? -1 : r;
}

// Whether all of it may be in base64url.
static bool is_base64url(struct slice text)
{
        return text.n > 0 && text.n % 4 != 1 && text_is_all_of(text, "-_");
}

int jwt_check_shape(struct slice token)
{
        struct slice header = slice_head(token, slice_find(token, '.'));
        struct slice rest = slice_from(token, header.n + 1);
        struct slice payload = slice_head(rest, slice_find(rest, '.'));
        struct slice signature = slice_from(rest, payload.n + 1);
        if (token.n > LIMIT_TOKEN_FILE || !is_base64url(header) || !is_base64url(payload) || !is_base64url(signature))
                return -1;
        struct buffer text;
        struct json_doc doc;
        struct json_fault fault = {.no_memory = false};
        buffer_init(&text, token.n);
        json_doc_init(&doc);
        int r = decode_base64url(header, &text);
        if (r == 0 && json_parse(&doc, buffer_slice(&text), &fault) < 0)
                r = fault.no_memory ? -ENOMEM : -1;
        if (r == 0 && json_kind(&doc, JSON_ROOT) != JSON_OBJECT)
                r = -1;
        json_doc_free(&doc);
        buffer_free(&text);
        return r;
}

static void put_claim(const struct json_doc *doc, size_t node, char *out, size_t size)
{
        if (node == JSON_NONE)
                return;
        if (json_kind(doc, node) == JSON_ARRAY) // an audience may be a list: the first is shown
                node = json_first(doc, node);
        if (node == JSON_NONE || json_kind(doc, node) != JSON_STRING)
                return;
        struct buffer text;
        buffer_init(&text, LIMIT_TOKEN_FILE);
        if (json_string(doc, node, &text) == 0 && text.n > 0) {
                size_t n = text.n < size - 1 ? text.n : size - 1;
                while (n < text.n && n > 0 && (text.p[n] & 0xc0) == 0x80) // not inside a UTF-8 sequence
                        n--;
                memcpy(out, text.p, n);
                out[n] = '\0';
        }
        buffer_free(&text);
}

static int read_payload(struct slice payload, struct jwt_claims *ret)
{
        struct json_doc doc;
        struct json_fault fault;
        json_doc_init(&doc);
        int r = 0;
        if (json_parse(&doc, payload, &fault) < 0)
                r = fault.no_memory ? -ENOMEM : -1;
        else if (json_kind(&doc, JSON_ROOT) != JSON_OBJECT)
                r = -1;
        if (r == 0) {
                size_t expiry = json_get(&doc, JSON_ROOT, SLICE("exp"));
                ret->has_expiry = expiry != JSON_NONE && json_integer(&doc, expiry, &ret->expires_s) == 0;
                put_claim(&doc, json_get(&doc, JSON_ROOT, SLICE("aud")), ret->audience, sizeof(ret->audience));
                put_claim(&doc, json_get(&doc, JSON_ROOT, SLICE("iss")), ret->issuer, sizeof(ret->issuer));
                put_claim(&doc, json_get(&doc, JSON_ROOT, SLICE("sub")), ret->subject, sizeof(ret->subject));
        }
        json_doc_free(&doc);
        return r;
}

int jwt_read_claims(struct slice token, struct jwt_claims *ret)
{
        *ret = (struct jwt_claims){0};
        size_t first = slice_find(token, '.');
        struct slice rest = slice_from(token, first + 1);
        size_t second = slice_find(rest, '.');
        if (first >= token.n || second >= rest.n || token.n > LIMIT_TOKEN_FILE)
                return -1;
        struct buffer payload;
        buffer_init(&payload, token.n);
        int r = decode_base64url(slice_head(rest, second), &payload);
        if (r == 0)
                r = read_payload(buffer_slice(&payload), ret);
        buffer_free(&payload);
        return r;
}
