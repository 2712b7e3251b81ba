// SPDX-License-Identifier: Apache-2.0
// The steps that all ways of signing share. A signer belongs to one thread.
#include "sidecar/signing/signer.h"

#include <assert.h>
#include <stdlib.h>

#include "proto/mem/time.h"
#include "sidecar/signing/put.h"

_Static_assert(AMZ_DATE_SIZE + 1 == TIME_AMZ_SIZE, "one form of date");

struct signer *signer_new(void)
{
        struct signer *s = calloc(1, sizeof(*s));
        if (!s)
                return NULL;
        buffer_init(&s->scratch, LIMIT_SIGN_CANONICAL);
        s->digest = digest_new();
        s->keys = key_cache_new();
        s->ecdsa_keys = ecdsa_cache_new();
        if (!s->digest || !s->keys || !s->ecdsa_keys) {
                signer_free(s);
                return NULL;
        }
        return s;
}

void signer_free(struct signer *s)
{
        if (!s)
                return;
        key_cache_free(s->keys);
        ecdsa_cache_free(s->ecdsa_keys);
        digest_free(s->digest);
        buffer_free(&s->scratch);
        free(s);
}

struct slice signer_amz_date(struct signer *s, int64_t time_s, struct error *e)
{
        if (time_s != s->time_s || s->amz_date[0] == '\0') {
                if (time_format_amz(time_s, s->amz_date) < 0) {
                        s->amz_date[0] = '\0';
                        error_set(e, ERROR_CONFIG, "the time to sign for is not within the years 1970 to 9999");
                        error_hint(e, "check the clock of this machine, or the time that was asked for");
                        return slice_of(NULL, 0);
                }
                s->time_s = time_s;
        }
        return slice_of(s->amz_date, AMZ_DATE_SIZE);
}

const struct sigv4_url *signer_url(const struct sigv4_request *request, struct sigv4_url *room, struct error *e)
{
        if (request->parts)
                return request->parts;
        return sigv4_parse_url(request->url, room, e) < 0 ? NULL : room;
}

static const bool region_set_byte[256] = {
    ['a' ... 'z'] = true, ['0' ... '9'] = true, ['-'] = true, ['*'] = true, [','] = true,
};

static int check_region_set(struct slice set, struct error *e)
{
        bool is_good =
            set.n <= SIGV4_REGION_SET_MAX && scan_span(set, region_set_byte) == set.n && set.p[set.n - 1] != ',';
        for (struct slice rest = set; is_good && rest.n > 0; rest = slice_from(rest, slice_find(rest, ',') + 1))
                is_good = rest.p[0] != ',';
        if (is_good)
                return 0;
        error_set(e, ERROR_CONFIG, "invalid region set: \"%.*s\"", (int)slice_head(set, 80).n, (const char *)set.p);
        return error_hint(e, "give regions or patterns with commas between them, such as us-east-1,eu-* or *");
}

int signer_begin(struct signer *s, const struct sigv4_request *request, struct credentials *c, struct slice amz_date,
                 struct request_signing *ret, struct error *e)
{
        ret->amz_date = amz_date;
        const struct key_scope scope = signer_scope(amz_date, request->region, request->service);
        if (request->region_set.n == 0) {
                struct signing_key key = {.hmac = NULL};
                int r = key_cache_get(s->keys, s->digest, c, &scope, &key, e);
                ret->algorithm = SLICE("AWS4-HMAC-SHA256");
                ret->hmac = key.hmac;
                ret->scope = key.scope;
                return r;
        }
        if (check_region_set(request->region_set, e) < 0 || key_service_check(request->service, e) < 0)
                return -1;
        ret->algorithm = SLICE("AWS4-ECDSA-P256-SHA256");
        ret->hmac = NULL;
        ret->ecdsa = ecdsa_cache_get(s->ecdsa_keys, s->digest, c, e);
        uint8_t *p = put_byte(put_slice(ret->scope_text, scope.date), '/');
        p = put_slice(put_slice(p, scope.service), SLICE(KEY_SCOPE_END));
        ret->scope = slice_of(ret->scope_text, (size_t)(p - ret->scope_text));
        return ret->ecdsa ? 0 : -1;
}

int signer_finish(struct signer *s, const struct request_signing *signing, struct slice string_to_sign,
                  char out[SIGNATURE_MAX], size_t *ret_n, struct error *e)
{
        uint8_t mac[DIGEST_SIZE];
        if (!signing->hmac && ecdsa_sign(signing->ecdsa, string_to_sign, out, ret_n) == 0)
                return 0;
        if (!signing->hmac || digest_key_hmac(s->digest, signing->hmac, string_to_sign, mac) < 0)
                return error_set(e, ERROR_INTERNAL, "OpenSSL could not compute the signature");
        put_hex((uint8_t *)out, mac);
        *ret_n = DIGEST_HEX_SIZE;
        return 0;
}

uint8_t *signer_reserve(struct buffer *out, size_t n, struct error *e)
{
        uint8_t *p = buffer_reserve(out, n);
        if (p)
                return p;
        if (n <= out->max - out->n) {
                error_set(e, ERROR_INTERNAL, "out of memory for signing");
                return NULL;
        }
        error_set(e, ERROR_CONFIG, "the request is too large to sign: %zu bytes of URL and headers", n);
        error_hint(e, "list only the headers that have to be signed");
        return NULL;
}

// "ALGORITHM\namz_date\nscope\nhex(SHA-256(canonical request))". NULL: OpenSSL failed.
#define STRING_TO_SIGN_MAX (64 + AMZ_DATE_SIZE + KEY_SCOPE_MAX + DIGEST_HEX_SIZE + 3)
static uint8_t *put_string_to_sign(struct signer *s, uint8_t *p, const struct string_to_sign *in,
                                   struct slice canonical)
{
        uint8_t hash[DIGEST_SIZE];
        if (digest_sha256(s->digest, canonical, hash) < 0)
                return NULL;
        p = put_byte(put_slice(p, in->algorithm), '\n');
        p = put_byte(put_slice(p, in->amz_date), '\n');
        p = put_byte(put_slice(p, in->scope), '\n');
        return put_hex(p, hash);
}

int signer_put_texts(struct signer *s, const struct canonical_request *canonical, const struct string_to_sign *in,
                     size_t more, struct buffer *into, struct signing_texts *ret, struct error *e)
{
        size_t bound = canonical_request_bound(canonical) + STRING_TO_SIGN_MAX;
        uint8_t *start = signer_reserve(into, bound + more, e);
        if (!start)
                return -1;
        uint8_t *p = canonical_request_put(start, canonical, &ret->signed_headers);
        if (!p)
                return error_set(e, ERROR_INTERNAL, "out of memory for signing");
        ret->canonical_request = slice_of(start, (size_t)(p - start));
        const uint8_t *end = put_string_to_sign(s, p, in, ret->canonical_request);
        if (!end)
                return error_set(e, ERROR_INTERNAL, "OpenSSL could not compute SHA-256");
        assert((size_t)(end - start) <= bound);
        ret->string_to_sign = slice_of(p, (size_t)(end - p));
        buffer_commit(into, (size_t)(end - start));
        return 0;
}

int sigv4_payload_hash(struct signer *s, struct slice body, char out[DIGEST_HEX_SIZE], struct error *e)
{
        uint8_t hash[DIGEST_SIZE];
        if (digest_sha256(s->digest, body, hash) < 0)
                return error_set(e, ERROR_INTERNAL, "OpenSSL could not compute SHA-256");
        put_hex((uint8_t *)out, hash);
        return 0;
}
