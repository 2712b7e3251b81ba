// SPDX-License-Identifier: Apache-2.0
// Interactive logins: a user enters the code of an MFA device, or confirms a login in a browser. A chained profile
// passes them to its source profile. Codes are secrets: only the request keeps them.
#include "proto/wire/http_whole.h"
#include "proto/wire/json_write.h"
#include "sidecar/base/allow.h"
#include "sidecar/base/login_status.h"
#include "sidecar/server/access.h"
#include "sidecar/server/exchange.h"
#include "sidecar/server/handlers.h"
#include "sidecar/server/json_answer.h"
#include "sidecar/server/problem.h"
#include "sidecar/server/sign_work.h"
#include "sidecar/server/state.h"
#include "sidecar/server/wait_query.h"

enum { LOGIN_WAIT_MS = 30000 };

static void put_text(struct buffer *b, const char *key, struct slice text)
{
        if (text.n > 0)
                json_member(b, key, text);
}

static const char *state_name(const struct login_status *status, struct entry *entry)
{
        static const char *const names[] = {"idle", "pending", "pending", "complete", "failed", "idle"};
        if (status->kind == LOGIN_MFA || status->kind == LOGIN_AWS_CLI)
                return entry_peek(entry) ? "complete" : "idle";
        return names[status->state];
}

static void put_error(const struct exchange *x, struct buffer *b, const struct error *e)
{
        char detail[sizeof(e->message)], hint[sizeof(e->hint)];
        if (!e)
                return;
        json_key(b, "error");
        json_begin_object(b);
        json_member(b, "kind", slice_str(error_kind_name(e->kind)));
        json_member(b, "detail",
                    slice_str(access_hide_sources(x->profile, x->peer, e->message, detail, sizeof(detail))));
        put_text(b, "hint", slice_str(access_hide_sources(x->profile, x->peer, e->hint, hint, sizeof(hint))));
        put_text(b, "upstream_code", slice_str(e->upstream.code));
        json_end_object(b);
}

// The name of the profile that needs the login, or of the requested one if this peer may not log in to that.
static const char *shown_name(const struct exchange *x, const struct entry *entry)
{
        const struct server_profile *p = server_find_profile(x->server, slice_str(entry_name(entry)));
        return p && access_may_see(p, x->peer) ? p->name : x->profile->name;
}

static void send_login(struct exchange *x, struct entry *entry)
{
        struct login_status status = {.kind = LOGIN_NONE};
        struct buffer *b = json_answer_body(x);
        static const char *const kinds[] = {"none", "mfa", "sso", "aws_login"};
        if (entry)
                entry_login_status(entry, &status);
        json_begin_object(b);
        json_member(b, "kind", slice_str(kinds[status.kind]));
        if (status.kind != LOGIN_NONE) {
                json_member(b, "profile", slice_str(shown_name(x, entry)));
                json_member(b, "state", slice_str(state_name(&status, entry)));
        }
        put_text(b, "mfa_serial", slice_str(status.mfa_serial));
        put_text(b, "start_url", slice_str(status.start_url));
        put_text(b, "sso_region", slice_str(status.sso_region));
        put_text(b, "session", slice_str(status.session));
        if (status.state == LOGIN_PENDING) {
                put_text(b, "verification_uri", status.verification_uri);
                put_text(b, "verification_uri_complete", status.verification_uri_complete);
                put_text(b, "user_code", status.user_code);
                json_member_i64(b, "expires_in", status.expires_in_s);
                json_member_i64(b, "interval", status.interval_s);
        }
        put_error(x, b, status.error);
        json_answer_send_object(x);
}

// If both a login and a code are needed: the login, until it has brought credentials.
static struct entry *needed_entry(const struct server_profile *p)
{
        struct login_status status;
        if (!p->login_entry || !p->mfa_entry)
                return p->login_entry ? p->login_entry : p->mfa_entry;
        entry_login_status(p->login_entry, &status);
        bool is_pending = status.state == LOGIN_STARTING || status.state == LOGIN_PENDING;
        return is_pending || !entry_peek(p->login_entry) ? p->login_entry : p->mfa_entry;
}

void handle_login_status(struct exchange *x)
{
        if (!query_refuse_all(x))
                send_login(x, needed_entry(x->profile));
}

static int refuse_body(struct exchange *x, const char *detail)
{
        problem_sendf(x, API_INVALID_REQUEST, "send {\"token_code\": \"123456\"} for an MFA device, else {}", "%s",
                      detail);
        return -1;
}

// Reads the code into the server's scratch; empty: none given. 0, or -1: answered.
static int read_code(struct exchange *x, struct slice *ret)
{
        struct json_doc *doc = &x->server->json;
        struct json_fault fault;
        struct slice body = x->body;
        *ret = (struct slice){NULL, 0};
        if (body.n == 0)
                return 0;
        if (!sign_work_is_json(http_head_get(x->head, SLICE("content-type")))) {
                problem_sendf(x, API_UNSUPPORTED_MEDIA_TYPE, "send it as application/json", "the body is not JSON");
                return -1;
        }
        bool is_json = json_parse(doc, body, &fault) == 0;
        if (!is_json && fault.no_memory) {
                problem_send_no_memory(x);
                return -1;
        }
        if (!is_json || json_kind(doc, JSON_ROOT) != JSON_OBJECT)
                return refuse_body(x, "the body is not a JSON object");
        for (size_t key = json_first(doc, JSON_ROOT); key != JSON_NONE; key = json_next(doc, key))
                if (!json_string_is(doc, key, SLICE("token_code")))
                        return refuse_body(x, "the body has an unknown member");
        size_t node = json_get(doc, JSON_ROOT, SLICE("token_code"));
        if (node == JSON_NONE)
                return 0;
        if (json_kind(doc, node) != JSON_STRING || json_has_escapes(doc, node) || json_raw(doc, node).n == 0)
                return refuse_body(x, "invalid \"token_code\": expected a string of six digits");
        *ret = json_raw(doc, node);
        return 0;
}

static void refuse_login(struct exchange *x)
{
        const struct server_profile *p = x->profile;
        if (!p->login_entry && !p->mfa_entry)
                (void)refuse_body(x, "this profile needs no login");
        else if (p->mfa_entry)
                (void)refuse_body(x, "this profile needs the code of an MFA device: \"token_code\"");
        else
                (void)refuse_body(x, "this profile needs no MFA code");
}

void handle_login(struct exchange *x)
{
        struct slice code;
        struct error e;
        if (query_refuse_all(x) || read_code(x, &code) < 0)
                return;
        struct entry *entry = code.n > 0 ? x->profile->mfa_entry : x->profile->login_entry;
        if (!entry) {
                refuse_login(x);
                return;
        }
        bool *is_mfa = exchange_alloc_state(x, sizeof(*is_mfa));
        if (!is_mfa)
                return;
        *is_mfa = code.n > 0;
        if (entry_login(entry, code, &e) < 0) {
                problem_send(x, &(struct problem){.code = e.kind == ERROR_CONFIG ? API_INVALID_REQUEST
                                                                                 : API_CREDENTIALS_UNAVAILABLE,
                                                  .cause = &e});
                return;
        }
        exchange_wait(x, entry,
                      &(struct wait){.want = *is_mfa ? VAULT_WANT_REFRESH : VAULT_WANT_LOGIN, .ms = LOGIN_WAIT_MS});
}

void resume_login(struct exchange *x, const struct outcome *o)
{
        const bool *is_mfa = x->handler_state;
        struct entry *entry = *is_mfa ? x->profile->mfa_entry : x->profile->login_entry;
        struct login_status status = {.kind = LOGIN_NONE};
        if (entry) // a reload may have removed it
                entry_login_status(entry, &status);
        if (o->error)
                problem_send_error(x, o->error);
        else if (o->is_timed_out)
                problem_send(x, &(struct problem){.code = API_UPSTREAM_TIMEOUT,
                                                  .detail = "AWS did not answer in time; the login continues",
                                                  .hint = "GET the same path for its progress"});
        else if (entry && status.state == LOGIN_FAILED)
                problem_send_error(x, status.error);
        else
                send_login(x, entry);
}

// --- logging out ---

// Other profiles of the same login that this peer may use: their tokens are gone, and so are their credentials.
static void logout_others(struct exchange *x, const struct entry *entry)
{
        const struct server *s = x->server;
        struct login_status status, other;
        struct error ignored;
        entry_login_status(entry, &status);
        for (size_t i = 0; status.session && i < s->profiles_count; i++) {
                const struct server_profile *p = &s->profiles[i];
                if (!p->login_entry || p->login_entry == entry || p->login_entry != p->entry)
                        continue;
                entry_login_status(p->login_entry, &other);
                if (other.session && strcmp(other.session, status.session) == 0 && other.state != LOGIN_ENDING &&
                    access_may(p, x->peer, ALLOW_CREDENTIALS))
                        (void)!entry_logout(p->login_entry, &ignored);
        }
}

void handle_logout(struct exchange *x)
{
        struct error e;
        const struct server_profile *p = x->profile;
        struct entry *entry = p->login_entry ? p->login_entry : p->mfa_entry;
        if (query_refuse_all(x))
                return;
        if (!entry) {
                problem_sendf(x, API_INVALID_REQUEST, "DELETE /v1/profiles/{profile}/credentials drops what is held",
                              "this profile needs no login");
                return;
        }
        if (entry_logout(entry, &e) < 0 ||
            (p->mfa_entry && entry != p->mfa_entry && entry_logout(p->mfa_entry, &e) < 0)) {
                problem_send_error(x, &e);
                return;
        }
        logout_others(x, entry);
        exchange_wait(x, entry, &(struct wait){.want = VAULT_WANT_LOGIN, .ms = LOGIN_WAIT_MS});
}

void resume_logout(struct exchange *x, const struct outcome *o)
{
        const struct server_profile *p = x->profile;
        struct entry *entry = p->login_entry ? p->login_entry : p->mfa_entry;
        struct login_status status = {.kind = LOGIN_NONE};
        if (entry) // a reload may have removed it
                entry_login_status(entry, &status);
        if (o->error)
                problem_send_error(x, o->error);
        else if (o->is_timed_out)
                problem_send(x, &(struct problem){.code = API_UPSTREAM_TIMEOUT,
                                                  .detail = "AWS did not answer in time; the log-out continues",
                                                  .hint = "the credentials are dropped already"});
        else if (status.state == LOGIN_FAILED)
                problem_send_error(x, status.error);
        else
                send_login(x, entry);
}
