// SPDX-License-Identifier: Apache-2.0
// A provider that is never started as one: the token's cache and the call need one for their profile and their clock.
#include "sidecar/providers/sso_list.h"

#include <stdlib.h>

#include "proto/mem/text.h"
#include "proto/wire/json_read.h"
#include "proto/wire/json_write.h"
#include "proto/wire/limits.h"
#include "sidecar/config/profile.h"
#include "sidecar/providers/sso_answer.h"
#include "sidecar/providers/sso_cache.h"
#include "sidecar/providers/sso_token_cache.h"

enum { TEXT_MAX = 8 * 1024, PAGE_MAX = LIMIT_HTTP_REPLY };
#define PAGE_SIZE "100"

struct sso_list {
        struct provider base; // first: the token's cache calls back with it
        struct sso_token_cache cache;
        struct upstream_call call;
        struct buffer account_id, next_token;
        struct buffer page;
        sso_list_done_fn *done; // NULL: abandoned
        void *arg;
};

static void destroy(struct sso_list *l)
{
        const struct profile *profile = l->base.profile;
        sso_token_cache_deinit(&l->cache);
        buffer_free(&l->account_id);
        buffer_free(&l->next_token);
        buffer_free(&l->page);
        free(l);
        profile_release(profile);
}

static void finish(struct sso_list *l, const struct error *e)
{
        if (l->done)
                l->done(l->arg, e ? slice_of(NULL, 0) : buffer_slice(&l->page), e);
        destroy(l);
}

// --- the answer ---

static void put_text(const struct json_doc *doc, size_t object, struct slice from, const char *to, struct buffer *out)
{
        struct buffer text;
        size_t node = json_get(doc, object, from);
        buffer_init(&text, TEXT_MAX);
        if (node != JSON_NONE && json_string(doc, node, &text) == 0)
                json_member(out, to, buffer_slice(&text));
        out->failed = out->failed || text.no_memory;
        out->no_memory = out->no_memory || text.no_memory;
        buffer_free(&text);
}

static void put_account(const struct json_doc *doc, size_t node, struct buffer *out)
{
        json_begin_object(out);
        put_text(doc, node, SLICE("accountId"), "account_id", out);
        put_text(doc, node, SLICE("accountName"), "account_name", out);
        put_text(doc, node, SLICE("emailAddress"), "email_address", out);
        json_end_object(out);
}

static void put_role(const struct json_doc *doc, size_t node, struct buffer *out)
{
        json_begin_object(out);
        put_text(doc, node, SLICE("roleName"), "role_name", out);
        json_end_object(out);
}

static int put_page(const struct sso_list *l, const struct json_doc *doc, struct buffer *out)
{
        bool is_roles = l->account_id.n > 0;
        size_t list = json_get(doc, JSON_ROOT, is_roles ? SLICE("roleList") : SLICE("accountList"));
        if (list == JSON_NONE || json_kind(doc, list) != JSON_ARRAY)
                return -1;
        json_begin_object(out);
        json_key(out, is_roles ? "roles" : "accounts");
        json_begin_array(out);
        for (size_t i = json_first(doc, list); i != JSON_NONE; i = json_next(doc, i)) {
                if (json_kind(doc, i) != JSON_OBJECT)
                        return -1;
                if (is_roles)
                        put_role(doc, i, out);
                else
                        put_account(doc, i, out);
        }
        json_end_array(out);
        put_text(doc, JSON_ROOT, SLICE("nextToken"), "next_token", out);
        json_end_object(out);
        return 0;
}

static int list_accept(void *owner, struct upstream_outcome *o, struct error *e)
{
        struct sso_list *l = owner;
        struct json_doc doc;
        struct json_fault fault = {.no_memory = false};
        json_doc_init(&doc);
        bool is_json = json_parse(&doc, o->response->body, &fault) == 0 && json_kind(&doc, JSON_ROOT) == JSON_OBJECT;
        int r = is_json ? put_page(l, &doc, &l->page) : -1;
        json_doc_free(&doc);
        if (fault.no_memory || l->page.no_memory)
                return error_set(e, ERROR_INTERNAL, "out of memory");
        if (r == 0 && !l->page.failed)
                return 0;
        (void)error_set(e, ERROR_PROTOCOL, "not a list of accounts or roles, or too large");
        return answer_unreadable(NULL, o->response->status, o->response->body.n, e);
}

// --- the request ---

static int list_write(void *owner, struct upstream_request *r, struct error *e)
{
        const struct sso_list *l = owner;
        bool is_roles = l->account_id.n > 0;
        (void)e;
        upstream_request_put_url(r, l->base.profile->endpoint_url,
                                 is_roles ? "/assignment/roles?max_result=" PAGE_SIZE "&account_id="
                                          : "/assignment/accounts?max_result=" PAGE_SIZE);
        (void)text_percent_encode(buffer_slice(&l->account_id), false, &r->url);
        if (l->next_token.n > 0) {
                (void)buffer_put_str(&r->url, "&next_token=");
                (void)text_percent_encode(buffer_slice(&l->next_token), false, &r->url);
        }
        upstream_request_add_field(r, "x-amz-sso_bearer_token", l->cache.token.access_token);
        return 0;
}

static void list_explain(void *owner, struct error *e)
{
        const struct sso_list *l = owner;
        if (e->upstream.status != 401)
                return;
        e->kind = ERROR_INTERACTION;
        sso_token_hint_login(l->base.profile, e);
}

static void list_done(void *owner, struct credentials *c, const struct error *error)
{
        (void)c;
        finish(owner, error);
}

static const struct upstream_call_ops list_call = {
    .service = "sso",
    .action = "list of accounts and roles for",
    .method = "GET",
    .subject = sso_answer_subject,
    .write = list_write,
    .accept = list_accept,
    .explain = list_explain,
    .done = list_done,
};

static void token_is_ready(struct provider *p, const struct error *error)
{
        struct sso_list *l = (struct sso_list *)p;
        struct error e = {.kind = ERROR_NONE};
        if (error)
                e = *error;
        else if (!l->done)
                (void)error_set(&e, ERROR_CANCELLED, "cancelled");
        else if (upstream_call_start(&l->call, &list_call, &e) == 0)
                return;
        finish(l, &e);
}

static int begin(struct sso_list *l, const struct sso_list_request *request, struct error *e)
{
        if (buffer_put(&l->account_id, request->account_id) < 0 || buffer_put(&l->next_token, request->next_token) < 0)
                return error_set(e, ERROR_INTERNAL, "out of memory");
        return sso_token_cache_get(&l->cache, slice_of(NULL, 0), e);
}

struct sso_list *sso_list_start(const struct provider_deps *deps, const struct profile *profile,
                                const struct sso_list_request *request, sso_list_done_fn *done, void *arg,
                                struct error *e)
{
        if (profile->type != PROFILE_SSO || profile->fault) {
                (void)error_set(e, ERROR_CONFIG, "the profile is not one of IAM Identity Center");
                return NULL;
        }
        struct sso_list *l = calloc(1, sizeof(*l));
        if (!l) {
                (void)error_set(e, ERROR_INTERNAL, "out of memory");
                return NULL;
        }
        l->base = (struct provider){.deps = *deps, .profile = profile};
        l->done = done;
        l->arg = arg;
        profile_hold(profile);
        sso_token_cache_init(&l->cache, &l->base, token_is_ready);
        upstream_call_init(&l->call, &l->base, l);
        buffer_init(&l->account_id, TEXT_MAX);
        buffer_init(&l->next_token, TEXT_MAX);
        buffer_init(&l->page, PAGE_MAX);
        if (begin(l, request, e) == 0)
                return l;
        destroy(l);
        return NULL;
}

void sso_list_abandon(struct sso_list *l)
{
        l->done = NULL;
        l->base.is_cancelled = true;
        upstream_call_cancel(&l->call);
        token_file_cancel(&l->cache.file);
}
