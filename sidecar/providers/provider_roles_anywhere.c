// SPDX-License-Identifier: Apache-2.0
// A role by an X.509 certificate (IAM Roles Anywhere, CreateSession). Certificate, chain and key are read as one unit
// for every exchange, since others renew them; where that fails half way, the identity of last time serves on while its
// certificate is valid. Loop thread only.
#include <stdlib.h>

#include "proto/mem/time.h"
#include "proto/wire/limits.h"
#include "sidecar/config/profile.h"
#include "sidecar/providers/create_session.h"
#include "sidecar/providers/exchange.h"
#include "sidecar/providers/hints.h"
#include "sidecar/providers/sources.h"
#include "sidecar/signing/sigv4.h"
#include "sidecar/signing/x509.h"

struct roles_anywhere {
        struct provider base; // first: the interface is cast back
        const struct profile *profile;
        struct exchange exchange;
        struct x509_identity *identity; // of the last load that succeeded
        struct buffer body, authorization;
        char amz_date[TIME_AMZ_SIZE];
};

static int renew_identity(struct roles_anywhere *r, struct error *e)
{
        const struct x509_paths paths = {
            .certificate = r->profile->roles_anywhere.certificate,
            .certificate_chain = r->profile->roles_anywhere.certificate_chain,
            .private_key = r->profile->roles_anywhere.private_key,
            .passphrase_file = r->profile->roles_anywhere.private_key_passphrase_file,
        };
        int64_t now_s = upstream_time_now_s(&r->exchange.time, r->exchange.deps.clock);
        struct x509_identity *renewed = NULL;
        if (x509_identity_load(&paths, now_s, &renewed, e) == 0) {
                x509_identity_free(r->identity);
                r->identity = renewed;
                return 0;
        }
        // Files are replaced one after another: for a moment they do not belong together.
        return r->identity && x509_identity_not_after_s(r->identity) > now_s ? 0 : -1;
}

static int sign(struct roles_anywhere *r, int64_t time_s, struct error *e)
{
        struct sigv4_url url;
        if (sigv4_parse_url(slice_str(r->exchange.url), &url, e) < 0)
                return -1;
        const struct x509_request request = {
            .host = url.host,
            .path = url.path,
            .body = buffer_slice(&r->body),
            .region = slice_str(r->profile->issuer_region),
            .time_s = time_s,
        };
        buffer_reset(&r->authorization);
        return x509_sign_request(r->exchange.deps.signer, r->identity, &request, r->amz_date, &r->authorization, e);
}

static int roles_anywhere_prepare(void *owner, int64_t time_s, struct exchange_post *post, struct error *e)
{
        struct roles_anywhere *r = owner;
        buffer_reset(&r->body);
        if (create_session_body(r->profile, &r->body, e) < 0 || sign(r, time_s, e) < 0)
                return -1;
        struct slice chain = x509_identity_chain(r->identity);
        exchange_post_field(post, "content-type", SLICE("application/json"));
        exchange_post_field(post, "x-amz-date", slice_str(r->amz_date));
        exchange_post_field(post, "x-amz-x509", x509_identity_leaf(r->identity));
        if (!slice_is_empty(chain)) // AWS takes an empty one for a wrong signature
                exchange_post_field(post, "x-amz-x509-chain", chain);
        exchange_post_field(post, "authorization", buffer_slice(&r->authorization));
        post->body = buffer_slice(&r->body);
        return 0;
}

static int roles_anywhere_read(const struct http_response *response, struct buffer *scratch, struct answer *ret,
                               const char **what)
{
        int read = create_session_read(response->body, scratch, ret, what);
        if (response->status >= 200 && response->status < 300)
                return read;
        struct slice code = create_session_code(http_response_field(response, SLICE("x-amzn-errortype")));
        if (read < 0)
                *ret = (struct answer){0};
        if (!slice_is_empty(code)) // the header says it even when the body does not
                ret->code = code;
        return slice_is_empty(ret->code) ? read : 0;
}

static void roles_anywhere_explain(void *owner, struct error *e)
{
        const struct roles_anywhere *r = owner;
        hints_create_session(r->profile, x509_identity_subject(r->identity), x509_identity_serial(r->identity), e);
}

static void forget(struct roles_anywhere *r)
{
        buffer_free(&r->body);
        buffer_free(&r->authorization);
}

static void roles_anywhere_done(void *owner, struct credentials *c, const struct error *e)
{
        struct roles_anywhere *r = owner;
        forget(r);
        provider_finish(&r->base, c, e);
}

static const struct exchange_ops roles_anywhere_exchange = {
    .service = "rolesanywhere",
    .action = "CreateSession",
    .path = "/sessions",
    .is_signed = true,
    .prepare = roles_anywhere_prepare,
    .read = roles_anywhere_read,
    .explain = roles_anywhere_explain,
    .done = roles_anywhere_done,
};

static int roles_anywhere_start(struct provider *p, struct error *e)
{
        struct roles_anywhere *r = (struct roles_anywhere *)p;
        if (renew_identity(r, e) == 0 && exchange_start(&r->exchange, e) == 0)
                return 0;
        forget(r);
        return -1;
}

static void roles_anywhere_cancel(struct provider *p)
{
        exchange_cancel(&((struct roles_anywhere *)p)->exchange);
}

static void roles_anywhere_destroy(struct provider *p)
{
        struct roles_anywhere *r = (struct roles_anywhere *)p;
        x509_identity_free(r->identity);
        exchange_deinit(&r->exchange);
        free(r);
}

int provider_roles_anywhere_new(const struct provider_deps *deps, const struct profile *profile, struct provider **ret,
                                struct error *e)
{
        static const struct provider_ops ops = {roles_anywhere_start, roles_anywhere_cancel, roles_anywhere_destroy};
        struct roles_anywhere *r = calloc(1, sizeof(*r));
        if (!r)
                return error_set(e, ERROR_INTERNAL, "out of memory");
        r->base.ops = &ops;
        r->profile = profile;
        buffer_init(&r->body, LIMIT_UPSTREAM_BODY);
        buffer_init(&r->authorization, LIMIT_UPSTREAM_HEADER);
        if (exchange_init(&r->exchange, &roles_anywhere_exchange, r, deps, profile, e) < 0) {
                free(r);
                return -1;
        }
        *ret = &r->base;
        return 0;
}
