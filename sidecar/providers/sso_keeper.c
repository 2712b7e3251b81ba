// SPDX-License-Identifier: Apache-2.0
// Refresh tokens may be good for one use only, and several profiles and processes share one: whoever renews holds a
// lock, and looks at the file again once it has it. Loop thread only.
#include "sidecar/providers/sso_keeper.h"

#include <errno.h>

#include "proto/mem/length.h"
#include "proto/mem/time.h"
#include "proto/wire/json_write.h"
#include "proto/wire/limits.h"
#include "sidecar/config/profile.h"
#include "sidecar/io/delay.h"
#include "sidecar/providers/sso_cache.h"
#include "sidecar/providers/sso_http.h"

enum { LOCK_WAIT_MS = 100, LOCK_WAITS_N = 150, BODY_MAX = 4 * LIMIT_TOKEN_FILE };

void sso_keeper_init(struct sso_keeper *k, const struct provider_deps *deps, const struct provider *provider)
{
        *k = (struct sso_keeper){.deps = *deps, .provider = provider};
        sso_token_init(&k->token);
        held_file_init(&k->file, SSO_CACHE_WHAT, LIMIT_TOKEN_FILE);
        buffer_init(&k->refused, LIMIT_TOKEN_FILE);
        buffer_init(&k->spent, LIMIT_TOKEN_FILE);
}

void sso_keeper_deinit(struct sso_keeper *k)
{
        sso_token_clear(&k->token);
        held_file_deinit(&k->file);
        buffer_free(&k->refused);
        buffer_free(&k->spent);
}

static int64_t now_s(const struct sso_keeper *k)
{
        return upstream_clock_now_s(&k->time, k->deps.clock);
}

// --- the file ---

// 0: the token is usable, or there is none. -1 with *why.
static int read_token(struct sso_keeper *k, struct error *why)
{
        why->kind = ERROR_NONE;
        sso_token_clear(&k->token);
        return k->file.text.n > 0 ? sso_token_read(buffer_slice(&k->file.text), &k->token, why) : 0;
}

static int read_file(struct sso_keeper *k, struct error *e)
{
        if (!k->file.path && sso_cache_path(k->provider->profile, slice_str(sso_cache_token_key(k->provider->profile)),
                                            &k->file.path, e) < 0)
                return -1;
        return held_file_read(&k->file, e);
}

static int load(struct sso_keeper *k, struct error *e)
{
        sso_token_clear(&k->token);
        if (read_file(k, e) < 0)
                return -1;
        struct error why;
        (void)read_token(k, &why);
        int prefers = why.kind == ERROR_INTERNAL ? -1 : held_file_prefer(&k->file, k->token.access_token);
        if (prefers > 0)
                (void)read_token(k, &why);
        if (prefers < 0 || why.kind == ERROR_INTERNAL) {
                sso_token_clear(&k->token);
                return error_set(e, ERROR_INTERNAL, "out of memory for the token cached in %.200s", k->file.path);
        }
        if (k->token.access_token.n > 0)
                return 0;
        if (k->file.text.n == 0)
                return sso_token_missing(k->provider->profile, e, "nobody is logged in to IAM Identity Center (%.256s)",
                                         sso_cache_token_key(k->provider->profile));
        return sso_token_missing(k->provider->profile, e, "the token cached in %.200s cannot be used: %s", k->file.path,
                                 why.message);
}

static bool is_refused(const struct sso_keeper *k)
{
        return k->refused.n > 0 && slice_eq(k->token.access_token, buffer_slice(&k->refused));
}

// A refresh token that was refused once is not tried again.
static bool can_renew(const struct sso_keeper *k)
{
        return sso_token_can_renew(&k->token, now_s(k)) && !slice_eq(k->token.refresh_token, buffer_slice(&k->spent));
}

static int say_ended(const struct sso_keeper *k, struct error *e)
{
        char ended[TIME_RFC3339_SIZE] = "some time ago";
        if (is_refused(k))
                return sso_token_missing(k->provider->profile, e,
                                         "IAM Identity Center does not accept the token any more (%.256s)",
                                         sso_cache_token_key(k->provider->profile));
        (void)time_format_rfc3339(k->token.expires_s, ended);
        return sso_token_missing(k->provider->profile, e, "the login to IAM Identity Center (%.256s) expired at %s",
                                 sso_cache_token_key(k->provider->profile), ended);
}

int sso_keeper_hold(struct sso_keeper *k, struct slice text, struct error *e)
{
        struct sso_token there; // k->token may be in use
        struct error why = {.kind = ERROR_NONE};
        if (read_file(k, e) < 0)
                return -1;
        sso_token_init(&there);
        bool is_read = k->file.text.n == 0 || sso_token_read(buffer_slice(&k->file.text), &there, &why) == 0;
        bool has_memory = (is_read || why.kind != ERROR_INTERNAL) &&
                          held_file_prefer(&k->file, there.access_token) >= 0 && held_file_put(&k->file, text) == 0;
        sso_token_clear(&there);
        k->is_overtaken = true;
        return has_memory ? 0 : error_set(e, ERROR_INTERNAL, "out of memory for the token");
}

// --- renewal ---

static void renewed(void *arg, const struct http_response *response, const struct error *error);

static int send_renewal(struct sso_keeper *k, struct error *e)
{
        struct buffer body;
        buffer_init(&body, BODY_MAX);
        json_begin_object(&body);
        json_member(&body, "clientId", k->token.client_id);
        json_member(&body, "clientSecret", k->token.client_secret);
        json_member(&body, "grantType", SLICE("refresh_token"));
        json_member(&body, "refreshToken", k->token.refresh_token);
        json_end_object(&body);
        k->is_overtaken = false;
        if (body.failed)
                (void)error_set(e, ERROR_INTERNAL, "out of memory");
        else
                k->call = sso_http_oidc(&(struct sso_http){&k->deps, k->provider->profile, renewed, k}, "/token",
                                        buffer_slice(&body), e);
        buffer_free(&body);
        return k->call ? 0 : -1;
}

// What stands in for it when a renewal is not to be had: the token as it is, while it lives.
static bool may_fall_back(const struct sso_keeper *k)
{
        return k->token.access_token.n > 0 && !is_refused(k) && sso_token_judge(&k->token, now_s(k)) <= SSO_TOKEN_RENEW;
}

// What the service said of its time may have been wrong, and without a call it is not heard again: the portal decides.
static bool lives_by_own_clock(const struct sso_keeper *k)
{
        int64_t wall_s = clock_wall_s(k->deps.clock);
        return k->token.access_token.n > 0 && !is_refused(k) && sso_token_judge(&k->token, wall_s) <= SSO_TOKEN_RENEW;
}

static void waited(void *arg)
{
        struct sso_keeper *k = arg;
        struct error e = {0};
        k->delay = NULL;
        int r = k->is_cancelled ? error_set(&e, ERROR_CANCELLED, "cancelled")
                                : sso_keeper_get(k, buffer_slice(&k->refused), &e);
        if (r != SSO_KEEPER_LATER)
                k->done(k->owner, r < 0 ? &e : NULL);
}

// Somebody else is renewing it.
static int wait_for_other(struct sso_keeper *k, struct error *e)
{
        if (may_fall_back(k))
                return SSO_KEEPER_THERE;
        if (k->waits++ >= LOCK_WAITS_N)
                return error_set(e, ERROR_TRANSIENT, "another process has been renewing the token for too long");
        k->delay = delay_start(k->deps.loop, LOCK_WAIT_MS, waited, k);
        return k->delay ? SSO_KEEPER_LATER : error_set(e, ERROR_INTERNAL, "out of memory");
}

static bool needs_renewal(const struct sso_keeper *k)
{
        return is_refused(k) || sso_token_judge(&k->token, now_s(k)) != SSO_TOKEN_GOOD;
}

static int renew(struct sso_keeper *k, struct error *e)
{
        if (!can_renew(k))
                return may_fall_back(k) || lives_by_own_clock(k) ? SSO_KEEPER_THERE : say_ended(k, e);
        if (held_file_lock(&k->file) == -EWOULDBLOCK)
                return wait_for_other(k, e);
        if (load(k, e) < 0) { // it may have been renewed before the lock was there
                held_file_unlock(&k->file);
                return -1;
        }
        if (!needs_renewal(k)) {
                held_file_unlock(&k->file);
                return SSO_KEEPER_THERE;
        }
        bool can = can_renew(k);
        if (can && send_renewal(k, e) == 0)
                return SSO_KEEPER_LATER;
        held_file_unlock(&k->file);
        if (may_fall_back(k))
                return SSO_KEEPER_THERE;
        return can ? -1 : say_ended(k, e); // a call that could not be made ends no login
}

int sso_keeper_get(struct sso_keeper *k, struct slice refused, struct error *e)
{
        if (refused.p != k->refused.p) {
                buffer_reset(&k->refused);
                (void)buffer_put(&k->refused, refused);
        }
        k->is_cancelled = false;
        if (load(k, e) < 0)
                return -1;
        return needs_renewal(k) ? renew(k, e) : SSO_KEEPER_THERE;
}

// --- the answer ---

static int write_token(struct sso_keeper *k, const struct answer *a, int64_t expires_s)
{
        char expires[TIME_RFC3339_SIZE];
        const struct profile *p = k->provider->profile;
        struct slice start_url = p->sso.start_url ? slice_str(p->sso.start_url) : k->token.start_url;
        if (time_format_rfc3339(expires_s, expires) < 0)
                return -1;
        const struct member members[] = {
            {"startUrl", start_url},
            {"region", slice_str(p->sso.region)},
            {"accessToken", a->document},
            {"expiresAt", slice_str(expires)},
            {"refreshToken", a->refresh_token.n > 0 ? a->refresh_token : k->token.refresh_token},
        };
        struct buffer text;
        buffer_init(&text, LIMIT_TOKEN_FILE);
        int r = members_replace(buffer_slice(&k->file.text), members, LENGTH(members), &text);
        if (r == 0)
                r = held_file_put(&k->file, buffer_slice(&text));
        buffer_free(&text);
        return r;
}

// The new token is in force from here on, whether or not it can be written.
static int take(struct sso_keeper *k, const struct http_response *response, struct error *e)
{
        struct buffer scratch;
        struct answer answer;
        int64_t date_s;
        buffer_init(&scratch, LIMIT_UPSTREAM_BODY);
        int r = sso_http_read_token(response->body, &scratch, &answer, e);
        if (r < 0)
                (void)answer_unreadable(NULL, response->status, response->body.n, e);
        else if (time_parse_http_date(slice_trim(http_response_field(response, SLICE("date"))), &date_s) == 0)
                upstream_clock_learn(&k->time, date_s, response->boot_ms);
        if (r == 0 && write_token(k, &answer, now_s(k) + answer.lives_s) < 0)
                r = error_set(e, ERROR_INTERNAL, "the renewed token cannot be kept");
        buffer_free(&scratch);
        if (r < 0)
                return -1;
        if (read_token(k, e) < 0) {
                if (e->kind != ERROR_INTERNAL)
                        held_file_drop(&k->file);
                return error_context(e, "the renewed token cannot be used");
        }
        held_file_write(&k->file);
        return 0;
}

// A refusal: somebody may have logged in meanwhile; else a person has to.
static int refuse(struct sso_keeper *k, const struct http_response *response, struct error *e)
{
        struct error ignored;
        sso_http_refusal(response, "CreateToken", k->provider->profile, e);
        if (e->kind == ERROR_DENIED) {
                buffer_reset(&k->spent);
                (void)buffer_put(&k->spent, k->token.refresh_token);
        }
        if (load(k, &ignored) == 0 && may_fall_back(k))
                return 0;
        if (e->kind == ERROR_DENIED) {
                struct error hint = {0};
                (void)sso_token_missing(k->provider->profile, &hint, "the login has ended");
                e->kind = ERROR_INTERACTION;
                (void)error_hint(e, "%s", hint.hint);
        }
        return -1;
}

static void renewed(void *arg, const struct http_response *response, const struct error *error)
{
        struct sso_keeper *k = arg;
        struct error e = {0};
        int r = 0;
        k->call = NULL;
        if (error) {
                e = *error;
                (void)error_context(&e, "CreateToken for %.256s", sso_cache_token_key(k->provider->profile));
                r = may_fall_back(k) ? 0 : -1;
        } else if (k->is_overtaken) {
                r = load(k, &e);
        } else if (response->status >= 200 && response->status < 300) {
                r = take(k, response, &e);
                if (r < 0 && may_fall_back(k))
                        r = 0;
        } else {
                r = refuse(k, response, &e);
        }
        held_file_unlock(&k->file);
        if (k->is_cancelled)
                r = error_set(&e, ERROR_CANCELLED, "cancelled");
        k->done(k->owner, r < 0 ? &e : NULL);
}

// A wait ends by itself, and so does a call, within its time-outs: it may have spent the refresh token, and the next
// one is in the answer.
void sso_keeper_cancel(struct sso_keeper *k)
{
        k->is_cancelled = true;
}
