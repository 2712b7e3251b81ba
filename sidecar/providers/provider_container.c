// SPDX-License-Identifier: Apache-2.0
// The credentials endpoint of ECS tasks and of EKS Pod Identity: one GET, with a token that goes out exactly as it is.
// The file of the token is renewed by its issuer, so it is read anew for every request, in a worker.
#include "proto/mem/length.h"
#include "proto/wire/limits.h"
#include "sidecar/config/profile.h"
#include "sidecar/config/values.h"
#include "sidecar/io/delay.h"
#include "sidecar/providers/file_task.h"
#include "sidecar/providers/host_answer.h"
#include "sidecar/providers/sources.h"
#include "sidecar/providers/upstream_call.h"

struct container {
        struct provider base; // first: the interface is cast back
        struct upstream_call call;
        struct file_task *task; // reads the token
};

// Host and port of the endpoint: its path may be as good as a password.
static struct slice authority_of(const struct profile *p)
{
        struct slice url = slice_str(p->container.url);
        struct slice rest = slice_from(url, slice_find(url, '/') + 2);
        return slice_head(rest, slice_find(rest, '/'));
}

// --- the request ---

static int refuse_token(const char *path, struct error *e)
{
        (void)error_set(e, ERROR_CONFIG,
                        "the authorization token%s%s contains a line end or another character that is not allowed in a "
                        "header",
                        path ? " in " : "", path ? path : "");
        return error_hint(e,
                          "write the token without a line end (printf %%s): it is sent as it is, nothing is trimmed");
}

struct reading {
        const struct profile *profile;
        struct buffer token;
};

static void read_token(void *work, struct error *e)
{
        struct reading *r = work;
        const char *path = r->profile->container.authorization_token_file;
        if (file_task_read(r->profile, path, "authorization token file", false, &r->token, e) < 0 || r->token.n > 0)
                return;
        (void)error_set(e, ERROR_CONFIG, "authorization token file %s is empty", path);
        (void)error_hint(e, "check the mount: what starts this container writes the token there");
}

static void clear(void *work)
{
        buffer_free(&((struct reading *)work)->token);
}

static const struct file_task_ops reading = {.size = sizeof(struct reading), .run = read_token, .clear = clear};

static int put_token(struct container *c, struct slice token, const char *path, struct error *e)
{
        if (!values_is_authorization(token))
                return refuse_token(path, e);
        upstream_request_add_field(&c->call.request, "authorization", token);
        return 0;
}

static void on_read(void *owner, const struct error *error)
{
        struct container *c = owner;
        struct file_task *task = c->task;
        struct error e = {.kind = ERROR_NONE};
        c->task = NULL;
        if (error) {
                e = *error;
        } else {
                const struct reading *r = file_task_work(task);
                (void)put_token(c, buffer_slice(&r->token), c->base.profile->container.authorization_token_file, &e);
        }
        upstream_call_resume(&c->call, e.kind == ERROR_NONE ? NULL : &e); // the request is copied
        file_task_free(task);
}

static int container_write(void *owner, struct upstream_request *request, struct error *e)
{
        struct container *c = owner;
        const struct profile *p = c->base.profile;
        const char *path = p->container.authorization_token_file;
        struct slice token = secret_expose(&p->container.authorization_token);
        buffer_reset(&request->url);
        (void)buffer_put_str(&request->url, p->container.url);
        upstream_request_add_field(request, "accept", SLICE("application/json"));
        if (!path)
                return slice_is_empty(token) ? 0 : put_token(c, token, NULL, e);
        c->task = file_task_new(&c->base, &reading, on_read, c);
        if (!c->task)
                return error_set(e, ERROR_INTERNAL, "out of memory");
        struct reading *r = file_task_work(c->task);
        r->profile = p;
        buffer_init(&r->token, LIMIT_UPSTREAM_HEADER);
        file_task_start(c->task, path);
        return UPSTREAM_CALL_LATER;
}

// --- the answer ---

static const struct hint {
        const char *code; // NULL: any
        int status;       // 0: any
        const char *hint;
} hints[] = {
    {"CredentialsUninitialized", 0,
     "wait: the ECS agent has no credentials for this task yet, and the agent asks again by itself"},
    {"ResourceNotFoundException", 0,
     "create a Pod Identity association for the pod's service account in this cluster, then start the pod anew"},
    {"AccessDeniedException", 0,
     "let the association's role trust pods.eks.amazonaws.com with sts:AssumeRole and sts:TagSession, and let the "
     "node's role allow eks-auth:AssumeRoleForPodIdentity"},
    {"ExpiredTokenException", 0,
     "check that the agent reads the mounted token file, which the kubelet renews, and not a copy: the pod's token has "
     "expired"},
    {"InvalidTokenException", 0,
     "check the token's file: the token is not one of this cluster for pods.eks.amazonaws.com"},
    {NULL, 400,
     "check the token's file (on EKS the token has expired or is not valid) or the URI (on ECS its credentials ID is "
     "of "
     "a task that has ended, or of another container)"},
    {NULL, 401,
     "check aws_container_authorization_token_file, or AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: the endpoint does not "
     "accept the token"},
    {NULL, 403,
     "check aws_container_authorization_token_file, or AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: the endpoint does not "
     "accept the token, or a policy of its own forbids this"},
    {NULL, 404, "check the container credentials URI: nothing answers at that path"},
};

static void container_explain(void *owner, struct error *e)
{
        (void)owner;
        for (size_t i = 0; i < LENGTH(hints); i++) {
                bool is_it = hints[i].code ? strcmp(e->upstream.code, hints[i].code) == 0
                                           : hints[i].status == e->upstream.status;
                if (is_it) {
                        (void)error_hint(e, "%s", hints[i].hint);
                        return;
                }
        }
}

static const struct upstream_call_ops container_call = {
    .service = "container",
    .action = "container credentials from",
    .method = "GET",
    .connect_timeout_ms = 2000,
    .read_timeout_ms = 5000, // the EKS agent asks AWS before it answers a new pod
    .terms = &host_answer_container,
    .subject = authority_of,
    .write = container_write,
    .read = host_answer_read_container,
    .explain = container_explain,
};

// --- the provider ---

static int container_init(struct provider *p, struct error *e)
{
        (void)e;
        upstream_call_init(&((struct container *)p)->call, p, p);
        return 0;
}

static int container_start(struct provider *p, struct error *e)
{
        return upstream_call_start(&((struct container *)p)->call, &container_call, e);
}

static void on_cancelled(void *arg)
{
        upstream_call_resume(&((struct container *)arg)->call, NULL); // which sees that it is
}

static void container_cancel(struct provider *p)
{
        struct container *c = (struct container *)p;
        upstream_call_cancel(&c->call);
        if (!c->task || !delay_start(p->deps.loop, 0, on_cancelled, c))
                return;
        file_task_free(c->task);
        c->task = NULL;
}

const struct provider_ops source_container = {
    .start = container_start,
    .cancel = container_cancel,
    .size = sizeof(struct container),
    .init = container_init,
};
