// SPDX-License-Identifier: Apache-2.0
// Long-term keys out of a secret of AWS Secrets Manager (GetSecretValue, signed with the credentials of another
// profile). Nothing in them says when they are rotated, so the vault asks again from time to time. Loop thread only.
#include <stdlib.h>

#include "proto/mem/length.h"
#include "proto/wire/limits.h"
#include "sidecar/config/profile.h"
#include "sidecar/providers/get_secret_value.h"
#include "sidecar/providers/hints.h"
#include "sidecar/providers/secret_keys.h"
#include "sidecar/providers/signed_exchange.h"
#include "sidecar/providers/sources.h"

struct secret_reader {
        struct provider base; // first: the interface is cast back
        struct signed_exchange call;
};

static int secret_prepare(void *owner, int64_t time_s, struct exchange_post *post, struct error *e)
{
        struct secret_reader *s = owner;
        buffer_reset(&s->call.body);
        if (get_secret_value_body(s->base.profile, &s->call.body, e) < 0)
                return -1;
        return signed_exchange_sign(&s->call, time_s, post, e);
}

static int secret_read(const struct http_response *response, struct buffer *scratch, struct answer *ret,
                       struct error *e)
{
        return get_secret_value_read(response->body, scratch, ret, e);
}

static int secret_accept(void *owner, const struct answer *answer, struct credentials **ret, struct error *e)
{
        static const struct answer_terms terms = {
            .subject = "the secret",
            .wrong = ERROR_CONFIG,
            .wrong_hint = "correct the secret: an access key has no blanks, quotes or control characters",
        };
        const struct secret_reader *s = owner;
        struct answer keys = {0};
        struct buffer scratch;
        if (slice_is_empty(answer->document)) {
                (void)error_set(e, ERROR_PROTOCOL, "the answer has neither SecretString nor SecretBinary");
                return error_hint(e, "check endpoint_url and the proxy settings (HTTPS_PROXY, NO_PROXY): something "
                                     "other than AWS may have answered");
        }
        buffer_init(&scratch, LIMIT_UPSTREAM_BODY);
        int r = secret_keys_read(answer->document, s->base.profile, &scratch, &keys, e);
        if (r == 0)
                r = answer_credentials(&keys, &terms, &s->call.exchange.time, s->call.exchange.deps.clock, ret, e);
        buffer_free(&scratch);
        return r;
}

static void secret_explain(void *owner, struct error *e)
{
        struct secret_reader *s = owner;
        hints_get_secret_value(s->base.profile, e);
        signed_exchange_explain(&s->call, e);
}

static void secret_done(void *owner, struct credentials *c, const struct error *e)
{
        signed_exchange_done(&((struct secret_reader *)owner)->call, c, e);
}

static const char *secret_subject(const struct profile *p)
{
        return p->secretsmanager.secret_id;
}

static const struct exchange_ops secret_exchange = {
    .service = "secretsmanager",
    .action = "GetSecretValue",
    .path = "/",
    .subject = secret_subject,
    .is_signed = true,
    .prepare = secret_prepare,
    .read = secret_read,
    .accept = secret_accept,
    .explain = secret_explain,
    .done = secret_done,
};

static const struct header secret_headers[] = {
    {SLICE_INIT("content-type"), SLICE_INIT("application/x-amz-json-1.1")},
    {SLICE_INIT("x-amz-target"), SLICE_INIT("secretsmanager.GetSecretValue")},
};

static int secret_start(struct provider *p, struct error *e)
{
        return signed_exchange_start(&((struct secret_reader *)p)->call, e);
}

static void secret_cancel(struct provider *p)
{
        signed_exchange_cancel(&((struct secret_reader *)p)->call);
}

static void secret_destroy(struct provider *p)
{
        struct secret_reader *s = (struct secret_reader *)p;
        signed_exchange_deinit(&s->call);
        free(s);
}

int provider_secretsmanager_new(const struct provider_deps *deps, const struct profile *profile,
                                const struct credentials_source *source, struct provider **ret, struct error *e)
{
        static const struct provider_ops ops = {secret_start, secret_cancel, secret_destroy};
        if (!source)
                return error_set(e, ERROR_INTERNAL, "secretsmanager without base credentials");
        struct secret_reader *s = calloc(1, sizeof(*s));
        if (!s)
                return error_set(e, ERROR_INTERNAL, "out of memory");
        *s = (struct secret_reader){.base = {.ops = &ops, .profile = profile}};
        s->call = (struct signed_exchange){.provider = &s->base,
                                           .source = *source,
                                           .headers = secret_headers,
                                           .headers_count = LENGTH(secret_headers)};
        if (signed_exchange_init(&s->call, &secret_exchange, deps, e) < 0) {
                free(s);
                return -1;
        }
        *ret = &s->base;
        return 0;
}
