// SPDX-License-Identifier: Apache-2.0
#include "sidecar/providers/login_session.h"

#include <stdarg.h>
#include <stdio.h>

#include "proto/mem/length.h"
#include "proto/mem/time.h"
#include "proto/wire/limits.h"
#include "sidecar/config/endpoints.h"
#include "sidecar/config/profile.h"
#include "sidecar/providers/cache_file.h"
#include "sidecar/providers/members.h"
#include "sidecar/signing/dpop.h"
#include "sidecar/signing/hex_digest.h"

enum { TEXT_SIZE = 512 };

void login_session_init(struct login_session *s)
{
        *s = (struct login_session){.expires_s = 0};
        buffer_init(&s->text, LIMIT_TOKEN_FILE);
}

void login_session_clear(struct login_session *s)
{
        buffer_free(&s->text);
        login_session_init(s);
}

struct text {
        struct slice key;
        struct slice *value;
        const char *missing; // NULL: it need not be there
};

static int read_texts(const struct json_doc *doc, size_t object, const struct text *texts, size_t count,
                      struct login_session *s, const char **what)
{
        for (size_t i = 0; i < count; i++) {
                if (members_text(doc, object, texts[i].key, &s->text, texts[i].value) < 0) {
                        *what = s->text.no_memory ? members_no_memory : "a member is no text";
                        return -1;
                }
                if (texts[i].missing && texts[i].value->n == 0) {
                        *what = texts[i].missing;
                        return -1;
                }
        }
        return 0;
}

static int read_members(const struct json_doc *doc, struct login_session *s, const char **what)
{
        const struct text of_root[] = {
            {SLICE("refreshToken"), &s->refresh_token, "refreshToken is missing"},
            {SLICE("clientId"), &s->client_id, "clientId is missing"},
            {SLICE("dpopKey"), &s->dpop_key, "dpopKey is missing"},
            {SLICE("signInRegion"), &s->region, NULL},
        };
        const struct text of_access[] = {
            {SLICE("accessKeyId"), &s->access_key_id, "accessToken.accessKeyId is missing"},
            {SLICE("secretAccessKey"), &s->secret_access_key, "accessToken.secretAccessKey is missing"},
            {SLICE("sessionToken"), &s->session_token, "accessToken.sessionToken is missing"},
            {SLICE("accountId"), &s->account_id, NULL},
        };
        size_t access = json_get(doc, JSON_ROOT, SLICE("accessToken"));
        if (access == JSON_NONE || json_kind(doc, access) != JSON_OBJECT) {
                *what = "accessToken is missing";
                return -1;
        }
        if (read_texts(doc, access, of_access, LENGTH(of_access), s, what) < 0 ||
            read_texts(doc, JSON_ROOT, of_root, LENGTH(of_root), s, what) < 0)
                return -1;
        if (members_time(doc, access, SLICE("expiresAt"), &s->expires_s) < 0 || s->expires_s == 0) {
                *what = "accessToken.expiresAt is missing, or no time";
                return -1;
        }
        if (s->region.n > 0 && !endpoints_is_region(s->region)) {
                *what = "signInRegion is no region";
                return -1;
        }
        *what = dpop_judge_key(s->dpop_key);
        return *what ? -1 : 0;
}

int login_session_read(struct slice json, struct login_session *ret, const char **what)
{
        struct json_doc doc;
        json_doc_init(&doc);
        login_session_init(ret);
        int r = members_parse(&doc, json, &ret->text, what);
        if (r == 0)
                r = read_members(&doc, ret, what);
        json_doc_free(&doc);
        if (r < 0)
                login_session_clear(ret);
        return r;
}

int login_session_renew(struct slice json, const struct login_grant *grant, struct buffer *out)
{
        char expires[TIME_RFC3339_SIZE];
        struct buffer text;
        if (time_format_rfc3339(grant->expires_s, expires) < 0)
                return -1;
        const struct member access[] = {
            {"accessKeyId", grant->access_key_id},
            {"secretAccessKey", grant->secret_access_key},
            {"sessionToken", grant->session_token},
            {"expiresAt", slice_str(expires)},
        };
        const struct member root[] = {{"refreshToken", grant->refresh_token}};
        buffer_init(&text, out->max);
        int r = members_replace_within(json, SLICE("accessToken"), access, LENGTH(access), &text);
        if (r == 0)
                r = members_replace(buffer_slice(&text), root, LENGTH(root), out);
        buffer_free(&text);
        return r;
}

int login_session_path(const struct profile *p, char **ret, struct error *e)
{
        char name[SHA256_HEX_SIZE];
        if (!p->login.cache_directory) {
                (void)error_set(e, ERROR_CONFIG, "the cache of sessions of aws login: HOME is not set");
                return error_hint(e, "set HOME for the agent, or AWS_LOGIN_CACHE_DIRECTORY");
        }
        if (sha256_hex(slice_trim(slice_str(p->login.session)), name) < 0)
                return error_set(e, ERROR_INTERNAL, "SHA-256 failed");
        return cache_file_path(p->login.cache_directory, name, ret, e);
}

void login_session_hint(const struct profile *p, struct error *e)
{
        if (p->login.profile)
                (void)error_hint(e, "run \"aws login --profile %s\"", p->login.profile);
        else
                (void)error_hint(e, "run \"aws login\", with an AWS profile for %.200s", p->login.session);
}

int login_session_missing(const struct profile *p, struct error *e, const char *format, ...)
{
        char text[TEXT_SIZE];
        va_list args;
        va_start(args, format);
        (void)vsnprintf(text, sizeof(text), format, args);
        va_end(args);
        (void)error_set(e, ERROR_INTERACTION, "%s", text);
        login_session_hint(p, e);
        return -1;
}
