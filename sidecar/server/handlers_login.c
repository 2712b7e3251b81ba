// SPDX-License-Identifier: Apache-2.0
// What a person does for a profile: gives the code of an MFA device, or confirms a login in a browser. A profile that
// stands on another takes it for that one. Codes are secrets: they are in the request alone.
#include "proto/wire/http_whole.h"
#include "proto/wire/json_write.h"
#include "sidecar/base/login_status.h"
#include "sidecar/server/handlers.h"
#include "sidecar/server/problem.h"
#include "sidecar/server/reply.h"
#include "sidecar/server/request.h"
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
        static const char *const names[] = {"idle", "pending", "pending", "complete", "failed"};
        if (status->kind == LOGIN_MFA || status->kind == LOGIN_AWS_CLI)
                return entry_peek(entry) ? "complete" : "idle";
        return names[status->state];
}

static void put_error(struct buffer *b, const struct error *e)
{
        if (!e)
                return;
        json_key(b, "error");
        json_begin_object(b);
        json_member(b, "kind", slice_str(error_kind_name(e->kind)));
        json_member(b, "detail", slice_str(e->message));
        put_text(b, "hint", slice_str(e->hint));
        put_text(b, "upstream_code", slice_str(e->upstream.code));
        json_end_object(b);
}

// Of the profile that needs the person, or where that was made for others to stand on, of the one that was asked for.
static const char *shown_name(const struct request *r, const struct entry *entry)
{
        const char *name = entry_name(entry);
        return api_is_profile_name(slice_str(name)) ? name : r->profile->name;
}

static void send_login(struct request *r, struct entry *entry)
{
        struct login_status status = {.kind = LOGIN_NONE};
        struct buffer *b = reply_body(r);
        static const char *const kinds[] = {"none", "mfa", "sso", "aws_login"};
        if (entry)
                entry_login_status(entry, &status);
        json_begin_object(b);
        json_member(b, "kind", slice_str(kinds[status.kind]));
        if (status.kind != LOGIN_NONE) {
                json_member(b, "profile", slice_str(shown_name(r, entry)));
                json_member(b, "state", slice_str(state_name(&status, entry)));
        }
        put_text(b, "mfa_serial", slice_str(status.mfa_serial));
        put_text(b, "start_url", slice_str(status.start_url));
        if (status.state == LOGIN_PENDING) {
                put_text(b, "verification_uri", status.verification_uri);
                put_text(b, "verification_uri_complete", status.verification_uri_complete);
                put_text(b, "user_code", status.user_code);
                json_member_i64(b, "expires_in", status.expires_in_s);
                json_member_i64(b, "interval", status.interval_s);
        }
        put_error(b, status.error);
        json_end_object(b);
        (void)buffer_put_byte(b, '\n');
        reply_send_json(r);
}

// Of the two that may be wanted: the login first, as long as it brings nothing.
static struct entry *what_is_needed(const struct server_profile *p)
{
        struct login_status status;
        if (!p->login_entry || !p->mfa_entry)
                return p->login_entry ? p->login_entry : p->mfa_entry;
        entry_login_status(p->login_entry, &status);
        bool is_pending = status.state == LOGIN_STARTING || status.state == LOGIN_PENDING;
        return is_pending || !entry_peek(p->login_entry) ? p->login_entry : p->mfa_entry;
}

void handle_login_status(struct request *r, const struct outcome *o)
{
        (void)o;
        if (!query_refuse_all(r))
                send_login(r, what_is_needed(r->profile));
}

static int refuse_body(struct request *r, const char *detail)
{
        problem_say(r, API_INVALID_REQUEST, "send {\"token_code\": \"123456\"} for an MFA device, else {}", "%s",
                    detail);
        return -1;
}

// The code, in the server's scratch; empty: none. 0, or -1: answered.
static int read_code(struct request *r, struct slice *ret)
{
        struct json_doc *doc = &r->server->json;
        struct json_fault fault;
        struct slice body = r->message->body;
        *ret = (struct slice){NULL, 0};
        if (body.n == 0)
                return 0;
        if (!sign_work_is_json(http_head_get(r->message->head, SLICE("content-type")))) {
                problem_say(r, API_UNSUPPORTED_MEDIA_TYPE, "send it as application/json", "the body is not JSON");
                return -1;
        }
        bool is_json = json_parse(doc, body, &fault) == 0;
        if (!is_json && fault.no_memory) {
                problem_say(r, API_INTERNAL_ERROR, NULL, "out of memory");
                return -1;
        }
        if (!is_json || json_kind(doc, JSON_ROOT) != JSON_OBJECT)
                return refuse_body(r, "the body is no JSON object");
        for (size_t key = json_first(doc, JSON_ROOT); key != JSON_NONE; key = json_next(doc, key))
                if (!json_string_is(doc, key, SLICE("token_code")))
                        return refuse_body(r, "the body has a member that is not known");
        size_t node = json_get(doc, JSON_ROOT, SLICE("token_code"));
        if (node == JSON_NONE)
                return 0;
        if (json_kind(doc, node) != JSON_STRING || json_has_escapes(doc, node) || json_raw(doc, node).n == 0)
                return refuse_body(r, "\"token_code\" is no string of six digits");
        *ret = json_raw(doc, node);
        return 0;
}

static void begin(struct request *r)
{
        struct slice code;
        struct error e;
        const struct server_profile *p = r->profile;
        if (query_refuse_all(r) || read_code(r, &code) < 0)
                return;
        struct entry *entry = code.n > 0 ? p->mfa_entry : p->login_entry;
        if (!entry) {
                (void)refuse_body(r, !p->login_entry && !p->mfa_entry ? "no person is needed for this profile"
                                     : p->mfa_entry ? "the code of an MFA device is needed: \"token_code\""
                                                    : "no code is needed for this profile");
        } else if (entry_login(entry, code, &e) < 0) {
                problem_send(r, &(struct problem){.code = e.kind == ERROR_CONFIG ? API_INVALID_REQUEST
                                                                                 : API_CREDENTIALS_UNAVAILABLE,
                                                  .cause = &e});
        } else {
                request_wait_for(
                    r, entry,
                    &(struct wait){.want = code.n > 0 ? VAULT_WANT_REFRESH : VAULT_WANT_LOGIN, .ms = LOGIN_WAIT_MS});
        }
}

void handle_login(struct request *r, const struct outcome *o)
{
        struct slice code;
        struct login_status status;
        if (!o) {
                begin(r);
                return;
        }
        if (o->error) {
                problem_of_error(r, o->error);
                return;
        }
        if (read_code(r, &code) < 0)
                return;
        struct entry *entry = code.n > 0 ? r->profile->mfa_entry : r->profile->login_entry;
        if (entry) // it may have gone by a reload
                entry_login_status(entry, &status);
        if (o->is_timed_out)
                problem_send(r, &(struct problem){.code = API_UPSTREAM_TIMEOUT,
                                                  .detail = "AWS did not answer in time; the login goes on",
                                                  .hint = "GET the same path for how far it is"});
        else if (entry && status.state == LOGIN_FAILED)
                problem_of_error(r, status.error);
        else
                send_login(r, entry);
}
