// SPDX-License-Identifier: Apache-2.0
#include "sidecar/server/web_identity_tokens.h"

#include <stdlib.h>

#include "sidecar/server/state.h"
#include "sidecar/vault/vault.h"

struct web_identity_token {
        TAILQ_ENTRY(web_identity_token) link;
        uid_t uid;
        struct entry *entry;
        struct provider *provider;
        const struct entry *base; // the profile's, when this was made
        size_t name_n, key_n;
        uint8_t text[]; // the profile's name, and the key
};

void web_identity_tokens_init(struct web_identity_tokens *tokens)
{
        TAILQ_INIT(&tokens->list);
}

static void forget(struct server *s, struct web_identity_token *t)
{
        TAILQ_REMOVE(&s->web_identity_tokens.list, t, link);
        free(t);
}

static void retire(struct server *s, struct web_identity_token *t, const char *why)
{
        struct error reason;
        error_set(&reason, ERROR_CANCELLED, "%s", why);
        entry_retire(t->entry, &reason);
        forget(s, t);
}

static struct slice name_of(const struct web_identity_token *t)
{
        return slice_of(t->text, t->name_n);
}

// --- the key ---

static void put_part(struct buffer *key, struct slice part)
{
        (void)buffer_printf(key, "%zu:", part.n); // no two lists of parts look the same
        (void)buffer_put(key, part);
}

static void put_key(const struct web_identity_endpoint *at, const struct web_identity_request *r, struct buffer *key)
{
        (void)buffer_printf(key, "%lld,%zu,%zu,", (long long)r->duration_seconds, r->audiences_count, r->tags_count);
        put_part(key, slice_str(at->url));
        put_part(key, slice_str(at->region));
        put_part(key, r->signing_algorithm);
        for (size_t i = 0; i < r->audiences_count; i++)
                put_part(key, r->audiences[i]);
        for (size_t i = 0; i < r->tags_count; i++) {
                put_part(key, r->tags[i].key);
                put_part(key, r->tags[i].value);
        }
}

static struct web_identity_token *find(const struct web_identity_tokens *tokens, struct slice name, struct slice key)
{
        struct web_identity_token *t;
        TAILQ_FOREACH(t, &tokens->list, link)
        {
                if (t->key_n == key.n && slice_eq(name_of(t), name) &&
                    slice_eq(slice_of(t->text + t->name_n, t->key_n), key))
                        return t;
        }
        return NULL;
}

// --- how many ---

static bool is_being_fetched(const struct web_identity_token *t)
{
        struct entry_status status;
        entry_status(t->entry, &status);
        return status.is_fetching;
}

// Makes room for one more of this uid. False: clients wait for all of those that could go.
static bool make_room(struct server *s, uid_t uid)
{
        size_t all = 0, own = 0;
        struct web_identity_token *t, *oldest = NULL, *oldest_own = NULL;
        TAILQ_FOREACH(t, &s->web_identity_tokens.list, link)
        {
                all++;
                own += t->uid == uid;
                if (is_being_fetched(t))
                        continue;
                oldest = t;
                oldest_own = t->uid == uid ? t : oldest_own;
        }
        bool is_full = own >= LIMIT_WEB_IDENTITY_TOKENS_OF_UID_N;
        if (!is_full && all < LIMIT_WEB_IDENTITY_TOKENS_N)
                return true;
        t = is_full ? oldest_own : oldest;
        if (!t)
                return false;
        retire(s, t, "the token was forgotten in favour of others");
        return true;
}

static struct web_identity_token *add(struct server *s, const struct server_profile *p, uid_t uid,
                                      const struct web_identity_endpoint *at,
                                      const struct web_identity_request *request, struct slice key, struct error *e)
{
        const struct server_web_identity *make = &s->deps.web_identity;
        struct slice name = slice_str(p->name);
        if (!make_room(s, uid)) {
                (void)error_set(e, ERROR_THROTTLED, "too many web identity tokens of this uid are being fetched");
                return NULL;
        }
        struct web_identity_token *t = malloc(sizeof(*t) + name.n + key.n);
        if (!t) {
                (void)error_set(e, ERROR_INTERNAL, "out of memory");
                return NULL;
        }
        *t = (struct web_identity_token){.uid = uid, .base = p->entry, .name_n = name.n, .key_n = key.n};
        if (name.n > 0)
                memcpy(t->text, name.p, name.n);
        if (key.n > 0)
                memcpy(t->text + name.n, key.p, key.n);
        t->entry = make->add(make->context, p, at, request, &t->provider, e);
        if (!t->entry) {
                free(t);
                return NULL;
        }
        TAILQ_INSERT_HEAD(&s->web_identity_tokens.list, t, link);
        return t;
}

struct entry *web_identity_tokens_get(struct server *s, const struct server_profile *profile, uid_t uid,
                                      const struct web_identity_endpoint *at,
                                      const struct web_identity_request *request, struct error *e)
{
        struct buffer *key = &s->signing;
        buffer_reset(key);
        put_key(at, request, key);
        if (key->failed) {
                (void)error_set(e, ERROR_INTERNAL, "out of memory");
                return NULL;
        }
        struct web_identity_token *t = find(&s->web_identity_tokens, slice_str(profile->name), buffer_slice(key));
        if (!t)
                t = add(s, profile, uid, at, request, buffer_slice(key), e);
        buffer_reset(key);
        if (!t)
                return NULL;
        TAILQ_REMOVE(&s->web_identity_tokens.list, t, link);
        TAILQ_INSERT_HEAD(&s->web_identity_tokens.list, t, link);
        return t->entry;
}

void web_identity_tokens_drop(struct server *s, const struct server_profile *profile)
{
        struct web_identity_token *t = TAILQ_FIRST(&s->web_identity_tokens.list), *next;
        for (; t; t = next) {
                next = TAILQ_NEXT(t, link);
                if (slice_eq(name_of(t), slice_str(profile->name)))
                        retire(s, t, "the credentials of the profile were dropped on request");
        }
}

void web_identity_tokens_update(struct server *s)
{
        const struct server_web_identity *make = &s->deps.web_identity;
        struct web_identity_token *t = TAILQ_FIRST(&s->web_identity_tokens.list), *next;
        for (; t; t = next) {
                next = TAILQ_NEXT(t, link);
                const struct server_profile *p = server_find_profile(s, name_of(t));
                if (p && p->entry == t->base)
                        make->update(t->provider, p);
                else
                        retire(s, t, "a reload of the configuration changed or removed the profile");
        }
}

void web_identity_tokens_free(struct web_identity_tokens *tokens)
{
        struct web_identity_token *t;
        while ((t = TAILQ_FIRST(&tokens->list))) {
                TAILQ_REMOVE(&tokens->list, t, link);
                free(t);
        }
}
