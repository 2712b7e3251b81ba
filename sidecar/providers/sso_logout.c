// SPDX-License-Identifier: Apache-2.0
#include "sidecar/providers/sso_logout.h"

#include "proto/wire/limits.h"
#include "sidecar/config/profile.h"
#include "sidecar/providers/file_task.h"
#include "sidecar/providers/sso_answer.h"
#include "sidecar/providers/sso_cache.h"
#include "sidecar/providers/token_removal.h"

void sso_logout_init(struct sso_logout *l, struct provider *provider)
{
        *l = (struct sso_logout){.provider = provider};
        upstream_call_init(&l->call, provider, l);
        sso_token_init(&l->token);
        buffer_init(&l->pending, LIMIT_TOKEN_FILE);
}

void sso_logout_deinit(struct sso_logout *l)
{
        file_task_free(l->task);
        upstream_call_abandon(&l->call);
        sso_token_clear(&l->token);
        buffer_free(&l->pending);
}

static void finish(struct sso_logout *l, const struct error *e, bool has_failed)
{
        l->error = e ? *e : (struct error){.kind = ERROR_NONE};
        l->has_failed = has_failed;
        l->is_under_way = false;
        sso_token_clear(&l->token);
        buffer_free(&l->pending);
        provider_login_moved(l->provider); // last: it may begin again, or free the provider
}

// --- the service ---

static int logout_write(void *owner, struct upstream_request *r, struct error *e)
{
        const struct sso_logout *l = owner;
        (void)e;
        upstream_request_put_url(r, l->provider->profile->endpoint_url, "/logout");
        upstream_request_add_field(r, "x-amz-sso_bearer_token", l->token.access_token);
        return 0;
}

// A success has no body.
static int logout_read(struct slice body, struct buffer *scratch, struct answer *ret, struct error *e)
{
        *ret = (struct answer){0};
        return slice_trim(body).n == 0 ? 0 : answer_read_json(body, NULL, 0, scratch, ret, e);
}

static int logout_accept(void *owner, struct upstream_outcome *o, struct error *e)
{
        (void)owner;
        (void)o;
        (void)e;
        return 0;
}

static void logout_done(void *owner, struct credentials *c, const struct error *error)
{
        (void)c;
        bool is_over = error && error->upstream.status == 401; // it was not valid any more
        finish(owner, is_over ? NULL : error, false);
}

static const struct upstream_call_ops logout_call = {
    .service = "sso",
    .action = "Logout of",
    .subject = sso_answer_subject,
    .write = logout_write,
    .read = logout_read,
    .accept = logout_accept,
    .done = logout_done,
};

// --- the file ---

static void removed(void *owner, const struct error *error)
{
        struct sso_logout *l = owner;
        struct file_task *task = l->task;
        struct error e = {.kind = ERROR_NONE};
        l->task = NULL;
        if (error) {
                e = *error;
                file_task_free(task);
                finish(l, &e, true);
                return;
        }
        struct slice text = token_removal_text(task, &e);
        if (l->pending.n > 0) // newer than the file's
                text = buffer_slice(&l->pending);
        bool has_token = text.n > 0 && sso_token_read(text, &l->token, &e) == 0;
        file_task_free(task);
        if (has_token && upstream_call_start(&l->call, &logout_call, &e) == 0)
                return;
        finish(l, e.kind == ERROR_NONE ? NULL : &e, false);
}

int sso_logout_begin(struct sso_logout *l, struct slice pending, struct error *e)
{
        const struct profile *p = l->provider->profile;
        char *path = NULL;
        if (l->is_under_way)
                return 0;
        buffer_reset(&l->pending);
        if (buffer_put(&l->pending, pending) < 0)
                return error_set(e, ERROR_INTERNAL, "out of memory");
        if (sso_cache_path(p, slice_str(sso_cache_token_key(p)), &path, e) < 0)
                return -1;
        l->task = token_removal_start(l->provider, path, SSO_CACHE_WHAT, removed, l, e);
        l->is_under_way = l->task != NULL;
        return l->task ? 0 : -1;
}
