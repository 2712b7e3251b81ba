// SPDX-License-Identifier: Apache-2.0
// The credentials endpoint of ECS tasks and of EKS Pod Identity: one GET, with a token that goes out exactly as it is.
// Whoever issues the token renews its file, so it is read anew for every request. Loop thread only.
#include <stdlib.h>

#include "proto/mem/length.h"
#include "proto/mem/time.h"
#include "proto/wire/limits.h"
#include "sidecar/base/file.h"
#include "sidecar/config/profile.h"
#include "sidecar/config/values.h"
#include "sidecar/io/http_client.h"
#include "sidecar/providers/host_answer.h"
#include "sidecar/providers/sources.h"

// The EKS agent asks AWS before it answers a new pod.
enum { CONNECT_TIMEOUT_MS = 2000, READ_TIMEOUT_MS = 5000 };

struct container {
        struct provider base; // first: the interface is cast back
        struct provider_deps deps;
        struct upstream_clock time; // the endpoint's clock
        struct http_call *call;
        bool is_cancelled;
};

// Host and port of the endpoint: its path may be as good as a password.
static struct slice authority_of(const struct container *c)
{
        struct slice url = slice_str(c->base.profile->container.url);
        struct slice rest = slice_from(url, slice_find(url, '/') + 2);
        return slice_head(rest, slice_find(rest, '/'));
}

static int add_context(const struct container *c, struct error *e)
{
        struct slice at = authority_of(c);
        return error_context(e, "container credentials from %.*s", (int)slice_head(at, 256).n, (const char *)at.p);
}

// --- the request ---

static int refuse_token(const struct container *c, struct error *e)
{
        const char *path = c->base.profile->container.authorization_token_file;
        (void)error_set(e, ERROR_CONFIG,
                        "the authorization token%s%s holds a line end or another byte that no header may have",
                        path ? " in " : "", path ? path : "");
        return error_hint(e, "The token is sent as it is, nothing is trimmed: write it without a line end at its end "
                             "(printf %%s).");
}

// Into `file`, when it comes from one; *ret is empty when there is none.
static int read_token(const struct container *c, struct buffer *file, struct slice *ret, struct error *e)
{
        const struct profile *p = c->base.profile;
        *ret = secret_expose(&p->container.authorization_token);
        if (p->container.authorization_token_file) {
                if (file_read(p->container.authorization_token_file, "authorization token file", file, e) < 0)
                        return -1;
                *ret = buffer_slice(file);
                if (slice_is_empty(*ret)) {
                        (void)error_set(e, ERROR_CONFIG, "authorization token file %s is empty",
                                        p->container.authorization_token_file);
                        return error_hint(e, "Whoever starts this container writes the token there: check the mount.");
                }
        }
        return slice_is_empty(*ret) || values_is_authorization(*ret) ? 0 : refuse_token(c, e);
}

static void container_answered(void *arg, const struct http_response *response, const struct error *error);

static int send_request(struct container *c, struct slice token, struct error *e)
{
        const struct profile *p = c->base.profile;
        const struct http_field fields[] = {{SLICE("accept"), SLICE("application/json")},
                                            {SLICE("authorization"), token}};
        int64_t connect_ms = p->connect_timeout_ms > 0 ? p->connect_timeout_ms : CONNECT_TIMEOUT_MS;
        int64_t read_ms = p->read_timeout_ms > 0 ? p->read_timeout_ms : READ_TIMEOUT_MS;
        const struct http_request request = {
            .method = "GET",
            .url = p->container.url,
            .fields = fields,
            .fields_count = slice_is_empty(token) ? 1 : 2,
            .connect_timeout_ms = connect_ms,
            .total_timeout_ms = connect_ms + read_ms,
            .ca_bundle = p->ca_bundle,
        };
        c->call = http_client_start(c->deps.http, &request, container_answered, c, e);
        return c->call ? 0 : -1;
}

// --- the answer ---

static const struct status_hint {
        int status;
        const char *hint;
} status_hints[] = {
    {400, "The endpoint does not take the request: on EKS the token has expired or is none (the kubelet renews it in "
          "its file); on ECS the credentials ID in the URI is of a task that has ended, or of another container."},
    {401, "The endpoint does not take the authorization token: check aws_container_authorization_token_file, or "
          "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE."},
    {403, "The endpoint does not take the authorization token, or a policy of its own forbids this: check "
          "aws_container_authorization_token_file, or AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE."},
    {404, "Nothing answers at that path: check the container credentials URI."},
};

static const struct code_hint {
        const char *code, *hint;
} code_hints[] = {
    {"CredentialsUninitialized", "The ECS agent has no credentials for this task yet. It is asked again by itself."},
    {"ResourceNotFoundException", "The pod's service account has no Pod Identity association in this cluster (any "
                                  "more): create one, then start the pod anew."},
    {"AccessDeniedException", "The association's role must trust pods.eks.amazonaws.com with sts:AssumeRole and "
                              "sts:TagSession, and the node's role allow eks-auth:AssumeRoleForPodIdentity."},
    {"ExpiredTokenException", "The pod's token has expired: the kubelet renews its file; check that the agent reads "
                              "the mounted file and not a copy."},
    {"InvalidTokenException", "The token is not one of this cluster for pods.eks.amazonaws.com: check its file."},
};

static void hint_refusal(int status, struct error *e)
{
        for (size_t i = 0; i < LENGTH(code_hints); i++) {
                if (strcmp(e->upstream.code, code_hints[i].code) == 0) {
                        (void)error_hint(e, "%s", code_hints[i].hint);
                        return;
                }
        }
        for (size_t i = 0; i < LENGTH(status_hints); i++) {
                if (status == status_hints[i].status) {
                        (void)error_hint(e, "%s", status_hints[i].hint);
                        return;
                }
        }
        if (e->kind == ERROR_TRANSIENT)
                (void)error_hint(e, "The endpoint has trouble of its own. It is asked again by itself.");
}

static int refuse(struct container *c, const struct http_response *response, const struct answer *answer,
                  struct error *e)
{
        const struct answer_context context = {
            .service = "container",
            .action = "container credentials",
            .subject = authority_of(c),
            .status = response->status,
            .content_type = http_response_field(response, SLICE("content-type")),
            .body_size = response->body.n,
        };
        answer_refusal(answer, &context, e);
        hint_refusal(response->status, e);
        return -1;
}

static int read_answer(struct container *c, const struct http_response *response, struct buffer *scratch,
                       struct credentials **ret, struct error *e)
{
        struct answer answer = {0};
        int64_t date_s;
        int r = host_answer_read_container(response->body, scratch, &answer, e);
        if (r < 0 && (response->status == 200 || e->kind == ERROR_INTERNAL)) {
                (void)answer_unreadable(&host_answer_container, response->status, response->body.n, e);
                return add_context(c, e);
        }
        if (response->status != 200 || (answer.code.n > 0 && !slice_eq_ignore_case(answer.code, SLICE("Success"))))
                return refuse(c, response, &answer, e);
        if (time_parse_http_date(slice_trim(http_response_field(response, SLICE("date"))), &date_s) == 0)
                upstream_clock_learn(&c->time, date_s, response->boot_ms);
        if (answer_credentials(&answer, &host_answer_container, &c->time, c->deps.clock, ret, e) < 0)
                return add_context(c, e);
        return 0;
}

static void container_answered(void *arg, const struct http_response *response, const struct error *error)
{
        struct container *c = arg;
        struct error e = {0};
        struct credentials *credentials = NULL;
        c->call = NULL;
        if (c->is_cancelled) {
                (void)error_set(&e, ERROR_CANCELLED, "cancelled");
        } else if (error) {
                e = *error;
                (void)add_context(c, &e);
        } else {
                struct buffer scratch;
                buffer_init(&scratch, LIMIT_UPSTREAM_BODY);
                (void)read_answer(c, response, &scratch, &credentials, &e);
                buffer_free(&scratch);
        }
        provider_finish(&c->base, credentials, credentials ? NULL : &e);
}

// --- the provider ---

static int container_start(struct provider *p, struct error *e)
{
        struct container *c = (struct container *)p;
        struct buffer file;
        struct slice token;
        c->is_cancelled = false;
        buffer_init(&file, LIMIT_SECRET_FILE);
        int r = read_token(c, &file, &token, e);
        if (r == 0)
                r = send_request(c, token, e);
        buffer_free(&file);
        return r < 0 ? add_context(c, e) : 0;
}

static void container_cancel(struct provider *p)
{
        struct container *c = (struct container *)p;
        c->is_cancelled = true;
        if (c->call)
                http_call_cancel(c->call);
}

static void container_destroy(struct provider *p)
{
        free(p);
}

int provider_container_new(const struct provider_deps *deps, const struct profile *profile, struct provider **ret,
                           struct error *e)
{
        static const struct provider_ops ops = {container_start, container_cancel, container_destroy};
        struct container *c = calloc(1, sizeof(*c));
        if (!c)
                return error_set(e, ERROR_INTERNAL, "out of memory");
        *c = (struct container){.base = {.ops = &ops, .profile = profile}, .deps = *deps};
        *ret = &c->base;
        return 0;
}
