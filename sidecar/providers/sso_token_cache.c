// SPDX-License-Identifier: Apache-2.0
// Refresh tokens may be good for one use only, and several profiles and processes share one: the one that renews holds
// a lock, and reads the file again once it has it. Loop thread only.
#include "sidecar/providers/sso_token_cache.h"

#include "proto/mem/length.h"
#include "proto/wire/json_write.h"
#include "proto/wire/limits.h"
#include "sidecar/config/profile.h"
#include "sidecar/providers/sso_answer.h"
#include "sidecar/providers/sso_cache.h"

static int read_token(void *owner, struct slice text, struct slice *ret_key, struct error *e)
{
        struct sso_token_cache *k = owner;
        sso_token_clear(&k->token);
        int r = slice_is_empty(text) ? 0 : sso_token_read(text, &k->token, e);
        *ret_key = k->token.access_token;
        return r;
}

void sso_token_cache_init(struct sso_token_cache *k, struct provider *provider,
                          void (*done)(struct provider *p, const struct error *e))
{
        *k = (struct sso_token_cache){.provider = provider, .done = done};
        sso_token_init(&k->token);
        token_file_init(&k->file, SSO_CACHE_WHAT, LIMIT_TOKEN_FILE, read_token, k);
        buffer_init(&k->refused, LIMIT_TOKEN_FILE);
        buffer_init(&k->spent, LIMIT_TOKEN_FILE);
        upstream_call_init(&k->renewal, provider, k);
}

void sso_token_cache_deinit(struct sso_token_cache *k)
{
        sso_token_clear(&k->token);
        token_file_deinit(&k->file);
        buffer_free(&k->refused);
        buffer_free(&k->spent);
}

static int64_t now_s(const struct sso_token_cache *k)
{
        return upstream_clock_now_s(&k->provider->time, k->provider->deps.clock);
}

static const char *session_of(const struct sso_token_cache *k)
{
        return sso_cache_token_key(k->provider->profile);
}

// --- the file ---

static int needs_login(const struct sso_token_cache *k, struct error *e)
{
        e->kind = ERROR_INTERACTION;
        sso_token_hint_login(k->provider->profile, e);
        return -1;
}

static int set_path(struct sso_token_cache *k, struct error *e)
{
        const struct profile *p = k->provider->profile;
        return k->file.path ? 0 : sso_cache_path(p, slice_str(sso_cache_token_key(p)), &k->file.path, e);
}

// `done` follows, with what token_file_load() found.
static int start_load(struct sso_token_cache *k, bool locks, token_file_done_fn *done, struct error *e)
{
        if (set_path(k, e) < 0)
                return -1;
        return token_file_load(&k->file, k->provider, locks, done, e);
}

// That a load has found a token. 0, or -1 with *e: the load failed, or it takes a login.
static int check_loaded(const struct sso_token_cache *k, const struct error *error, struct error *e)
{
        if (error) {
                *e = *error;
                return -1;
        }
        if (k->token.access_token.n > 0)
                return 0;
        if (k->file.text.n == 0)
                (void)error_set(e, ERROR_INTERACTION, "nobody is logged in to IAM Identity Center (%.256s)",
                                session_of(k));
        else
                (void)error_set(e, ERROR_INTERACTION, "the token cached in %.200s cannot be used: %s", k->file.path,
                                k->file.unusable.message);
        return needs_login(k, e);
}

static bool is_refused(const struct sso_token_cache *k)
{
        return k->refused.n > 0 && slice_eq(k->token.access_token, buffer_slice(&k->refused));
}

// A refresh token that was refused once is not tried again.
static bool can_renew(const struct sso_token_cache *k)
{
        return sso_token_can_renew(&k->token, now_s(k)) && !slice_eq(k->token.refresh_token, buffer_slice(&k->spent));
}

static int refuse_expired(const struct sso_token_cache *k, struct error *e)
{
        char expired[TIME_RFC3339_SIZE];
        time_show(k->token.expires_s, expired);
        if (is_refused(k))
                (void)error_set(e, ERROR_INTERACTION, "IAM Identity Center does not accept the token any more (%.256s)",
                                session_of(k));
        else
                (void)error_set(e, ERROR_INTERACTION, "the login to IAM Identity Center (%.256s) expired at %s",
                                session_of(k), expired);
        return needs_login(k, e);
}

int sso_token_cache_hold(struct sso_token_cache *k, struct slice text, struct slice seen, struct error *e)
{
        struct sso_token in_use = k->token; // by a call to the portal
        sso_token_init(&k->token);
        int r = set_path(k, e);
        if (r == 0)
                r = token_file_hold_over(&k->file, text, seen, e);
        sso_token_clear(&k->token);
        k->token = in_use;
        k->is_overtaken = true;
        return r;
}

void sso_token_cache_forget(struct sso_token_cache *k)
{
        token_file_forget(&k->file);
        k->is_overtaken = true;
}

// Whether the token can be used as it is, should a renewal fail.
static bool is_usable_at(const struct sso_token_cache *k, int64_t at_s)
{
        return k->token.access_token.n > 0 && !is_refused(k) && sso_token_judge(&k->token, at_s) <= SSO_TOKEN_RENEW;
}

// --- renewal ---

static int renewal_write(void *owner, struct upstream_request *r, struct error *e)
{
        const struct sso_token_cache *k = owner;
        (void)e;
        sso_answer_begin_request(k->provider->profile, "/token", r);
        json_begin_object(&r->body);
        json_member(&r->body, "clientId", k->token.client_id);
        json_member(&r->body, "clientSecret", k->token.client_secret);
        json_member(&r->body, "grantType", SLICE("refresh_token"));
        json_member(&r->body, "refreshToken", k->token.refresh_token);
        json_end_object(&r->body);
        return 0;
}

// The new token is in force from here on, whether or not it can be written.
static int renewal_accept(void *owner, struct upstream_outcome *o, struct error *e)
{
        struct sso_token_cache *k = owner;
        const struct profile *p = k->provider->profile;
        const struct answer *answer = o->answer;
        char expires[TIME_RFC3339_SIZE];
        if (k->is_overtaken)
                return 0;
        if (sso_answer_check_token(answer, e) < 0)
                return -1;
        if (time_format_rfc3339(now_s(k) + answer->lives_s, expires) < 0)
                return error_set(e, ERROR_PROTOCOL, "the token expires after the year 9999");
        const struct member members[] = {
            {"startUrl", p->sso.start_url ? slice_str(p->sso.start_url) : k->token.start_url},
            {"region", slice_str(p->sso.region)},
            {"accessToken", answer->document},
            {"expiresAt", slice_str(expires)},
            {"refreshToken", answer->refresh_token.n > 0 ? answer->refresh_token : k->token.refresh_token},
        };
        struct buffer text;
        buffer_init(&text, LIMIT_TOKEN_FILE);
        int r = members_replace(buffer_slice(&k->file.text), members, LENGTH(members), &text);
        if (r < 0)
                (void)error_set(e, ERROR_INTERNAL, "the renewed token is too long, or out of memory");
        else
                r = token_file_take(&k->file, buffer_slice(&text), e);
        buffer_free(&text);
        return r;
}

static void finish(struct sso_token_cache *k, const struct error *e)
{
        token_file_unlock(&k->file);
        k->done(k->provider, e);
}

static void written(void *owner, const struct error *e)
{
        (void)e; // there is none: what was not written stays pending
        finish(owner, NULL);
}

// A login has brought another token meanwhile.
static void loaded_overtaken(void *owner, const struct error *error)
{
        struct error e;
        finish(owner, check_loaded(owner, error, &e) < 0 ? &e : NULL);
}

// Another process may have logged in meanwhile, or the token may live a while yet; else it takes a login.
static void loaded_after_failure(void *owner, const struct error *error)
{
        struct sso_token_cache *k = owner;
        struct error ignored;
        bool is_usable = check_loaded(k, error, &ignored) == 0 && is_usable_at(k, now_s(k));
        if (k->failure.kind == ERROR_DENIED)
                (void)needs_login(k, &k->failure);
        finish(k, is_usable ? NULL : &k->failure);
}

static void renewal_done(void *owner, struct credentials *c, const struct error *error)
{
        struct sso_token_cache *k = owner;
        struct error e;
        (void)c;
        if (k->is_overtaken) {
                if (start_load(k, false, loaded_overtaken, &e) < 0)
                        finish(k, &e);
                return;
        }
        if (!error) {
                token_file_write(&k->file, k->provider, written);
                return;
        }
        k->failure = *error;
        if (error->kind == ERROR_DENIED) {
                buffer_reset(&k->spent);
                (void)buffer_put(&k->spent, k->token.refresh_token);
        }
        if (start_load(k, false, loaded_after_failure, &e) < 0)
                loaded_after_failure(k, &e);
}

static const struct upstream_call_ops renewal_call = {
    .service = "sso-oidc",
    .action = "CreateToken for",
    .subject = sso_answer_subject,
    .write = renewal_write,
    .read = sso_answer_read,
    .accept = renewal_accept,
    .done = renewal_done,
};

static void retry(void *owner)
{
        struct sso_token_cache *k = owner;
        struct error e = {.kind = ERROR_NONE};
        int r = k->provider->is_cancelled ? error_set(&e, ERROR_CANCELLED, "cancelled")
                                          : sso_token_cache_get(k, buffer_slice(&k->refused), &e);
        if (r < 0)
                finish(k, &e);
}

static bool needs_renewal(const struct sso_token_cache *k)
{
        return is_refused(k) || sso_token_judge(&k->token, now_s(k)) != SSO_TOKEN_GOOD;
}

// 1: more follows; 0: the token can be used; -1 with *e.
static int renew_locked(struct sso_token_cache *k, struct error *e)
{
        bool can = can_renew(k);
        k->is_overtaken = false;
        if (can && upstream_call_start(&k->renewal, &renewal_call, e) == 0)
                return 1;
        if (is_usable_at(k, now_s(k)))
                return 0;
        return can ? -1 : refuse_expired(k, e); // a call that could not be made ends no login
}

// With the lock, if there is one. The token may have been renewed before that.
static void loaded_locked(void *owner, const struct error *error)
{
        struct sso_token_cache *k = owner;
        struct error e = {.kind = ERROR_NONE};
        int r = 0;
        if (!error && k->file.is_locked_by_other) {
                if (!is_usable_at(k, now_s(k)))
                        r = token_file_wait(&k->file, k->provider->deps.loop, retry, &e) < 0 ? -1 : 1;
        } else if (check_loaded(k, error, &e) < 0) {
                r = -1;
        } else if (needs_renewal(k)) {
                r = renew_locked(k, &e);
        }
        if (r <= 0)
                finish(k, r < 0 ? &e : NULL);
}

// As renew_locked().
static int renew(struct sso_token_cache *k, struct error *e)
{
        if (can_renew(k))
                return start_load(k, true, loaded_locked, e) < 0 ? -1 : 1;
        // The service's Date may have been wrong, and without a call there is no other: let the portal decide.
        bool is_usable = is_usable_at(k, now_s(k)) || is_usable_at(k, clock_wall_s(k->provider->deps.clock));
        return is_usable ? 0 : refuse_expired(k, e);
}

static void loaded(void *owner, const struct error *error)
{
        struct sso_token_cache *k = owner;
        struct error e = {.kind = ERROR_NONE};
        int r = check_loaded(k, error, &e);
        if (r == 0 && needs_renewal(k))
                r = renew(k, &e);
        if (r <= 0)
                finish(k, r < 0 ? &e : NULL);
}

int sso_token_cache_get(struct sso_token_cache *k, struct slice refused, struct error *e)
{
        if (refused.p != k->refused.p) {
                buffer_reset(&k->refused);
                (void)buffer_put(&k->refused, refused);
        }
        sso_token_clear(&k->token);
        return start_load(k, false, loaded, e);
}
