// SPDX-License-Identifier: Apache-2.0
// A role by an X.509 certificate (IAM Roles Anywhere, CreateSession). The identity is loaded and signs in a thread
// (key_job.h), one job for each request that is sent, since key derivations, large RSA keys and hardware tokens would
// stall the loop.
#include <stdlib.h>

#include "proto/wire/limits.h"
#include "sidecar/base/provider_facts.h"
#include "sidecar/config/profile.h"
#include "sidecar/providers/create_session.h"
#include "sidecar/providers/exchange.h"
#include "sidecar/providers/hints.h"
#include "sidecar/providers/kept_identity.h"
#include "sidecar/providers/key_job.h"
#include "sidecar/providers/sources.h"
#include "sidecar/signing/x509.h"

struct roles_anywhere {
        struct provider base; // first: the interface is cast back
        struct exchange exchange;
        struct key_job *key;
        struct buffer body;
        struct provider_facts facts;
};

// NULL: there is none, or a thread has it.
static const struct x509_identity *identity_of(const struct roles_anywhere *r)
{
        const struct kept_identity *kept = key_job_identity(r->key);
        return kept ? kept->x509 : NULL;
}

static void forget_certificate(struct roles_anywhere *r)
{
        free(r->facts.certificate.subject);
        free(r->facts.certificate.serial);
        free(r->facts.certificate.problem);
        r->facts = (struct provider_facts){.certificate.subject = NULL};
}

// Of what cannot be loaded any more the last is told. Without memory nothing is.
static void learn_certificate(struct roles_anywhere *r)
{
        const struct kept_identity *kept = key_job_identity(r->key);
        const struct x509_identity *identity = identity_of(r);
        if (!identity)
                return;
        forget_certificate(r);
        char *subject = strdup(x509_identity_subject(identity));
        r->facts.certificate.serial = strdup(x509_identity_serial(identity));
        r->facts.certificate.not_after_s = x509_identity_not_after_s(identity);
        if (kept->reload.kind != ERROR_NONE)
                r->facts.certificate.problem = strdup(kept->reload.message);
        if (r->facts.certificate.serial)
                r->facts.certificate.subject = subject;
        else
                free(subject);
}

static void signed_or_not(void *owner, const struct error *e)
{
        struct roles_anywhere *r = owner;
        const struct x509_identity *identity = identity_of(r);
        struct exchange_post post = {.fields_count = 0};
        learn_certificate(r);
        if (e) {
                exchange_resume(&r->exchange, NULL, e);
                return;
        }
        struct slice chain = x509_identity_chain(identity);
        exchange_post_field(&post, "content-type", SLICE("application/json"));
        exchange_post_field(&post, "x-amz-date", slice_str(key_job_amz_date(r->key)));
        exchange_post_field(&post, "x-amz-x509", x509_identity_leaf(identity));
        if (!slice_is_empty(chain)) // AWS takes an empty one for a wrong signature
                exchange_post_field(&post, "x-amz-x509-chain", chain);
        exchange_post_field(&post, "authorization", key_job_authorization(r->key));
        post.body = buffer_slice(&r->body);
        exchange_resume(&r->exchange, &post, NULL);
}

static int roles_anywhere_prepare(void *owner, int64_t time_s, struct exchange_post *post, struct error *e)
{
        struct roles_anywhere *r = owner;
        int64_t timeout_ms = kept_identity_timeout_ms(r->base.profile);
        (void)post; // in signed_or_not()
        buffer_reset(&r->body);
        if (create_session_body(r->base.profile, &r->body, e) < 0)
                return -1;
        const struct key_request order = {.profile = r->base.profile,
                                          .body = buffer_slice(&r->body),
                                          .time_s = time_s,
                                          .own_s = clock_wall_s(r->exchange.deps.clock),
                                          .timeout_ms = timeout_ms,
                                          .late_ms = clock_real_ms(r->exchange.deps.clock, timeout_ms)};
        return key_job_sign(r->key, &order, e) < 0 ? -1 : EXCHANGE_LATER;
}

static int roles_anywhere_read(const struct http_response *response, struct buffer *scratch, struct answer *ret,
                               struct error *e)
{
        int read = create_session_read(response->body, scratch, ret, e);
        if (response->status >= 200 && response->status < 300)
                return read;
        struct slice code = answer_code(http_response_field(response, SLICE("x-amzn-errortype")));
        if (!slice_is_empty(code)) // the header says it even when the body does not
                ret->code = code;
        return slice_is_empty(ret->code) ? read : 0;
}

static void roles_anywhere_explain(void *owner, struct error *e)
{
        const struct roles_anywhere *r = owner;
        const struct x509_identity *identity = identity_of(r);
        hints_create_session(r->base.profile, x509_identity_subject(identity), x509_identity_serial(identity), e);
}

static void forget(struct roles_anywhere *r)
{
        buffer_free(&r->body);
        key_job_forget(r->key);
}

// What bridged a failed reload may be why the exchange has failed: nobody else hears of it.
static void say_reload(const struct kept_identity *identity, struct error *e)
{
        struct error text;
        error_set(&text, e->kind, "%s (sent with the earlier certificate of serial %s, because: %s)", e->message,
                  x509_identity_serial(identity->x509), identity->reload.message);
        memcpy(e->message, text.message, sizeof(e->message));
}

static void roles_anywhere_done(void *owner, struct credentials *c, const struct error *error)
{
        struct roles_anywhere *r = owner;
        const struct kept_identity *kept = key_job_identity(r->key);
        struct error e = {0};
        if (error)
                e = *error;
        if (error && e.kind != ERROR_CANCELLED && kept && kept->x509 && kept->reload.kind != ERROR_NONE)
                say_reload(kept, &e);
        forget(r);
        provider_finish(&r->base, c, error ? &e : NULL);
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
        if (exchange_start(&r->exchange, e) == 0)
                return 0;
        forget(r);
        return -1;
}

static void roles_anywhere_cancel(struct provider *p)
{
        struct roles_anywhere *r = (struct roles_anywhere *)p;
        exchange_cancel(&r->exchange);
        key_job_cancel(r->key);
}

static void roles_anywhere_destroy(struct provider *p)
{
        struct roles_anywhere *r = (struct roles_anywhere *)p;
        key_job_free(r->key);
        forget_certificate(r);
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
        r->base.facts = &r->facts;
        r->base.profile = profile;
        buffer_init(&r->body, LIMIT_UPSTREAM_BODY);
        if (exchange_init(&r->exchange, &roles_anywhere_exchange, r, deps, &r->base, e) < 0) {
                free(r);
                return -1;
        }
        const struct key_job_deps key = {deps->workers, r->exchange.url, signed_or_not, r};
        r->key = key_job_new(&key);
        if (!r->key) {
                exchange_deinit(&r->exchange);
                free(r);
                return error_set(e, ERROR_INTERNAL, "out of memory");
        }
        *ret = &r->base;
        return 0;
}
