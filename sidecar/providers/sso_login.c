// SPDX-License-Identifier: Apache-2.0
// One call or one pause at a time, each of which ends in the next step. Loop thread only.
#include "sidecar/providers/sso_login.h"

#include <stdlib.h>

#include "proto/mem/length.h"
#include "proto/mem/text.h"
#include "proto/wire/json_write.h"
#include "proto/wire/limits.h"
#include "sidecar/config/profile.h"
#include "sidecar/io/delay.h"
#include "sidecar/providers/file_task.h"
#include "sidecar/providers/sso_answer.h"
#include "sidecar/providers/sso_login_files.h"
#include "sidecar/providers/sso_token_cache.h"

#define DEVICE_GRANT "urn:ietf:params:oauth:grant-type:device_code"

enum {
        INTERVAL_S = 5, // where the service names none; also what each request to slow down adds
        INTERVAL_MAX_S = 60,
        EXPIRES_MAX_S = 3600
};

static void poll_later(struct sso_login *l);

void sso_login_init(struct sso_login *l, struct provider *provider, struct sso_token_cache *cache)
{
        *l = (struct sso_login){.provider = provider, .cache = cache};
        upstream_call_init(&l->call, provider, l);
        sso_client_init(&l->client);
        buffer_init(&l->text, (size_t)2 * LIMIT_TOKEN_FILE);
        buffer_init(&l->token, LIMIT_TOKEN_FILE);
}

static void forget(struct sso_login *l)
{
        sso_client_clear(&l->client);
        buffer_free(&l->text);
        buffer_free(&l->token);
        l->codes = (struct sso_login_codes){.expires_s = 0};
}

void sso_login_deinit(struct sso_login *l)
{
        delay_cancel(l->delay);
        file_task_free(l->task);
        upstream_call_abandon(&l->call);
        forget(l);
}

void sso_login_cancel(struct sso_login *l)
{
        sso_login_deinit(l);
        l->delay = NULL;
        l->task = NULL;
        l->state = LOGIN_IDLE;
}

static const struct profile *profile_of(const struct sso_login *l)
{
        return l->provider->profile;
}

static int64_t now_s(const struct sso_login *l)
{
        return upstream_clock_now_s(&l->provider->time, l->provider->deps.clock);
}

static int64_t boot_ms(const struct sso_login *l)
{
        return clock_boot_ms(l->provider->deps.clock);
}

static void move_to(struct sso_login *l, enum login_state state)
{
        l->state = state;
        l->is_tried = false;
        provider_login_moved(l->provider); // last: it may begin again, or free the login
}

static void fail(struct sso_login *l)
{
        forget(l);
        move_to(l, LOGIN_FAILED);
}

static void start(struct sso_login *l, const struct upstream_call_ops *ops)
{
        if (upstream_call_start(&l->call, ops, &l->error) < 0)
                fail(l);
}

static bool code_is(const struct error *e, const char *code)
{
        return strcmp(e->upstream.code, code) == 0;
}

// --- its files ---

// `done` follows, or -1 with *e.
static int start_files(struct sso_login *l, enum sso_login_work what, struct slice text,
                       void (*done)(void *owner, const struct error *e), struct error *e)
{
        l->task = sso_login_files_start(l->provider, what, now_s(l), text, done, l, e);
        return l->task ? 0 : -1;
}

static struct file_task *take_task(struct sso_login *l)
{
        struct file_task *task = l->task;
        l->task = NULL;
        return task;
}

// --- the token ---

static int token_write(void *owner, struct upstream_request *r, struct error *e)
{
        const struct sso_login *l = owner;
        (void)e;
        sso_answer_begin_request(profile_of(l), "/token", r);
        json_begin_object(&r->body);
        json_member(&r->body, "clientId", l->client.id);
        json_member(&r->body, "clientSecret", l->client.secret);
        json_member(&r->body, "grantType", SLICE(DEVICE_GRANT));
        json_member(&r->body, "deviceCode", l->codes.device);
        json_end_object(&r->body);
        return 0;
}

static int token_accept(void *owner, struct upstream_outcome *o, struct error *e)
{
        struct sso_login *l = owner;
        buffer_reset(&l->token);
        if (sso_answer_check_token(o->answer, e) < 0)
                return -1;
        return sso_token_put(profile_of(l), &l->client, o->answer, now_s(l), &l->token, e);
}

static void complete(struct sso_login *l)
{
        forget(l);
        move_to(l, LOGIN_COMPLETE);
}

// A token that cannot be written is kept in memory. `seen`: what its file has.
static void keep_token(struct sso_login *l, const struct error *why, struct slice seen)
{
        struct error ignored;
        l->error = *why;
        if (sso_token_cache_hold(l->cache, buffer_slice(&l->token), seen, &ignored) < 0) {
                fail(l);
                return;
        }
        (void)error_hint(&l->error,
                         "make the folder writable for the agent: until then the token is kept in memory, for "
                         "this profile, and is lost with the agent");
        complete(l);
}

static void token_written(void *owner, const struct error *error)
{
        struct sso_login *l = owner;
        struct file_task *task = take_task(l);
        l->error = (struct error){.kind = ERROR_NONE};
        if (!error)
                complete(l);
        else if (error->timed_out) // a thread still has the work
                keep_token(l, error, SLICE(""));
        else
                keep_token(l, error, buffer_slice(&((struct sso_login_files *)file_task_work(task))->seen));
        file_task_free(task);
}

// Whether to go on waiting for the confirmation after this failure.
static bool goes_on(struct sso_login *l)
{
        bool is_slower = code_is(&l->error, "SlowDownException") || l->error.kind == ERROR_THROTTLED;
        if (is_slower && l->codes.interval_s + INTERVAL_S <= INTERVAL_MAX_S)
                l->codes.interval_s += INTERVAL_S;
        return is_slower || l->error.kind == ERROR_TRANSIENT || code_is(&l->error, "AuthorizationPendingException");
}

static void token_done(void *owner, struct credentials *c, const struct error *error)
{
        struct sso_login *l = owner;
        (void)c;
        if (!error) {
                struct error e;
                if (start_files(l, SSO_LOGIN_WRITE_TOKEN, buffer_slice(&l->token), token_written, &e) < 0)
                        keep_token(l, &e, SLICE(""));
                return;
        }
        l->error = *error;
        if (goes_on(l)) {
                poll_later(l);
                return;
        }
        if (code_is(&l->error, "AccessDeniedException"))
                (void)error_hint(&l->error, "log in again: the request was refused in the browser");
        fail(l);
}

static const struct upstream_call_ops token_call = {
    .service = "sso-oidc",
    .action = "CreateToken for",
    .subject = sso_answer_subject,
    .write = token_write,
    .read = sso_answer_read,
    .accept = token_accept,
    .done = token_done,
};

static void ask_for_token(void *arg)
{
        struct sso_login *l = arg;
        l->delay = NULL;
        if (boot_ms(l) < l->ends_ms) {
                start(l, &token_call);
                return;
        }
        (void)error_set(&l->error, ERROR_INTERACTION, "nobody confirmed the login in time");
        (void)error_hint(&l->error, "log in again, and confirm the code in the browser before it expires");
        fail(l);
}

static void poll_later(struct sso_login *l)
{
        const struct provider_deps *deps = &l->provider->deps;
        l->delay = delay_start(deps->loop, clock_real_ms(deps->clock, l->codes.interval_s * 1000), ask_for_token, l);
        if (l->delay)
                return;
        (void)error_set(&l->error, ERROR_INTERNAL, "out of memory");
        fail(l);
}

// --- the codes ---

static int device_write(void *owner, struct upstream_request *r, struct error *e)
{
        const struct sso_login *l = owner;
        (void)e;
        sso_answer_begin_request(profile_of(l), "/device_authorization", r);
        json_begin_object(&r->body);
        json_member(&r->body, "clientId", l->client.id);
        json_member(&r->body, "clientSecret", l->client.secret);
        json_member(&r->body, "startUrl", slice_str(profile_of(l)->sso.start_url));
        json_end_object(&r->body);
        return 0;
}

static int device_accept(void *owner, struct upstream_outcome *o, struct error *e)
{
        static const struct member_rule rules[] = {
            {"deviceCode", offsetof(struct sso_login_codes, device), MEMBER_TEXT, MEMBER_NEEDED},
            {"userCode", offsetof(struct sso_login_codes, user), MEMBER_TEXT, MEMBER_NEEDED},
            {"verificationUri", offsetof(struct sso_login_codes, uri), MEMBER_TEXT, MEMBER_NEEDED},
            {"verificationUriComplete", offsetof(struct sso_login_codes, uri_complete), MEMBER_TEXT,
             MEMBER_INFORMATION},
            {"expiresIn", offsetof(struct sso_login_codes, expires_s), MEMBER_NUMBER, MEMBER_NEEDED},
            {"interval", offsetof(struct sso_login_codes, interval_s), MEMBER_NUMBER, MEMBER_INFORMATION},
        };
        struct sso_login *l = owner;
        struct sso_login_codes *codes = &l->codes;
        *codes = (struct sso_login_codes){.expires_s = 0};
        buffer_reset(&l->text);
        if (members_read(o->response->body, rules, LENGTH(rules), &l->text, codes, e) < 0)
                return answer_unreadable(NULL, o->response->status, o->response->body.n, e);
        if (!text_is_web_url(codes->uri) || !text_is_all_of(codes->user, "-")) {
                (void)error_set(e, ERROR_PROTOCOL, "verificationUri is not a web address, or userCode is not a code");
                return answer_unreadable(NULL, o->response->status, o->response->body.n, e);
        }
        if (!text_is_web_url(codes->uri_complete)) // the other one is enough
                codes->uri_complete = (struct slice){NULL, 0};
        if (codes->interval_s == 0)
                codes->interval_s = INTERVAL_S;
        if (codes->interval_s > INTERVAL_MAX_S)
                codes->interval_s = INTERVAL_MAX_S;
        if (codes->expires_s > EXPIRES_MAX_S)
                codes->expires_s = EXPIRES_MAX_S;
        l->ends_ms = boot_ms(l) + codes->expires_s * 1000;
        return 0;
}

static void register_client(struct sso_login *l);

static void device_done(void *owner, struct credentials *c, const struct error *error)
{
        struct sso_login *l = owner;
        (void)c;
        if (!error) {
                poll_later(l);
                if (l->delay)
                        move_to(l, LOGIN_PENDING);
                return;
        }
        l->error = *error;
        if (l->was_client_kept && code_is(error, "InvalidClientException"))
                register_client(l); // the service does not know the kept one any more
        else
                fail(l);
}

static const struct upstream_call_ops device_call = {
    .service = "sso-oidc",
    .action = "StartDeviceAuthorization for",
    .subject = sso_answer_subject,
    .write = device_write,
    .read = sso_answer_read,
    .accept = device_accept,
    .done = device_done,
};

// --- the client ---

static int client_write(void *owner, struct upstream_request *r, struct error *e)
{
        const struct sso_login *l = owner;
        sso_answer_begin_request(profile_of(l), "/client/register", r);
        if (sso_client_body(profile_of(l), r->time_s, &r->body) == 0)
                return 0;
        return error_set(e, ERROR_INTERNAL, "the RegisterClient request is too large, or out of memory");
}

static int client_accept(void *owner, struct upstream_outcome *o, struct error *e)
{
        struct sso_login *l = owner;
        if (sso_client_read(o->response->body, &l->client, e) < 0)
                return answer_unreadable(NULL, o->response->status, o->response->body.n, e);
        return 0;
}

static void client_written(void *owner, const struct error *e)
{
        struct sso_login *l = owner;
        (void)e; // it saves a call at the next login, no more
        file_task_free(take_task(l));
        start(l, &device_call);
}

static void client_done(void *owner, struct credentials *c, const struct error *error)
{
        struct sso_login *l = owner;
        (void)c;
        struct buffer text;
        struct error ignored;
        if (error) {
                l->error = *error;
                fail(l);
                return;
        }
        buffer_init(&text, LIMIT_TOKEN_FILE);
        if (sso_client_render(profile_of(l), &l->client, &text) < 0 ||
            start_files(l, SSO_LOGIN_WRITE_CLIENT, buffer_slice(&text), client_written, &ignored) < 0)
                start(l, &device_call);
        buffer_free(&text);
}

static const struct upstream_call_ops client_call = {
    .service = "sso-oidc",
    .action = "RegisterClient for",
    .subject = sso_answer_subject,
    .write = client_write,
    .read = sso_answer_read,
    .accept = client_accept,
    .done = client_done,
};

static void register_client(struct sso_login *l)
{
        l->was_client_kept = false;
        start(l, &client_call);
}

// --- the provider's side ---

static void client_read(void *owner, const struct error *error)
{
        struct sso_login *l = owner;
        struct file_task *task = take_task(l);
        struct sso_login_files *w = error ? NULL : file_task_work(task);
        l->was_client_kept = w && w->has_client;
        if (l->was_client_kept) {
                sso_client_clear(&l->client);
                l->client = w->client;
                sso_client_init(&w->client);
        }
        file_task_free(task);
        if (l->was_client_kept)
                start(l, &device_call);
        else
                register_client(l);
}

static void begin_from_loop(void *arg)
{
        struct sso_login *l = arg;
        struct error ignored;
        l->delay = NULL;
        if (start_files(l, SSO_LOGIN_READ_CLIENT, SLICE(""), client_read, &ignored) < 0)
                register_client(l);
}

int sso_login_begin(struct sso_login *l, struct error *e)
{
        const struct profile *p = profile_of(l);
        if (l->state == LOGIN_STARTING || l->state == LOGIN_PENDING)
                return 0;
        if (!p->sso.start_url) {
                (void)error_set(e, ERROR_CONFIG, "the profile has no sso_start_url, which a login needs");
                return error_hint(e, "add the sso_start_url of the session, or run aws sso login --sso-session %s",
                                  p->sso.session);
        }
        forget(l);
        l->delay = delay_start(l->provider->deps.loop, 0, begin_from_loop, l);
        if (!l->delay)
                return error_set(e, ERROR_INTERNAL, "out of memory");
        l->state = LOGIN_STARTING;
        return 0;
}

void sso_login_fetch_begins(struct sso_login *l)
{
        l->is_tried = true;
}

void sso_login_fetch_ended(struct sso_login *l, bool has_credentials, bool needs_interaction)
{
        bool is_past =
            (l->state == LOGIN_COMPLETE && needs_interaction) || (l->state == LOGIN_FAILED && has_credentials);
        if (l->is_tried && is_past)
                l->state = LOGIN_IDLE;
}

void sso_login_status(const struct sso_login *l, struct login_status *ret)
{
        ret->kind = LOGIN_SSO;
        ret->state = l->state;
        ret->start_url = profile_of(l)->sso.start_url;
        bool has_error = l->state == LOGIN_FAILED || (l->state == LOGIN_COMPLETE && l->error.kind != ERROR_NONE);
        ret->error = has_error ? &l->error : NULL;
        if (l->state != LOGIN_PENDING)
                return;
        ret->verification_uri = l->codes.uri;
        ret->verification_uri_complete = l->codes.uri_complete;
        ret->user_code = l->codes.user;
        ret->interval_s = l->codes.interval_s;
        int64_t left_ms = l->ends_ms - boot_ms(l);
        ret->expires_in_s = left_ms > 0 ? left_ms / 1000 : 0;
}
