// SPDX-License-Identifier: Apache-2.0
// A role by an X.509 certificate (IAM Roles Anywhere, CreateSession). The identity is loaded and signs in a thread of
// the pool, one work for each request that is sent, since key derivations, large RSA keys and hardware tokens would
// stall the loop. All else is the loop thread's.
#include <stdlib.h>

#include "proto/mem/time.h"
#include "proto/wire/limits.h"
#include "sidecar/config/profile.h"
#include "sidecar/io/work.h"
#include "sidecar/providers/create_session.h"
#include "sidecar/providers/exchange.h"
#include "sidecar/providers/hints.h"
#include "sidecar/providers/json_answer.h"
#include "sidecar/providers/kept_identity.h"
#include "sidecar/providers/provider_facts.h"
#include "sidecar/providers/sources.h"
#include "sidecar/signing/sigv4.h"
#include "sidecar/signing/x509.h"

// Is the pool thread's while work is under way, else the loop thread's.
struct job {
        struct kept_identity identity;
        struct buffer body, authorization;
        int64_t time_s, wall_s; // the service's clock, and this host's
        char amz_date[TIME_AMZ_SIZE];
        struct error error; // of kind ERROR_NONE: it is signed
};

struct roles_anywhere {
        struct provider base; // first: the interface is cast back
        const struct profile *profile;
        struct exchange exchange;
        struct work work;
        struct job job;
        struct provider_facts facts;
};

// --- in the pool ---

// Beside the job it reads the profile and the URL: neither changes while the provider runs, and it is not done before
// the work is.

static int renew(struct roles_anywhere *r, struct error *e)
{
        const struct x509_paths paths = kept_identity_paths(r->profile);
        return kept_identity_renew_by_either(&r->job.identity, &paths, r->job.time_s, r->job.wall_s, e);
}

static int sign(struct roles_anywhere *r, struct error *e)
{
        struct job *job = &r->job;
        struct sigv4_url url;
        if (sigv4_parse_url(slice_str(r->exchange.url), &url, e) < 0)
                return -1;
        const struct x509_request request = {
            .host = url.host,
            .path = url.path,
            .body = buffer_slice(&job->body),
            .region = slice_str(r->profile->issuer_region),
            .time_s = job->time_s,
        };
        buffer_reset(&job->authorization);
        return kept_identity_sign(&job->identity, &request, job->amz_date, &job->authorization, e);
}

static void job_run(struct work *w, void *arg)
{
        struct roles_anywhere *r = arg;
        if (renew(r, &r->job.error) == 0 && !work_is_cancelled(w))
                (void)sign(r, &r->job.error);
}

// --- on the loop ---

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
        const struct x509_identity *identity = r->job.identity.x509;
        if (!identity)
                return;
        forget_certificate(r);
        char *subject = strdup(x509_identity_subject(identity));
        r->facts.certificate.serial = strdup(x509_identity_serial(identity));
        r->facts.certificate.not_after_s = x509_identity_not_after_s(identity);
        if (r->job.identity.reload.kind != ERROR_NONE)
                r->facts.certificate.problem = strdup(r->job.identity.reload.message);
        if (r->facts.certificate.serial)
                r->facts.certificate.subject = subject;
        else
                free(subject);
}

static void job_done(void *arg, bool is_cancelled)
{
        struct roles_anywhere *r = arg;
        struct job *job = &r->job;
        struct exchange_post post = {.fields_count = 0};
        learn_certificate(r);
        if (is_cancelled)
                (void)error_set(&job->error, ERROR_CANCELLED, "cancelled");
        if (job->error.kind != ERROR_NONE) {
                exchange_resume(&r->exchange, NULL, &job->error);
                return;
        }
        struct slice chain = x509_identity_chain(job->identity.x509);
        exchange_post_field(&post, "content-type", SLICE("application/json"));
        exchange_post_field(&post, "x-amz-date", slice_str(job->amz_date));
        exchange_post_field(&post, "x-amz-x509", x509_identity_leaf(job->identity.x509));
        if (!slice_is_empty(chain)) // AWS takes an empty one for a wrong signature
                exchange_post_field(&post, "x-amz-x509-chain", chain);
        exchange_post_field(&post, "authorization", buffer_slice(&job->authorization));
        post.body = buffer_slice(&job->body);
        exchange_resume(&r->exchange, &post, NULL);
}

static int roles_anywhere_prepare(void *owner, int64_t time_s, struct exchange_post *post, struct error *e)
{
        struct roles_anywhere *r = owner;
        (void)post; // in job_done()
        buffer_reset(&r->job.body);
        if (create_session_body(r->profile, &r->job.body, e) < 0)
                return -1;
        r->job.time_s = time_s;
        r->job.wall_s = clock_wall_s(r->exchange.deps.clock);
        r->job.error = (struct error){.kind = ERROR_NONE};
        work_start(&r->work, r->exchange.deps.loop, job_run, job_done, r);
        return EXCHANGE_LATER;
}

static int roles_anywhere_read(const struct http_response *response, struct buffer *scratch, struct answer *ret,
                               const char **what)
{
        int read = create_session_read(response->body, scratch, ret, what);
        if (response->status >= 200 && response->status < 300)
                return read;
        struct slice code = json_answer_code(http_response_field(response, SLICE("x-amzn-errortype")));
        if (read < 0)
                *ret = (struct answer){0};
        if (!slice_is_empty(code)) // the header says it even when the body does not
                ret->code = code;
        return slice_is_empty(ret->code) ? read : 0;
}

static void roles_anywhere_explain(void *owner, struct error *e)
{
        const struct roles_anywhere *r = owner;
        const struct x509_identity *identity = r->job.identity.x509;
        hints_create_session(r->profile, x509_identity_subject(identity), x509_identity_serial(identity), e);
}

static void forget(struct roles_anywhere *r)
{
        buffer_free(&r->job.body);
        buffer_free(&r->job.authorization);
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
        const struct kept_identity *identity = &r->job.identity;
        struct error e = {0};
        if (error)
                e = *error;
        if (error && e.kind != ERROR_CANCELLED && identity->x509 && identity->reload.kind != ERROR_NONE)
                say_reload(identity, &e);
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
        work_cancel(&r->work);
}

static void roles_anywhere_destroy(struct provider *p)
{
        struct roles_anywhere *r = (struct roles_anywhere *)p;
        kept_identity_drop(&r->job.identity);
        forget_certificate(r);
        exchange_deinit(&r->exchange);
        free(r);
}

static void roles_anywhere_rebind(struct provider *p, const struct profile *profile)
{
        struct roles_anywhere *r = (struct roles_anywhere *)p;
        r->profile = profile;
        exchange_rebind(&r->exchange, profile);
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
        r->base.rebind = roles_anywhere_rebind;
        r->profile = profile;
        buffer_init(&r->job.body, LIMIT_UPSTREAM_BODY);
        buffer_init(&r->job.authorization, LIMIT_UPSTREAM_HEADER);
        if (exchange_init(&r->exchange, &roles_anywhere_exchange, r, deps, profile, e) < 0) {
                free(r);
                return -1;
        }
        *ret = &r->base;
        return 0;
}
