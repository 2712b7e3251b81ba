// SPDX-License-Identifier: Apache-2.0
#include "clients/c/client.h"
#include "clients/c/errors.h"
#include "proto/mem/length.h"
#include "proto/mem/text.h"
#include "proto/wire/json_read.h"
#include "proto/wire/json_write.h"
#include "proto/wire/limits.h"

enum { TEXT_MAX = 64 * 1024, BODY_MAX = 1024 };

// Copies a string member; what a terminal might obey becomes "?". Leaves out one that does not fit, as half a URI leads
// nowhere, and an address for people to open that is not what it looks like. False: out of memory.
static bool read_text(const struct json_doc *doc, size_t object, const char *key, char *to, size_t size)
{
        bool is_address = slice_starts_with(slice_str(key), SLICE("verification_uri"));
        struct buffer text;
        size_t node = json_get(doc, object, slice_str(key));
        buffer_init(&text, TEXT_MAX);
        to[0] = 0;
        if (node != JSON_NONE && json_string(doc, node, &text) == 0 && text.n > 0 && text.n < size &&
            (!is_address || text_is_web_url(buffer_slice(&text)))) {
                text_defuse(text.p, text.n);
                memcpy(to, text.p, text.n);
                to[text.n] = 0;
        }
        bool has_memory = !text.no_memory;
        buffer_free(&text);
        return has_memory;
}

static int read_seconds(const struct json_doc *doc, const char *key)
{
        int64_t seconds = 0;
        size_t node = json_get(doc, JSON_ROOT, slice_str(key));
        if (node == JSON_NONE || json_integer(doc, node, &seconds) < 0 || seconds < 0 || seconds > INT32_MAX)
                return 0;
        return (int)seconds;
}

static bool read_name(const struct json_doc *doc, const char *key, const char *const names[4], unsigned *ret)
{
        size_t node = json_get(doc, JSON_ROOT, slice_str(key));
        for (*ret = 0; node != JSON_NONE && *ret < 4 && names[*ret]; ++*ret)
                if (json_string_is(doc, node, slice_str(names[*ret])))
                        return true;
        return false;
}

static enum keyfob_status read_login(const struct json_doc *doc, struct keyfob_login *login)
{
        static const char *const kinds[4] = {"none", "mfa", "sso", "aws_login"};
        static const char *const states[4] = {"idle", "pending", "complete", "failed"};
        unsigned kind, state;
        if (!read_name(doc, "kind", kinds, &kind))
                return KEYFOB_BAD_ANSWER;
        login->kind = (enum keyfob_login_kind)kind;
        if (login->kind == KEYFOB_LOGIN_NONE)
                return KEYFOB_OK;
        if (!read_name(doc, "state", states, &state))
                return KEYFOB_BAD_ANSWER;
        login->state = (enum keyfob_login_state)state;
        size_t error = json_get(doc, JSON_ROOT, SLICE("error"));
        const struct {
                size_t object;
                const char *key;
                char *to;
                size_t size;
        } texts[] = {
            {JSON_ROOT, "profile", login->profile, sizeof(login->profile)},
            {JSON_ROOT, "mfa_serial", login->mfa_serial, sizeof(login->mfa_serial)},
            {JSON_ROOT, "verification_uri", login->verification_uri, sizeof(login->verification_uri)},
            {JSON_ROOT, "verification_uri_complete", login->verification_uri_complete,
             sizeof(login->verification_uri_complete)},
            {JSON_ROOT, "user_code", login->user_code, sizeof(login->user_code)},
            {error, "detail", login->detail, sizeof(login->detail)},
            {error, "hint", login->hint, sizeof(login->hint)},
        };
        for (size_t i = 0; i < LENGTH(texts); i++)
                if (!read_text(doc, texts[i].object, texts[i].key, texts[i].to, texts[i].size))
                        return KEYFOB_NO_MEMORY;
        login->expires_in_s = read_seconds(doc, "expires_in");
        login->interval_s = read_seconds(doc, "interval");
        return KEYFOB_OK;
}

static enum keyfob_status call(struct keyfob_client *client, const char *profile, struct slice body,
                               struct keyfob_login *login, struct keyfob_error *error)
{
        struct json_doc doc;
        struct json_fault fault;
        struct slice answer;
        *login = (struct keyfob_login){.kind = KEYFOB_LOGIN_NONE};
        enum keyfob_status status =
            client_call(client, body.n > 0 ? "POST" : "GET", profile, "/login", body, &answer, error);
        if (status != KEYFOB_OK)
                return status;
        json_doc_init(&doc);
        if (json_parse(&doc, answer, &fault) < 0)
                status = fault.no_memory ? KEYFOB_NO_MEMORY : KEYFOB_BAD_ANSWER;
        else
                status = read_login(&doc, login);
        json_doc_free(&doc);
        if (status == KEYFOB_OK)
                return status;
        *login = (struct keyfob_login){.kind = KEYFOB_LOGIN_NONE};
        return status == KEYFOB_NO_MEMORY
                   ? errors_no_memory(error)
                   : errors_set(error, status, "", "the agent's answer does not describe the state of a login");
}

enum keyfob_status keyfob_login_status(struct keyfob_client *client, const char *profile, struct keyfob_login *login,
                                       struct keyfob_error *error)
{
        return call(client, profile, slice_of(NULL, 0), login, error);
}

enum keyfob_status keyfob_login_begin(struct keyfob_client *client, const char *profile, const char *token_code,
                                      struct keyfob_login *login, struct keyfob_error *error)
{
        struct buffer body;
        buffer_init(&body, BODY_MAX);
        json_begin_object(&body);
        if (token_code)
                json_member(&body, "token_code", slice_str(token_code));
        json_end_object(&body);
        *login = (struct keyfob_login){.kind = KEYFOB_LOGIN_NONE};
        enum keyfob_status status;
        if (body.no_memory)
                status = errors_no_memory(error);
        else if (body.failed)
                status = errors_set(error, KEYFOB_INVALID, "", "invalid MFA code: expected six digits");
        else
                status = call(client, profile, buffer_slice(&body), login, error);
        buffer_free(&body);
        return status;
}
