// SPDX-License-Identifier: Apache-2.0
// One call or one pause at a time, each of which ends in the next step. Whatever is under way when the owner leaves is
// cancelled and frees the rest. Loop thread only.
#include "sidecar/providers/sso_login.h"

#include <stdlib.h>

#include "proto/mem/length.h"
#include "proto/mem/time.h"
#include "proto/wire/json_write.h"
#include "proto/wire/limits.h"
#include "sidecar/config/profile.h"
#include "sidecar/io/delay.h"
#include "sidecar/providers/members.h"
#include "sidecar/providers/sso_cache.h"
#include "sidecar/providers/sso_client.h"
#include "sidecar/providers/sso_http.h"
#include "sidecar/providers/sso_login_keep.h"

#define DEVICE_GRANT "urn:ietf:params:oauth:grant-type:device_code"

enum {
        INTERVAL_S = 5, // where the service names none; also what each request to slow down adds
        INTERVAL_MAX_S = 60,
        EXPIRES_MAX_S = 3600,
        BODY_MAX = 4 * LIMIT_TOKEN_FILE
};

struct codes {
        struct slice device, user, uri, uri_complete;
        int64_t expires_s, interval_s;
};

struct sso_login {
        struct provider_deps deps;
        const struct provider *provider; // whose profile it is for
        struct sso_login_owner owner;
        enum login_state state;
        struct error error; // LOGIN_COMPLETE: why the token could not be written; of kind ERROR_NONE: it is
        struct sso_client client;
        struct buffer text; // of the answer with the codes, which point into it
        struct codes codes;
        struct upstream_clock time;
        int64_t ends_ms; // boot clock
        struct http_call *call;
        struct delay *delay;
        bool is_abandoned, was_client_kept;
        bool is_tried; // a fetch has begun since its end
};

static void start_device(struct sso_login *l);
static void register_client(struct sso_login *l);
static void poll_later(struct sso_login *l);

struct sso_login *sso_login_new(const struct provider_deps *deps, const struct provider *provider,
                                const struct sso_login_owner *owner)
{
        struct sso_login *l = calloc(1, sizeof(*l));
        if (!l)
                return NULL;
        *l = (struct sso_login){.deps = *deps, .provider = provider, .owner = *owner};
        sso_client_init(&l->client);
        buffer_init(&l->text, (size_t)2 * LIMIT_TOKEN_FILE);
        return l;
}

static void forget(struct sso_login *l)
{
        sso_client_clear(&l->client);
        buffer_free(&l->text);
        l->codes = (struct codes){.expires_s = 0};
}

static void destroy(struct sso_login *l)
{
        forget(l);
        free(l);
}

void sso_login_free(struct sso_login *l)
{
        if (!l)
                return;
        l->is_abandoned = true;
        delay_cancel(l->delay);
        if (l->call)
                http_call_cancel(l->call); // its completion is the end
        else
                destroy(l);
}

static int64_t now_s(const struct sso_login *l)
{
        return upstream_clock_now_s(&l->time, l->deps.clock);
}

static void move_to(struct sso_login *l, enum login_state state)
{
        l->state = state;
        l->is_tried = false;
        l->owner.moved(l->owner.owner); // last: it may begin again, or free the login
}

static void fail(struct sso_login *l)
{
        forget(l);
        move_to(l, LOGIN_FAILED);
}

static int unreadable(struct sso_login *l, const char *action, const struct http_response *response)
{
        (void)answer_unreadable(NULL, response->status, response->body.n, &l->error);
        return error_context(&l->error, "%s for %.256s", action, sso_cache_token_key(l->provider->profile));
}

// The answer of a call, in any of its ways. 0: a success, to be read. -1: l->error says why not.
static int answered(struct sso_login *l, const char *action, const struct http_response *response,
                    const struct error *error)
{
        int64_t date_s;
        l->call = NULL;
        if (error) {
                l->error = *error;
                return error_context(&l->error, "%s for %.256s", action, sso_cache_token_key(l->provider->profile));
        }
        if (response->status < 200 || response->status >= 300) {
                sso_http_refusal(response, action, l->provider->profile, &l->error);
                return -1;
        }
        if (time_parse_http_date(slice_trim(http_response_field(response, SLICE("date"))), &date_s) == 0)
                upstream_clock_learn(&l->time, date_s, response->boot_ms);
        return 0;
}

static void post(struct sso_login *l, const char *path, struct buffer *body, http_done_fn *done)
{
        if (body->failed)
                (void)error_set(&l->error, ERROR_INTERNAL, "out of memory");
        else
                l->call = sso_http_oidc(&(struct sso_http){&l->deps, l->provider->profile, done, l}, path,
                                        buffer_slice(body), &l->error);
        buffer_free(body);
        if (!l->call)
                fail(l);
}

// --- the client ---

static void registered(void *arg, const struct http_response *response, const struct error *error)
{
        struct sso_login *l = arg;
        if (l->is_abandoned) {
                destroy(l);
                return;
        }
        int r = answered(l, "RegisterClient", response, error);
        if (r == 0 && sso_client_read(response->body, &l->client, &l->error) < 0)
                r = unreadable(l, "RegisterClient", response);
        if (r < 0) {
                fail(l);
                return;
        }
        sso_client_save(l->provider->profile, &l->client);
        start_device(l);
}

static void register_client(struct sso_login *l)
{
        struct buffer body;
        buffer_init(&body, BODY_MAX);
        (void)sso_client_body(l->provider->profile, now_s(l), &body);
        l->was_client_kept = false;
        post(l, "/client/register", &body, registered);
}

// --- the codes ---

static int read_codes(struct sso_login *l, const struct http_response *response)
{
        static const struct member_rule rules[] = {
            {"deviceCode", offsetof(struct codes, device), MEMBER_TEXT, true},
            {"userCode", offsetof(struct codes, user), MEMBER_TEXT, true},
            {"verificationUri", offsetof(struct codes, uri), MEMBER_TEXT, true},
            {"verificationUriComplete", offsetof(struct codes, uri_complete), MEMBER_TEXT, false},
            {"expiresIn", offsetof(struct codes, expires_s), MEMBER_NUMBER, true},
            {"interval", offsetof(struct codes, interval_s), MEMBER_NUMBER, false},
        };
        struct codes *codes = &l->codes;
        *codes = (struct codes){.expires_s = 0};
        buffer_reset(&l->text);
        if (members_read(response->body, rules, LENGTH(rules), &l->text, codes, &l->error) < 0)
                return unreadable(l, "StartDeviceAuthorization", response);
        if (codes->interval_s == 0)
                codes->interval_s = INTERVAL_S;
        if (codes->interval_s > INTERVAL_MAX_S)
                codes->interval_s = INTERVAL_MAX_S;
        if (codes->expires_s > EXPIRES_MAX_S)
                codes->expires_s = EXPIRES_MAX_S;
        l->ends_ms = clock_boot_ms(l->deps.clock) + codes->expires_s * 1000;
        return 0;
}

static void device_started(void *arg, const struct http_response *response, const struct error *error)
{
        struct sso_login *l = arg;
        if (l->is_abandoned) {
                destroy(l);
                return;
        }
        int r = answered(l, "StartDeviceAuthorization", response, error);
        if (r < 0 && l->was_client_kept && strcmp(l->error.upstream.code, "InvalidClientException") == 0) {
                register_client(l); // the service does not know the kept one any more
                return;
        }
        if (r == 0)
                r = read_codes(l, response);
        if (r < 0) {
                fail(l);
                return;
        }
        poll_later(l);
        if (l->delay)
                move_to(l, LOGIN_PENDING);
}

static void start_device(struct sso_login *l)
{
        struct buffer body;
        buffer_init(&body, BODY_MAX);
        json_begin_object(&body);
        json_member(&body, "clientId", l->client.id);
        json_member(&body, "clientSecret", l->client.secret);
        json_member(&body, "startUrl", slice_str(l->provider->profile->sso.start_url));
        json_end_object(&body);
        post(l, "/device_authorization", &body, device_started);
}

// --- the token ---

static int keep(struct sso_login *l, const struct http_response *response)
{
        struct buffer text;
        struct error ignored;
        buffer_init(&text, LIMIT_TOKEN_FILE);
        l->error = (struct error){.kind = ERROR_NONE};
        int r = sso_login_keep_read(l->provider->profile, &l->client, response, now_s(l), &text, &l->error);
        if (r == 0 && sso_login_keep_write(l->provider->profile, buffer_slice(&text), &l->error) < 0) {
                r = l->owner.hold(l->owner.owner, buffer_slice(&text), &ignored);
                if (r == 0)
                        (void)error_hint(&l->error,
                                         "The token is kept in memory, for this profile, and is lost with the "
                                         "agent. Make the folder writable for it: then it is written.");
        }
        buffer_free(&text);
        return r;
}

// Whether the person is still to be waited for after this failure.
static bool goes_on(struct sso_login *l)
{
        const char *code = l->error.upstream.code;
        bool is_slower = strcmp(code, "SlowDownException") == 0 || l->error.kind == ERROR_THROTTLED;
        if (is_slower && l->codes.interval_s + INTERVAL_S <= INTERVAL_MAX_S)
                l->codes.interval_s += INTERVAL_S;
        return is_slower || l->error.kind == ERROR_TRANSIENT || strcmp(code, "AuthorizationPendingException") == 0;
}

static void polled(void *arg, const struct http_response *response, const struct error *error)
{
        struct sso_login *l = arg;
        if (l->is_abandoned) {
                destroy(l);
                return;
        }
        int r = answered(l, "CreateToken", response, error);
        if (r < 0 && goes_on(l)) {
                poll_later(l);
                return;
        }
        if (r == 0)
                r = keep(l, response);
        if (r < 0) {
                if (strcmp(l->error.upstream.code, "AccessDeniedException") == 0)
                        (void)error_hint(&l->error, "The request was refused in the browser: log in again.");
                fail(l);
                return;
        }
        forget(l);
        move_to(l, LOGIN_COMPLETE);
}

static void ask_for_token(void *arg)
{
        struct sso_login *l = arg;
        struct buffer body;
        l->delay = NULL;
        if (clock_boot_ms(l->deps.clock) >= l->ends_ms) {
                (void)error_set(&l->error, ERROR_INTERACTION, "nobody confirmed the login in time");
                (void)error_hint(&l->error, "log in again, and confirm the code in the browser before it expires");
                fail(l);
                return;
        }
        buffer_init(&body, BODY_MAX);
        json_begin_object(&body);
        json_member(&body, "clientId", l->client.id);
        json_member(&body, "clientSecret", l->client.secret);
        json_member(&body, "grantType", SLICE(DEVICE_GRANT));
        json_member(&body, "deviceCode", l->codes.device);
        json_end_object(&body);
        post(l, "/token", &body, polled);
}

static void poll_later(struct sso_login *l)
{
        l->delay =
            delay_start(l->deps.loop, clock_real_ms(l->deps.clock, l->codes.interval_s * 1000), ask_for_token, l);
        if (l->delay)
                return;
        (void)error_set(&l->error, ERROR_INTERNAL, "out of memory");
        fail(l);
}

// --- the owner's side ---

static void begin_from_loop(void *arg)
{
        struct sso_login *l = arg;
        l->delay = NULL;
        l->was_client_kept = sso_client_load(l->provider->profile, now_s(l), &l->client);
        if (l->was_client_kept)
                start_device(l);
        else
                register_client(l);
}

int sso_login_begin(struct sso_login *l, struct error *e)
{
        if (l->state == LOGIN_STARTING || l->state == LOGIN_PENDING)
                return 0;
        if (!l->provider->profile->sso.start_url) {
                (void)error_set(e, ERROR_CONFIG, "the profile has no sso_start_url, which a login needs");
                return error_hint(e, "add the sso_start_url of the session, or run aws sso login --sso-session %s",
                                  l->provider->profile->sso.session);
        }
        forget(l);
        l->delay = delay_start(l->deps.loop, 0, begin_from_loop, l);
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
        ret->start_url = l->provider->profile->sso.start_url;
        bool has_error = l->state == LOGIN_FAILED || (l->state == LOGIN_COMPLETE && l->error.kind != ERROR_NONE);
        ret->error = has_error ? &l->error : NULL;
        if (l->state != LOGIN_PENDING)
                return;
        ret->verification_uri = l->codes.uri;
        ret->verification_uri_complete = l->codes.uri_complete;
        ret->user_code = l->codes.user;
        ret->interval_s = l->codes.interval_s;
        int64_t left_ms = l->ends_ms - clock_boot_ms(l->deps.clock);
        ret->expires_in_s = left_ms > 0 ? left_ms / 1000 : 0;
}
