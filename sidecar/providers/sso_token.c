// SPDX-License-Identifier: Apache-2.0
#include "sidecar/providers/sso_token.h"

#include <stdarg.h>
#include <stdio.h>

#include "proto/mem/length.h"
#include "proto/wire/limits.h"
#include "sidecar/config/profile.h"
#include "sidecar/providers/members.h"

enum {
        RENEW_BEFORE_S = 300, // of its end: what the SDKs do
        LEAST_LIFE_S = 10,    // with less than this, a call may come too late
        TEXT_SIZE = 512
};

void sso_token_init(struct sso_token *t)
{
        *t = (struct sso_token){.expires_s = 0};
        buffer_init(&t->text, LIMIT_TOKEN_FILE);
}

void sso_token_clear(struct sso_token *t)
{
        buffer_free(&t->text);
        sso_token_init(t);
}

static int read_members(const struct json_doc *doc, struct sso_token *t, const char **what)
{
        const struct {
                struct slice key;
                struct slice *value;
        } texts[] = {
            {SLICE("accessToken"), &t->access_token}, {SLICE("refreshToken"), &t->refresh_token},
            {SLICE("clientId"), &t->client_id},       {SLICE("clientSecret"), &t->client_secret},
            {SLICE("startUrl"), &t->start_url},
        };
        for (size_t i = 0; i < LENGTH(texts); i++) {
                if (members_text(doc, JSON_ROOT, texts[i].key, &t->text, texts[i].value) < 0) {
                        *what = "a member is no text";
                        return -1;
                }
        }
        if (members_time(doc, JSON_ROOT, SLICE("expiresAt"), &t->expires_s) < 0 ||
            members_time(doc, JSON_ROOT, SLICE("registrationExpiresAt"), &t->registration_expires_s) < 0) {
                *what = "a time cannot be read";
                return -1;
        }
        if (t->access_token.n == 0 || t->expires_s == 0) {
                *what = "accessToken or expiresAt is missing";
                return -1;
        }
        return 0;
}

// It becomes the value of a header field.
static bool is_sound(struct slice access_token)
{
        for (size_t i = 0; i < access_token.n; i++)
                if (access_token.p[i] <= ' ' || access_token.p[i] >= 0x7f)
                        return false;
        return true;
}

int sso_token_read(struct slice json, struct sso_token *ret, const char **what)
{
        struct json_doc doc;
        json_doc_init(&doc);
        sso_token_init(ret);
        int r = members_parse(&doc, json, &ret->text, what);
        if (r == 0)
                r = read_members(&doc, ret, what);
        if (r == 0 && !is_sound(ret->access_token)) {
                *what = "accessToken holds bytes that no token has";
                r = -1;
        }
        json_doc_free(&doc);
        if (r < 0)
                sso_token_clear(ret);
        return r;
}

bool sso_token_can_renew(const struct sso_token *t, int64_t now_s)
{
        return t->refresh_token.n > 0 && t->client_id.n > 0 && t->client_secret.n > 0 &&
               t->registration_expires_s > now_s;
}

enum sso_token_use sso_token_judge(const struct sso_token *t, int64_t now_s)
{
        bool can_renew = sso_token_can_renew(t, now_s);
        if (t->expires_s <= now_s + LEAST_LIFE_S)
                return can_renew ? SSO_TOKEN_ENDED : SSO_TOKEN_DEAD;
        return can_renew && t->expires_s <= now_s + RENEW_BEFORE_S ? SSO_TOKEN_RENEW : SSO_TOKEN_GOOD;
}

int sso_token_missing(const struct profile *p, struct error *e, const char *format, ...)
{
        char text[TEXT_SIZE];
        va_list args;
        va_start(args, format);
        (void)vsnprintf(text, sizeof(text), format, args);
        va_end(args);
        (void)error_set(e, ERROR_INTERACTION, "%s", text);
        const char *name = profile_shown_name(p);
        if (p->sso.session)
                return error_hint(e, "run \"keyfob login %s\" (or aws sso login --sso-session %s)", name,
                                  p->sso.session);
        return error_hint(e, "run \"keyfob login %s\" (or aws sso login, with a profile for %s)", name,
                          p->sso.start_url ? p->sso.start_url : "the same start URL");
}
