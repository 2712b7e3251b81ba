// SPDX-License-Identifier: Apache-2.0
// The session of an `aws login`. Its file is the AWS CLI's and the SDKs' too, and its refresh token is good for one
// use: the process that renews holds a lock, and reads the file again once it has it. The login itself is the AWS
// CLI's. Loop thread only.
#include <stdlib.h>

#include "proto/wire/credentials.h"
#include "proto/wire/limits.h"
#include "sidecar/config/profile.h"
#include "sidecar/io/delay.h"
#include "sidecar/providers/file_task.h"
#include "sidecar/providers/login_refresh.h"
#include "sidecar/providers/sources.h"
#include "sidecar/providers/token_file.h"
#include "sidecar/providers/token_removal.h"

#define CACHE_WHAT "aws login cache file"

enum { GOOD_LIFE_S = 300 }; // with more than this, what is cached is used as it is: what the SDKs do

enum step { STEP_FAILED = -1, STEP_DONE, STEP_LATER };

struct login {
        struct provider base;         // first: the interface is cast back
        struct upstream_call refresh; // not cancelled: it may have spent the refresh token
        struct token_file file;       // known by its refresh token
        struct login_session session;
        struct buffer spent;         // the refresh token that was refused
        struct buffer served;        // the access key ID that was handed out last
        struct credentials *renewed; // while they are being written
        struct file_task *removal;   // of the file, in a log-out; NULL: none is under way
        struct error not_removed;    // of kind ERROR_NONE: it was
        struct error failure;        // of the refresh, while it is seen whether there is another session
};

static int64_t now_s(const struct login *l)
{
        return upstream_clock_now_s(&l->base.time, l->base.deps.clock);
}

static int64_t lives_s(const struct login *l)
{
        return l->session.expires_s - now_s(l);
}

static bool is_spent(const struct login *l)
{
        return l->spent.n > 0 && slice_eq(l->session.refresh_token, buffer_slice(&l->spent));
}

// --- the file ---

static int read_session(void *owner, struct slice text, struct slice *ret_key, struct error *e)
{
        struct login *l = owner;
        login_session_clear(&l->session);
        int r = slice_is_empty(text) ? 0 : login_session_read(text, &l->session, e);
        *ret_key = l->session.refresh_token;
        return r;
}

static int needs_login(const struct login *l, struct error *e)
{
        login_session_hint(l->base.profile, e);
        return -1;
}

// `done` follows, with what token_file_load() found.
static int start_load(struct login *l, bool locks, token_file_done_fn *done, struct error *e)
{
        if (!l->file.path && login_session_path(l->base.profile, &l->file.path, e) < 0)
                return -1;
        return token_file_load(&l->file, &l->base, locks, done, e);
}

// That a load has found a session. 0, or -1 with *e: the load failed, or it takes a login.
static int check_loaded(const struct login *l, const struct error *error, struct error *e)
{
        if (error) {
                *e = *error;
                return -1;
        }
        if (l->session.access_key_id.n > 0)
                return 0;
        if (l->file.text.n == 0)
                (void)error_set(e, ERROR_INTERACTION, "nobody is logged in as %.256s", l->base.profile->login.session);
        else
                (void)error_set(e, ERROR_INTERACTION, "the session cached in %.200s cannot be used: %s", l->file.path,
                                l->file.unusable.message);
        return needs_login(l, e);
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
        if (answer_credentials(&answer, NULL, &l->base.time, l->base.deps.clock, ret, e) < 0)
                return STEP_FAILED;
        buffer_reset(&l->served);
        (void)buffer_put(&l->served, l->session.access_key_id);
        return STEP_DONE;
}

// Where a refresh is not to be had: what is cached, while it lives, unless it was handed out already; then the failure
// is to be known.
static bool falls_back(struct login *l, struct credentials **ret)
{
        struct error ignored;
        bool is_news = !slice_eq(l->session.access_key_id, buffer_slice(&l->served));
        return l->session.access_key_id.n > 0 && is_news && lives_s(l) > LIMIT_MIN_LIFE_S &&
               use(l, ret, &ignored) == STEP_DONE;
}

// --- the refresh ---

static int refresh_write(void *owner, struct upstream_request *r, struct error *e)
{
        const struct login *l = owner;
        return login_refresh_write(l->base.profile, &l->session, r, e);
}

// In force from here on, whether or not it can be written.
static int refresh_accept(void *owner, struct upstream_outcome *o, struct error *e)
{
        struct login *l = owner;
        struct buffer text;
        if (login_refresh_check(o->answer, e) < 0)
                return -1;
        buffer_init(&text, LIMIT_TOKEN_FILE);
        int r = login_session_renew(buffer_slice(&l->file.text), o->answer, now_s(l) + o->answer->lives_s, &text);
        if (r < 0)
                (void)error_set(e, ERROR_INTERNAL, "the renewed session is too long, or out of memory");
        else
                r = token_file_take(&l->file, buffer_slice(&text), e);
        buffer_free(&text);
        return r == 0 && use(l, &o->c, e) == STEP_DONE ? 0 : -1;
}

static void refresh_explain(void *owner, struct error *e)
{
        login_refresh_explain(((struct provider *)owner)->profile, e);
}

static void finish(struct login *l, struct credentials *c, const struct error *e)
{
        token_file_unlock(&l->file);
        provider_finish(&l->base, c, c ? NULL : e);
}

static void written(void *owner, const struct error *e)
{
        struct login *l = owner;
        struct credentials *c = l->renewed;
        (void)e; // there is none: what was not written stays pending
        l->renewed = NULL;
        finish(l, c, NULL);
}

// Another process may have logged in meanwhile; else it takes a login.
static void loaded_after_refusal(void *owner, const struct error *error)
{
        struct login *l = owner;
        struct error ignored;
        struct credentials *c = NULL;
        if (check_loaded(l, error, &ignored) == 0 && !is_spent(l) && lives_s(l) > GOOD_LIFE_S)
                (void)use(l, &c, &ignored);
        finish(l, c, &l->failure);
}

static void refresh_done(void *owner, struct credentials *c, const struct error *e)
{
        struct login *l = owner;
        struct error ignored;
        if (!e) {
                l->renewed = c;
                token_file_write(&l->file, &l->base, written);
                return;
        }
        if (l->base.is_cancelled || e->kind != ERROR_INTERACTION) {
                if (!l->base.is_cancelled)
                        (void)falls_back(l, &c);
                finish(l, c, e);
                return;
        }
        l->failure = *e;
        buffer_reset(&l->spent);
        (void)buffer_put(&l->spent, l->session.refresh_token);
        if (start_load(l, false, loaded_after_refusal, &ignored) < 0)
                finish(l, NULL, &l->failure);
}

static const struct upstream_call_ops refresh_call = {
    .service = "signin",
    .action = "CreateOAuth2Token for",
    .is_signed = true, // a proof has a time
    .subject = login_refresh_subject,
    .write = refresh_write,
    .read = login_refresh_read,
    .accept = refresh_accept,
    .explain = refresh_explain,
    .done = refresh_done,
};

// --- the way ---

static void run(void *arg);

// A refresh token that was refused is not tried again.
static enum step refuse_ended(const struct login *l, struct error *e)
{
        (void)error_set(e, ERROR_INTERACTION, "the login as %.256s has ended", l->base.profile->login.session);
        return needs_login(l, e);
}

static enum step renew_locked(struct login *l, struct credentials **ret, struct error *e)
{
        if (lives_s(l) > GOOD_LIFE_S) // it was renewed before the lock was there
                return use(l, ret, e);
        if (is_spent(l))
                return refuse_ended(l, e);
        if (upstream_call_start(&l->refresh, &refresh_call, e) == 0)
                return STEP_LATER;
        return falls_back(l, ret) ? STEP_DONE : STEP_FAILED;
}

static void loaded_locked(void *owner, const struct error *error)
{
        struct login *l = owner;
        struct error e = {.kind = ERROR_NONE};
        struct credentials *c = NULL;
        enum step step = STEP_FAILED;
        if (!error && l->file.is_locked_by_other) {
                if (falls_back(l, &c))
                        step = STEP_DONE;
                else if (token_file_wait(&l->file, l->base.deps.loop, run, &e) == 0)
                        step = STEP_LATER;
        } else if (check_loaded(l, error, &e) == 0) {
                step = renew_locked(l, &c, &e);
        }
        if (step != STEP_LATER)
                finish(l, c, &e);
}

static enum step renew(struct login *l, struct error *e)
{
        if (is_spent(l))
                return refuse_ended(l, e);
        return start_load(l, true, loaded_locked, e) < 0 ? STEP_FAILED : STEP_LATER;
}

static void loaded(void *owner, const struct error *error)
{
        struct login *l = owner;
        struct error e = {.kind = ERROR_NONE};
        struct credentials *c = NULL;
        enum step step = STEP_FAILED;
        if (l->base.is_cancelled)
                (void)error_set(&e, ERROR_CANCELLED, "cancelled");
        else if (check_loaded(l, error, &e) == 0)
                step = lives_s(l) > GOOD_LIFE_S ? use(l, &c, &e) : renew(l, &e);
        if (step != STEP_LATER)
                finish(l, c, &e);
}

static void run(void *arg)
{
        struct login *l = arg;
        struct error e = {.kind = ERROR_NONE};
        login_session_clear(&l->session);
        int r = l->base.is_cancelled ? error_set(&e, ERROR_CANCELLED, "cancelled") : start_load(l, false, loaded, &e);
        if (r < 0)
                finish(l, NULL, &e);
}

// --- the provider ---

static int login_init(struct provider *p, struct error *e)
{
        struct login *l = (struct login *)p;
        (void)e;
        upstream_call_init(&l->refresh, p, p);
        token_file_init(&l->file, CACHE_WHAT, LIMIT_TOKEN_FILE, read_session, l);
        login_session_init(&l->session);
        buffer_init(&l->spent, LIMIT_TOKEN_FILE);
        buffer_init(&l->served, LIMIT_TOKEN_FILE);
        return 0;
}

static int login_start(struct provider *p, struct error *e)
{
        struct login *l = (struct login *)p;
        if (l->removal) {
                (void)error_set(e, ERROR_INTERACTION, "the user is being logged out");
                return needs_login(l, e);
        }
        l->not_removed.kind = ERROR_NONE;
        l->file.waits = 0;
        return delay_start(p->deps.loop, 0, run, l) ? 0 : error_set(e, ERROR_INTERNAL, "out of memory");
}

static void login_cancel(struct provider *p)
{
        token_file_cancel(&((struct login *)p)->file);
}

static void login_destroy(struct provider *p)
{
        struct login *l = (struct login *)p;
        file_task_free(l->removal);
        token_file_deinit(&l->file);
        credentials_unref(l->renewed);
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

static void login_report(const struct provider *p, struct login_status *ret)
{
        const struct login *l = (const struct login *)p;
        ret->kind = LOGIN_AWS_CLI;
        if (l->removal) {
                ret->state = LOGIN_ENDING;
        } else if (l->not_removed.kind != ERROR_NONE) {
                ret->state = LOGIN_FAILED;
                ret->error = &l->not_removed;
        }
}

static void removed(void *owner, const struct error *e)
{
        struct login *l = owner;
        if (e) // of the task
                l->not_removed = *e;
        file_task_free(l->removal);
        l->removal = NULL;
        provider_login_moved(&l->base); // last
}

// As `aws logout`, which revokes nothing, either.
static int login_end(struct provider *p, struct error *e)
{
        struct login *l = (struct login *)p;
        char *path = NULL;
        if (l->removal)
                return 0;
        if (login_session_path(p->profile, &path, e) < 0)
                return -1;
        l->removal = token_removal_start(p, path, CACHE_WHAT, removed, l, e);
        if (!l->removal)
                return -1;
        l->not_removed.kind = ERROR_NONE;
        token_file_forget(&l->file);
        return 0;
}

static const struct login_ops login = {login_begin, login_report, login_end};

const struct provider_ops source_login = {
    .start = login_start,
    .cancel = login_cancel,
    .destroy = login_destroy,
    .size = sizeof(struct login),
    .init = login_init,
    .login = &login,
};
