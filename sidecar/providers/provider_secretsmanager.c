// SPDX-License-Identifier: Apache-2.0
// Long-term keys out of a secret of AWS Secrets Manager (GetSecretValue, signed with the credentials of another
// profile). They do not show when they are rotated, so the vault asks again from time to time. Loop thread only.
#include "proto/wire/limits.h"
#include "sidecar/config/profile.h"
#include "sidecar/providers/get_secret_value.h"
#include "sidecar/providers/hints.h"
#include "sidecar/providers/secret_keys.h"
#include "sidecar/providers/signed_call.h"
#include "sidecar/providers/sources.h"

struct secret_reader {
        struct provider base; // first: the interface is cast back
        struct signed_call call;
};

static int secret_write(void *owner, struct upstream_request *r, struct error *e)
{
        struct secret_reader *s = owner;
        if (get_secret_value_body(s->base.profile, &r->body, e) < 0)
                return -1;
        upstream_request_add_field(r, "content-type", SLICE("application/x-amz-json-1.1"));
        upstream_request_add_field(r, "x-amz-target", SLICE("secretsmanager.GetSecretValue"));
        return signed_call_sign(&s->call, r, e);
}

static int secret_accept(void *owner, struct upstream_outcome *o, struct error *e)
{
        static const struct answer_terms terms = {
            .subject = "the secret",
            .wrong = ERROR_CONFIG,
            .wrong_hint = "correct the secret: an access key has no blanks, quotes or control characters",
        };
        const struct provider *p = owner;
        struct answer keys = {0};
        struct buffer scratch;
        if (slice_is_empty(o->answer->document))
                return answer_incomplete("SecretString and SecretBinary", e);
        buffer_init(&scratch, LIMIT_UPSTREAM_BODY);
        int r = secret_keys_read(o->answer->document, p->profile, &scratch, &keys, e);
        if (r == 0)
                r = answer_credentials(&keys, &terms, &p->time, p->deps.clock, &o->c, e);
        buffer_free(&scratch);
        return r;
}

static void secret_explain(void *owner, struct error *e)
{
        struct secret_reader *s = owner;
        hints_explain(&(struct hints_context){.call = HINTS_GET_SECRET_VALUE, .profile = s->base.profile}, e);
        signed_call_explain(&s->call, e);
}

static void secret_done(void *owner, struct credentials *c, const struct error *e)
{
        signed_call_done(&((struct secret_reader *)owner)->call, c, e);
}

static struct slice secret_subject(const struct profile *p)
{
        return slice_str(p->secretsmanager.secret_id);
}

static const struct upstream_call_ops secret_call = {
    .service = "secretsmanager",
    .action = "GetSecretValue for",
    .is_signed = true,
    .subject = secret_subject,
    .write = secret_write,
    .read = get_secret_value_read,
    .accept = secret_accept,
    .explain = secret_explain,
    .done = secret_done,
};

static int secret_init(struct provider *p, struct error *e)
{
        (void)e;
        signed_call_init(&((struct secret_reader *)p)->call, &secret_call, p);
        return 0;
}

static int secret_start(struct provider *p, struct error *e)
{
        return signed_call_start(&((struct secret_reader *)p)->call, e);
}

static void secret_cancel(struct provider *p)
{
        signed_call_cancel(&((struct secret_reader *)p)->call);
}

const struct provider_ops source_secretsmanager = {
    .start = secret_start,
    .cancel = secret_cancel,
    .size = sizeof(struct secret_reader),
    .is_chained = true,
    .init = secret_init,
};
