// SPDX-License-Identifier: Apache-2.0
// The session of an `aws login`. Its file is the AWS CLI's and the SDKs' too, and its refresh token is good for one
// use: whoever renews holds a lock, and looks at the file again once it has it. The login itself is the AWS CLI's
// affair. Loop thread only.
#include <errno.h>
#include <stdlib.h>

#include "proto/wire/credentials.h"
#include "proto/wire/limits.h"
#include "sidecar/config/profile.h"
#include "sidecar/io/delay.h"
#include "sidecar/providers/held_file.h"
#include "sidecar/providers/login.h"
#include "sidecar/providers/login_refresh.h"
#include "sidecar/providers/sources.h"

enum {
        GOOD_LIFE_S = 300, // with more than this, what is cached is used as it is: what the SDKs do
        LOCK_WAIT_MS = 100,
        LOCK_WAITS_N = 150
};

enum step { STEP_FAILED = -1, STEP_DONE, STEP_LATER };

struct login {
        struct provider base; // first: the interface is cast back
        struct login_refresh refresh;
        struct held_file file; // known by its refresh token
        struct login_session session;
        struct buffer spent;  // the refresh token that was refused
        struct buffer served; // the access key ID that was handed out last
        struct delay *delay;
        unsigned waits;
        bool is_cancelled;
};

static const struct upstream_clock *time_of(const struct login *l)
{
        return &l->refresh.exchange.time;
}

static int64_t lives_s(const struct login *l)
{
        return l->session.expires_s - upstream_clock_now_s(time_of(l), l->refresh.exchange.deps.clock);
}

// ---- the file ----

// 0: the session is usable, or there is none. -1 with *why.
static int read_session(struct login *l, struct error *why)
{
        why->kind = ERROR_NONE;
        login_session_clear(&l->session);
        return l->file.text.n > 0 ? login_session_read(buffer_slice(&l->file.text), &l->session, why) : 0;
}

static int load(struct login *l, struct error *e)
{
        const struct profile *p = l->base.profile;
        struct error why;
        login_session_clear(&l->session);
        if (!l->file.path && login_session_path(p, &l->file.path, e) < 0)
                return -1;
        if (held_file_read(&l->file, e) < 0)
                return -1;
        (void)read_session(l, &why);
        int prefers = why.kind == ERROR_INTERNAL ? -1 : held_file_prefer(&l->file, l->session.refresh_token);
        if (prefers > 0)
                (void)read_session(l, &why);
        if (prefers < 0 || why.kind == ERROR_INTERNAL) {
                login_session_clear(&l->session);
                return error_set(e, ERROR_INTERNAL, "out of memory for the session cached in %.200s", l->file.path);
        }
        if (l->session.access_key_id.n > 0)
                return 0;
        if (l->file.text.n == 0)
                return login_session_missing(p, e, "nobody is logged in as %.256s", p->login.session);
        return login_session_missing(p, e, "the session cached in %.200s cannot be used: %s", l->file.path,
                                     why.message);
}

static enum step use(struct login *l, struct credentials **ret, struct error *e)
{
        const struct answer answer = {
            .access_key_id = l->session.access_key_id,
            .secret_access_key = l->session.secret_access_key,
            .session_token = l->session.session_token,
            .account_id = l->session.account_id,
            .expires_ms = l->session.expires_s * 1000,
        };
        if (answer_credentials(&answer, NULL, time_of(l), l->refresh.exchange.deps.clock, ret, e) < 0)
                return STEP_FAILED;
        buffer_reset(&l->served);
        (void)buffer_put(&l->served, l->session.access_key_id);
        return STEP_DONE;
}

// Where a refresh is not to be had: what is cached, while it lives, unless whoever asks has it already; then the
// failure is to be known.
static bool falls_back(struct login *l, struct credentials **ret)
{
        struct error ignored;
        bool is_news = !slice_eq(l->session.access_key_id, buffer_slice(&l->served));
        return l->session.access_key_id.n > 0 && is_news && lives_s(l) > LIMIT_MIN_LIFE_S &&
               use(l, ret, &ignored) == STEP_DONE;
}

// ---- the way ----

static void run(void *arg);

static enum step wait_for_other(struct login *l, struct error *e)
{
        if (l->waits++ >= LOCK_WAITS_N)
                return error_set(e, ERROR_TRANSIENT, "another process has been renewing the session for too long");
        l->delay = delay_start(l->refresh.exchange.deps.loop, LOCK_WAIT_MS, run, l);
        return l->delay ? STEP_LATER : error_set(e, ERROR_INTERNAL, "out of memory");
}

// A refresh token that was refused is not tried again.
static bool is_spent(const struct login *l)
{
        return l->spent.n > 0 && slice_eq(l->session.refresh_token, buffer_slice(&l->spent));
}

static int say_ended(const struct login *l, struct error *e)
{
        return login_session_missing(l->base.profile, e, "the login as %.256s has ended",
                                     l->base.profile->login.session);
}

static enum step renew(struct login *l, struct credentials **ret, struct error *e)
{
        if (is_spent(l))
                return say_ended(l, e);
        if (held_file_lock(&l->file) == -EWOULDBLOCK)
                return falls_back(l, ret) ? STEP_DONE : wait_for_other(l, e);
        enum step step = STEP_FAILED; // it may have been renewed before the lock was there
        if (load(l, e) == 0) {
                if (lives_s(l) > GOOD_LIFE_S)
                        step = use(l, ret, e);
                else if (is_spent(l))
                        step = say_ended(l, e);
                else if (login_refresh_start(&l->refresh, &l->session, e) == 0)
                        step = STEP_LATER;
                else if (falls_back(l, ret))
                        step = STEP_DONE;
        }
        if (step != STEP_LATER)
                held_file_unlock(&l->file);
        return step;
}

static enum step take_step(struct login *l, struct credentials **ret, struct error *e)
{
        if (l->is_cancelled)
                return error_set(e, ERROR_CANCELLED, "cancelled");
        if (load(l, e) < 0)
                return STEP_FAILED;
        return lives_s(l) > GOOD_LIFE_S ? use(l, ret, e) : renew(l, ret, e);
}

static void run(void *arg)
{
        struct login *l = arg;
        struct error e = {0};
        struct credentials *c = NULL;
        l->delay = NULL;
        if (take_step(l, &c, &e) != STEP_LATER)
                provider_finish(&l->base, c, c ? NULL : &e);
}

// ---- the refresh ----

// In force from here on, whether or not it can be written.
static int take(void *owner, const struct login_grant *grant, struct credentials **ret, struct error *e)
{
        struct login *l = owner;
        struct buffer text;
        buffer_init(&text, LIMIT_TOKEN_FILE);
        int r = login_session_renew(buffer_slice(&l->file.text), grant, &text);
        if (r == 0)
                r = held_file_put(&l->file, buffer_slice(&text));
        buffer_free(&text);
        if (r < 0)
                return error_set(e, ERROR_INTERNAL, "the renewed session cannot be kept");
        if (read_session(l, e) < 0) {
                if (e->kind != ERROR_INTERNAL)
                        held_file_drop(&l->file);
                return error_context(e, "the renewed session cannot be used");
        }
        held_file_write(&l->file);
        return use(l, ret, e) == STEP_DONE ? 0 : -1;
}

// Somebody may have logged in meanwhile; else a person has to.
static struct credentials *after_refusal(struct login *l)
{
        struct error ignored;
        struct credentials *c = NULL;
        buffer_reset(&l->spent);
        (void)buffer_put(&l->spent, l->session.refresh_token);
        if (load(l, &ignored) == 0 && !is_spent(l) && lives_s(l) > GOOD_LIFE_S)
                (void)use(l, &c, &ignored);
        return c;
}

static void refreshed(void *owner, struct credentials *c, const struct error *error)
{
        struct login *l = owner;
        struct error e = error ? *error : (struct error){0};
        if (!c && !l->is_cancelled) {
                if (e.kind == ERROR_INTERACTION)
                        c = after_refusal(l);
                else
                        (void)falls_back(l, &c);
        }
        held_file_unlock(&l->file);
        if (l->is_cancelled) {
                credentials_unref(c);
                c = NULL;
                (void)error_set(&e, ERROR_CANCELLED, "cancelled");
        }
        provider_finish(&l->base, c, c ? NULL : &e);
}

// ---- the provider ----

static int login_start(struct provider *p, struct error *e)
{
        struct login *l = (struct login *)p;
        l->is_cancelled = false;
        l->waits = 0;
        l->delay = delay_start(l->refresh.exchange.deps.loop, 0, run, l);
        return l->delay ? 0 : error_set(e, ERROR_INTERNAL, "out of memory");
}

// A wait ends by itself, and so does a call, within its time-outs: it has spent the refresh token, and the next one is
// in the answer.
static void login_cancel(struct provider *p)
{
        ((struct login *)p)->is_cancelled = true;
}

static void login_destroy(struct provider *p)
{
        struct login *l = (struct login *)p;
        login_refresh_deinit(&l->refresh);
        held_file_deinit(&l->file);
        login_session_clear(&l->session);
        buffer_free(&l->spent);
        buffer_free(&l->served);
        free(l);
}

static int login_begin(struct provider *p, struct slice token_code, struct error *e)
{
        (void)token_code;
        (void)error_set(e, ERROR_CONFIG, "the AWS CLI does this login, with a browser");
        login_session_hint(p->profile, e);
        return -1;
}

static void login_status_of(const struct provider *p, struct login_status *ret)
{
        (void)p;
        ret->kind = LOGIN_AWS_CLI;
}

int provider_login_new(const struct provider_deps *deps, const struct profile *profile, struct provider **ret,
                       struct error *e)
{
        static const struct provider_ops ops = {login_start, login_cancel, login_destroy};
        static const struct login_ops login = {login_begin, login_status_of};
        static const struct login_refresh_ops refresh = {take, refreshed};
        struct login *l = calloc(1, sizeof(*l));
        if (l)
                l->base = (struct provider){.ops = &ops, .login = &login, .profile = profile};
        if (!l || login_refresh_init(&l->refresh, deps, &l->base, e) < 0) {
                free(l);
                return error_set(e, ERROR_INTERNAL, "out of memory");
        }
        l->refresh.ops = &refresh;
        l->refresh.owner = l;
        held_file_init(&l->file, "aws login cache file", LIMIT_TOKEN_FILE);
        login_session_init(&l->session);
        buffer_init(&l->spent, LIMIT_TOKEN_FILE);
        buffer_init(&l->served, LIMIT_TOKEN_FILE);
        *ret = &l->base;
        return 0;
}
