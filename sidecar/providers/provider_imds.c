// SPDX-License-Identifier: Apache-2.0
// The role of an EC2 instance by its metadata service, IMDSv2 alone: a session token (kept while it is good, renewed
// once when it is refused), the role's name, its credentials. AWS SDKs go on to use credentials from here after their
// end when no newer ones are to be had; here they are an error, as clients decide that for themselves. Loop thread
// only. Amazon EC2 User Guide, "Use the Instance Metadata Service".
#include <stdlib.h>

#include "proto/mem/length.h"
#include "proto/mem/secret.h"
#include "proto/mem/text.h"
#include "sidecar/config/profile.h"
#include "sidecar/config/values.h"
#include "sidecar/providers/host_answer.h"
#include "sidecar/providers/sources.h"
#include "sidecar/providers/upstream_call.h"

#define PATH_TOKEN "/latest/api/token"
#define PATH_ROLE "/latest/meta-data/iam/security-credentials/"
#define TTL_FIELD "x-aws-ec2-metadata-token-ttl-seconds"
#define TTL_ASKED_S 21600 // AWS's longest
#define ANY_STEP (-1)
#define HINT_FOREIGN "check \"endpoint\": something other than the instance metadata service may have answered"

enum {
        TIMEOUT_MS = 1000,    // to connect, and then to read: it is on this host, or not there at all
        TOKEN_MARGIN_S = 120, // a token is not used up to its last second
        ROLE_SIZE = 129       // of a role's name, 64 today
};

enum step { STEP_TOKEN, STEP_ROLE, STEP_CREDENTIALS };

struct imds {
        struct provider base; // first: the interface is cast back
        struct upstream_call call;
        struct secret token;
        int64_t token_until_ms; // boot clock; not reused from here on
        char role[ROLE_SIZE];
        enum step step;
        bool has_renewed; // the token, in this run
};

// --- refusals ---

struct meaning {
        int step, status;
        enum error_kind kind;
        const char *what, *hint;
};

static const struct meaning no_role = {
    .kind = ERROR_CONFIG,
    .what = "no role is attached to this instance",
    .hint = "attach an instance profile (aws ec2 associate-iam-instance-profile), or use another type of profile",
};

static const struct meaning meanings[] = {
    {STEP_TOKEN, 403, ERROR_DENIED, "the instance metadata service is switched off for this instance",
     "switch it on (aws ec2 modify-instance-metadata-options --http-endpoint enabled), or use another type of profile"},
    {STEP_TOKEN, 404, ERROR_CONFIG, "this is not an IMDSv2 endpoint", "check \"endpoint\"; IMDSv1 is not used"},
    {STEP_TOKEN, 405, ERROR_CONFIG, "this is not an IMDSv2 endpoint", "check \"endpoint\"; IMDSv1 is not used"},
    {STEP_CREDENTIALS, 404, ERROR_TRANSIENT, "the role has no credentials",
     "wait: the instance's role is being exchanged or detached, and the agent asks again by itself"},
    {ANY_STEP, 400, ERROR_PROTOCOL, "the service did not understand the request", HINT_FOREIGN},
    {ANY_STEP, 401, ERROR_TRANSIENT, "the service does not accept a session token that it has just issued",
     "check \"endpoint\": several instance metadata services may share this address (a proxy)"},
    {ANY_STEP, 403, ERROR_DENIED, "access is denied",
     "check the firewalls and proxies between this process and the instance metadata service"},
    {ANY_STEP, 429, ERROR_THROTTLED, "too many requests",
     "wait: something on this instance asks its metadata too often; the agent tries again by itself"},
};

static int refuse(const struct meaning *m, struct error *e)
{
        const struct error before = *e;
        (void)error_set(e, m->kind, "%s", m->what);
        if (before.upstream.status > 0)
                (void)error_context(e, "HTTP %d", before.upstream.status);
        e->upstream = before.upstream;
        return error_hint(e, "%s", m->hint);
}

static void explain_silence(enum step step, struct error *e)
{
        if (step != STEP_TOKEN)
                (void)error_hint(e, "wait: the instance metadata service gave a token, then did not answer; the agent "
                                    "asks again by itself");
        else if (e->timed_out)
                (void)error_hint(e, "in a container on EC2, raise the hop limit (aws ec2 modify-instance-metadata-"
                                    "options --http-put-response-hop-limit 2: HttpPutResponseHopLimit); elsewhere than "
                                    "on EC2, use another type of profile");
        else
                (void)error_hint(e, "check that this is an EC2 instance and that this process may reach the address "
                                    "(firewall, network policy); elsewhere, use another type of profile");
}

static void imds_explain(void *owner, struct error *e)
{
        const struct imds *m = owner;
        const struct meaning *found = m->step == STEP_ROLE && e->upstream.status == 404 ? &no_role : NULL;
        for (size_t i = 0; i < LENGTH(meanings) && !found; i++) {
                bool is_step = meanings[i].step == ANY_STEP || meanings[i].step == (int)m->step;
                if (is_step && meanings[i].status == e->upstream.status)
                        found = &meanings[i];
        }
        if (found)
                (void)refuse(found, e);
        else if (e->upstream.status == 0 && e->kind == ERROR_TRANSIENT)
                explain_silence(m->step, e);
        else if (strcmp(e->upstream.code, "AssumeRoleUnauthorizedAccess") == 0)
                (void)error_hint(e, "let the trust policy of the instance profile's role allow sts:AssumeRole to the "
                                    "service ec2.amazonaws.com, and check that the role exists");
        else if (e->upstream.status == 200)
                (void)error_hint(e, "check the role of the instance profile and its trust policy: EC2 could not get "
                                    "credentials for it; the agent asks again by itself");
}

// --- the steps ---

static int imds_read_text(struct slice body, struct buffer *scratch, struct answer *ret, struct error *e)
{
        (void)body, (void)scratch, (void)e; // accept() reads it
        *ret = (struct answer){.lives_s = 0};
        return 0;
}

static int refuse_foreign(const char *what, struct error *e)
{
        return refuse(&(struct meaning){.kind = ERROR_PROTOCOL, .what = what, .hint = HINT_FOREIGN}, e);
}

static int token_write(void *owner, struct upstream_request *r, struct error *e)
{
        const struct provider *p = owner;
        (void)e;
        upstream_request_put_url(r, p->profile->imds.endpoint, PATH_TOKEN);
        upstream_request_add_field(r, "X-aws-ec2-metadata-token-ttl-seconds", SLICE("21600"));
        return 0;
}

// Without a life of its own a token serves this run alone.
static int token_accept(void *owner, struct upstream_outcome *o, struct error *e)
{
        struct imds *m = owner;
        struct slice token = slice_trim(o->response->body);
        uint64_t ttl_s = 0;
        if (!values_is_authorization(token))
                return refuse_foreign("the answer is not a session token", e);
        secret_clear(&m->token);
        if (secret_copy(&m->token, token) < 0)
                return error_set(e, ERROR_INTERNAL, "out of memory");
        m->token_until_ms = 0;
        if (text_parse_u64(slice_trim(http_response_field(o->response, SLICE(TTL_FIELD))), &ttl_s) == 0 &&
            ttl_s > TOKEN_MARGIN_S && ttl_s <= TTL_ASKED_S)
                m->token_until_ms = o->response->boot_ms + ((int64_t)ttl_s - TOKEN_MARGIN_S) * 1000;
        return 0;
}

static int role_write(void *owner, struct upstream_request *r, struct error *e)
{
        const struct imds *m = owner;
        (void)e;
        upstream_request_put_url(r, m->base.profile->imds.endpoint, PATH_ROLE);
        if (m->step == STEP_CREDENTIALS)
                (void)buffer_put_str(&r->url, m->role);
        upstream_request_add_field(r, "X-aws-ec2-metadata-token", secret_expose(&m->token));
        return 0;
}

static bool is_role_name(struct slice name)
{
        static const char others[] = {'+', '=', ',', '@'};
        for (size_t i = 0; i < name.n; i++)
                if (!text_is_unreserved(name.p[i]) && !memchr(others, name.p[i], sizeof(others)))
                        return false;
        return name.n < ROLE_SIZE;
}

// A name a line; there is never more than one.
static int role_accept(void *owner, struct upstream_outcome *o, struct error *e)
{
        struct imds *m = owner;
        struct slice name = slice_trim(o->response->body);
        name = slice_trim(slice_head(name, slice_find(name, '\n')));
        if (slice_is_empty(name))
                return refuse(&no_role, e);
        if (!is_role_name(name))
                return refuse_foreign("the answer is not the name of a role", e);
        memcpy(m->role, name.p, name.n);
        m->role[name.n] = '\0';
        return 0;
}

static struct slice imds_subject(const struct profile *p)
{
        return slice_str(p->imds.endpoint);
}

static void imds_done(void *owner, struct credentials *c, const struct error *error);

static const struct upstream_call_ops steps[] = {
    [STEP_TOKEN] = {.service = "imds",
                    .action = "session token of the instance metadata at",
                    .method = "PUT",
                    .connect_timeout_ms = TIMEOUT_MS,
                    .read_timeout_ms = TIMEOUT_MS,
                    .terms = &host_answer_imds,
                    .subject = imds_subject,
                    .write = token_write,
                    .read = imds_read_text,
                    .accept = token_accept,
                    .explain = imds_explain,
                    .done = imds_done},
    [STEP_ROLE] = {.service = "imds",
                   .action = "role name in the instance metadata at",
                   .method = "GET",
                   .connect_timeout_ms = TIMEOUT_MS,
                   .read_timeout_ms = TIMEOUT_MS,
                   .terms = &host_answer_imds,
                   .subject = imds_subject,
                   .write = role_write,
                   .read = imds_read_text,
                   .accept = role_accept,
                   .explain = imds_explain,
                   .done = imds_done},
    [STEP_CREDENTIALS] = {.service = "imds",
                          .action = "credentials in the instance metadata at",
                          .method = "GET",
                          .connect_timeout_ms = TIMEOUT_MS,
                          .read_timeout_ms = TIMEOUT_MS,
                          .terms = &host_answer_imds,
                          .subject = imds_subject,
                          .write = role_write,
                          .read = host_answer_read,
                          .explain = imds_explain,
                          .done = imds_done},
};

static int start_step(struct imds *m, enum step step, struct error *e)
{
        m->step = step;
        return upstream_call_start(&m->call, &steps[step], e);
}

static void imds_done(void *owner, struct credentials *c, const struct error *error)
{
        struct imds *m = owner;
        struct error e = {.kind = ERROR_NONE};
        bool is_token_refused = error && error->upstream.status == 401 && m->step != STEP_TOKEN && !m->has_renewed;
        if (is_token_refused) {
                m->has_renewed = true;
                secret_clear(&m->token);
                if (start_step(m, STEP_TOKEN, &e) == 0)
                        return;
        } else if (error) {
                e = *error;
        } else if (!c && start_step(m, m->step + 1, &e) == 0) {
                return;
        }
        if (!c && m->step != STEP_CREDENTIALS)
                secret_clear(&m->token); // it may be why
        provider_finish(&m->base, c, c ? NULL : &e);
}

// --- the provider ---

static int imds_init(struct provider *p, struct error *e)
{
        (void)e;
        upstream_call_init(&((struct imds *)p)->call, p, p);
        return 0;
}

static int imds_start(struct provider *p, struct error *e)
{
        struct imds *m = (struct imds *)p;
        m->has_renewed = false;
        if (p->profile->imds.is_disabled) {
                (void)error_set(e, ERROR_CONFIG,
                                "AWS_EC2_METADATA_DISABLED=true forbids the instance metadata service");
                return error_hint(e, "unset AWS_EC2_METADATA_DISABLED for the agent, or use another type of profile");
        }
        bool has_token = m->token.n > 0 && clock_boot_ms(p->deps.clock) < m->token_until_ms;
        return start_step(m, has_token ? STEP_ROLE : STEP_TOKEN, e);
}

static void imds_cancel(struct provider *p)
{
        upstream_call_cancel(&((struct imds *)p)->call);
}

static void imds_destroy(struct provider *p)
{
        secret_clear(&((struct imds *)p)->token);
        free(p);
}

const struct provider_ops source_imds = {
    .start = imds_start,
    .cancel = imds_cancel,
    .destroy = imds_destroy,
    .size = sizeof(struct imds),
    .init = imds_init,
};
