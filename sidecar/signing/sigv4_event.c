// SPDX-License-Identifier: Apache-2.0
#include "sidecar/signing/sigv4_event.h"

#include <endian.h>

#include "sidecar/signing/put.h"
#include "sidecar/signing/signer.h"

#define ALGORITHM "AWS4-HMAC-SHA256-PAYLOAD"
#define TEXT_MAX (sizeof(ALGORITHM) + AMZ_DATE_SIZE + KEY_SCOPE_MAX + (size_t)3 * DIGEST_HEX_SIZE + 5)

enum { TYPE_BYTES = 6, TYPE_TIMESTAMP = 8, DATE_HEADER_SIZE = 15 }; // of values of headers

_Static_assert(SIGV4_EVENT_SIGNATURE_SIZE == DIGEST_HEX_SIZE, "one form of signature");

static uint8_t *put_name(uint8_t *p, struct slice name, uint8_t type)
{
        p = put_slice(put_byte(p, (char)name.n), name);
        return put_byte(p, (char)type);
}

static uint8_t *put_date_header(uint8_t *p, int64_t date_ms)
{
        uint64_t value = htobe64((uint64_t)date_ms);
        p = put_name(p, SLICE(":date"), TYPE_TIMESTAMP);
        return put_slice(p, slice_of(&value, sizeof(value)));
}

static void put_signature_header(uint8_t *p, const uint8_t signature[DIGEST_SIZE])
{
        uint16_t size = htobe16(DIGEST_SIZE);
        p = put_name(p, SLICE(":chunk-signature"), TYPE_BYTES);
        p = put_slice(p, slice_of(&size, sizeof(size)));
        (void)put_slice(p, slice_of(signature, DIGEST_SIZE));
}

static bool is_hash(struct slice hex)
{
        static const bool digit[256] = {['0' ... '9'] = true, ['a' ... 'f'] = true};
        return hex.n == DIGEST_HEX_SIZE && scan_span(hex, digit) == hex.n;
}

int sigv4_sign_event(struct signer *s, const struct sigv4_event *event, struct credentials *c,
                     struct sigv4_event_result *ret, struct error *e)
{
        uint8_t text[TEXT_MAX], date_hash[DIGEST_SIZE], signature[DIGEST_SIZE];
        struct signing_key key = {.hmac = NULL};
        if (!is_hash(event->prior_signature) || !is_hash(event->payload_hash))
                return error_set(e, ERROR_CONFIG,
                                 "the prior signature and the hash of a message are 64 hex digits each");
        struct slice amz_date = signer_amz_date(s, event->date_ms / 1000, e);
        if (amz_date.n == 0)
                return -1;
        const struct key_scope scope = signer_scope(amz_date, event->region, event->service);
        if (key_cache_get(s->keys, s->digest, c, &scope, &key, e) < 0)
                return -1;
        const uint8_t *end = put_date_header(ret->headers, event->date_ms);
        if (digest_sha256(s->digest, slice_of(ret->headers, (size_t)(end - ret->headers)), date_hash) < 0)
                return error_set(e, ERROR_INTERNAL, "OpenSSL could not compute SHA-256");
        uint8_t *p = put_byte(put_slice(text, SLICE(ALGORITHM)), '\n');
        p = put_byte(put_slice(p, amz_date), '\n');
        p = put_byte(put_slice(p, key.scope), '\n');
        p = put_byte(put_slice(p, event->prior_signature), '\n');
        p = put_byte(put_hex(p, date_hash), '\n');
        p = put_slice(p, event->payload_hash);
        if (digest_key_hmac(s->digest, key.hmac, slice_of(text, (size_t)(p - text)), signature) < 0)
                return error_set(e, ERROR_INTERNAL, "OpenSSL could not compute the signature");
        put_hex((uint8_t *)ret->signature, signature);
        put_signature_header(ret->headers + DATE_HEADER_SIZE, signature);
        return 0;
}
