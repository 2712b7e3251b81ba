// SPDX-License-Identifier: Apache-2.0
// A role by an X.509 certificate (IAM Roles Anywhere, CreateSession). The identity is loaded and signs in a thread
// (key_job.h), one job for each request that is sent, since key derivations, large RSA keys and hardware tokens would
// stall the loop.
#include <stdlib.h>

#include "sidecar/base/provider_facts.h"
#include "sidecar/config/profile.h"
#include "sidecar/providers/create_session.h"
#include "sidecar/providers/hints.h"
#include "sidecar/providers/identity_cache.h"
#include "sidecar/providers/key_job.h"
#include "sidecar/providers/sources.h"
#include "sidecar/providers/upstream_call.h"
#include "sidecar/signing/x509.h"

struct roles_anywhere {
        struct provider base; // first: the interface is cast back
        struct upstream_call call;
        struct key_job *key;
        struct provider_facts facts;
};

// NULL: none is loaded, or a thread uses it.
static const struct x509_identity *identity_of(const struct roles_anywhere *r)
{
        const struct identity_cache *cache = key_job_identity(r->key);
        return cache ? cache->x509 : NULL;
}

static void forget_certificate(struct roles_anywhere *r)
{
        free(r->facts.certificate.subject);
        free(r->facts.certificate.serial);
        free(r->facts.certificate.problem);
        free(r->facts.certificate.intermediate);
        r->facts = (struct provider_facts){.certificate.subject = NULL};
}

// A certificate that cannot be loaded any more is reported as it was last. Without memory nothing is.
static void learn_certificate(struct roles_anywhere *r)
{
        const struct identity_cache *cache = key_job_identity(r->key);
        const struct x509_identity *identity = identity_of(r);
        if (!identity)
                return;
        forget_certificate(r);
        char *subject = strdup(identity->subject);
        r->facts.certificate.serial = strdup(identity->serial);
        r->facts.certificate.not_after_s = identity->not_after_s;
        r->facts.certificate.intermediate = identity->intermediate ? strdup(identity->intermediate) : NULL;
        r->facts.certificate.intermediate_ends_s = identity->intermediate_ends_s;
        if (cache->reload.kind != ERROR_NONE)
                r->facts.certificate.problem = strdup(cache->reload.message);
        if (r->facts.certificate.serial)
                r->facts.certificate.subject = subject;
        else
                free(subject);
}

static void signed_or_not(void *owner, const struct error *e)
{
        struct roles_anywhere *r = owner;
        struct upstream_request *request = &r->call.request;
        learn_certificate(r);
        if (!e) {
                const struct x509_identity *identity = identity_of(r);
                struct slice chain = buffer_slice(&identity->chain);
                upstream_request_add_field(request, "content-type", SLICE("application/json"));
                upstream_request_add_field(request, "x-amz-date", slice_str(key_job_amz_date(r->key)));
                upstream_request_add_field(request, "x-amz-x509", buffer_slice(&identity->leaf));
                if (!slice_is_empty(chain)) // AWS takes an empty one for a wrong signature
                        upstream_request_add_field(request, "x-amz-x509-chain", chain);
                upstream_request_add_field(request, "authorization", key_job_authorization(r->key));
        }
        upstream_call_resume(&r->call, e);
}

static int roles_anywhere_write(void *owner, struct upstream_request *r, struct error *e)
{
        struct roles_anywhere *ra = owner;
        if (create_session_body(ra->base.profile, &r->body, e) < 0)
                return -1;
        const struct key_request request = {ra->base.profile, buffer_slice(&r->url), buffer_slice(&r->body), r->time_s};
        return key_job_sign(ra->key, &request, e) < 0 ? -1 : UPSTREAM_CALL_LATER;
}

static void roles_anywhere_explain(void *owner, struct error *e)
{
        const struct roles_anywhere *r = owner;
        const struct x509_identity *identity = identity_of(r);
        const struct hints_context context = {.call = HINTS_CREATE_SESSION,
                                              .profile = r->base.profile,
                                              .subject = identity->subject,
                                              .serial = identity->serial};
        hints_explain(&context, e);
}

// The certificate that bridged a failed reload may be why the call has failed: nothing else reports it.
static void add_reload(const struct identity_cache *identity, struct error *e)
{
        struct error text;
        error_set(&text, e->kind, "%s (sent with the earlier certificate of serial %s, because: %s)", e->message,
                  identity->x509->serial, identity->reload.message);
        memcpy(e->message, text.message, sizeof(e->message));
}

static void roles_anywhere_done(void *owner, struct credentials *c, const struct error *error)
{
        struct roles_anywhere *r = owner;
        const struct identity_cache *cache = key_job_identity(r->key);
        struct error e = {.kind = ERROR_NONE};
        if (error)
                e = *error;
        if (error && cache && cache->x509 && cache->reload.kind != ERROR_NONE)
                add_reload(cache, &e);
        key_job_forget(r->key);
        provider_finish(&r->base, c, error ? &e : NULL);
}

static const struct upstream_call_ops roles_anywhere_call = {
    .service = "rolesanywhere",
    .action = "CreateSession for",
    .path = "/sessions",
    .is_signed = true,
    .write = roles_anywhere_write,
    .read = create_session_read,
    .explain = roles_anywhere_explain,
    .done = roles_anywhere_done,
};

static int roles_anywhere_init(struct provider *p, struct error *e)
{
        struct roles_anywhere *r = (struct roles_anywhere *)p;
        const struct key_job_deps key = {p->deps.workers, p->deps.clock, signed_or_not, r};
        p->facts = &r->facts;
        upstream_call_init(&r->call, p, r);
        r->key = key_job_new(&key);
        return r->key ? 0 : error_set(e, ERROR_INTERNAL, "out of memory");
}

static int roles_anywhere_start(struct provider *p, struct error *e)
{
        return upstream_call_start(&((struct roles_anywhere *)p)->call, &roles_anywhere_call, e);
}

static void roles_anywhere_cancel(struct provider *p)
{
        struct roles_anywhere *r = (struct roles_anywhere *)p;
        upstream_call_cancel(&r->call);
        key_job_cancel(r->key);
}

static void roles_anywhere_destroy(struct provider *p)
{
        struct roles_anywhere *r = (struct roles_anywhere *)p;
        key_job_free(r->key);
        forget_certificate(r);
        free(r);
}

const struct provider_ops source_roles_anywhere = {
    .start = roles_anywhere_start,
    .cancel = roles_anywhere_cancel,
    .destroy = roles_anywhere_destroy,
    .size = sizeof(struct roles_anywhere),
    .init = roles_anywhere_init,
};
