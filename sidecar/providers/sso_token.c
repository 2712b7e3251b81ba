// SPDX-License-Identifier: Apache-2.0
#include "sidecar/providers/sso_token.h"

#include "proto/mem/length.h"
#include "proto/mem/time.h"
#include "proto/wire/limits.h"
#include "sidecar/config/profile.h"
#include "sidecar/providers/members.h"

enum {
        RENEW_BEFORE_S = 300, // of its end: what the SDKs do
        LEAST_LIFE_S = 10     // with less than this, a call may come too late
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

// It becomes the value of a header field.
static bool is_sound(struct slice access_token)
{
        for (size_t i = 0; i < access_token.n; i++)
                if (access_token.p[i] <= ' ' || access_token.p[i] >= 0x7f)
                        return false;
        return true;
}

int sso_token_read(struct slice json, struct sso_token *ret, struct error *e)
{
        static const struct member_rule rules[] = {
            {"accessToken", offsetof(struct sso_token, access_token), MEMBER_TEXT, MEMBER_NEEDED},
            {"expiresAt", offsetof(struct sso_token, expires_s), MEMBER_TIME, MEMBER_NEEDED},
            {"refreshToken", offsetof(struct sso_token, refresh_token), MEMBER_TEXT, MEMBER_INFORMATION},
            {"clientId", offsetof(struct sso_token, client_id), MEMBER_TEXT, MEMBER_INFORMATION},
            {"clientSecret", offsetof(struct sso_token, client_secret), MEMBER_TEXT, MEMBER_INFORMATION},
            {"startUrl", offsetof(struct sso_token, start_url), MEMBER_TEXT, MEMBER_INFORMATION},
            {"registrationExpiresAt", offsetof(struct sso_token, registration_expires_s), MEMBER_TIME,
             MEMBER_INFORMATION},
        };
        sso_token_init(ret);
        int r = members_read(json, rules, LENGTH(rules), &ret->text, ret, e);
        if (r == 0 && !is_sound(ret->access_token))
                r = error_set(e, ERROR_PROTOCOL, "accessToken contains characters that are not allowed in a header");
        if (r < 0)
                sso_token_clear(ret);
        return r;
}

int sso_token_put(const struct profile *p, const struct sso_client *client, const struct answer *answer, int64_t now_s,
                  struct buffer *out, struct error *e)
{
        const struct slice none = {NULL, 0};
        char expires[TIME_RFC3339_SIZE], client_expires[TIME_RFC3339_SIZE];
        bool has_session = p->sso.session != NULL;
        if (time_format_rfc3339(now_s + answer->lives_s, expires) < 0 ||
            time_format_rfc3339(client->expires_s, client_expires) < 0)
                return error_set(e, ERROR_PROTOCOL, "the token or its client expires after the year 9999");
        const struct member members[] = {
            {"startUrl", slice_str(p->sso.start_url)},
            {"region", slice_str(p->sso.region)},
            {"accessToken", answer->document},
            {"expiresAt", slice_str(expires)},
            {"clientId", has_session ? client->id : none},
            {"clientSecret", has_session ? client->secret : none},
            {"registrationExpiresAt", has_session ? slice_str(client_expires) : none},
            {"refreshToken", has_session ? answer->refresh_token : none},
        };
        if (members_replace(none, members, LENGTH(members), out) == 0)
                return 0;
        return out->no_memory ? error_set(e, ERROR_INTERNAL, "out of memory for the token")
                              : error_set(e, ERROR_PROTOCOL, "the token is too long");
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

void sso_token_hint_login(const struct profile *p, struct error *e)
{
        const char *name = profile_shown_name(p);
        if (p->sso.session)
                (void)error_hint(e, "run \"keyfob login %s\" (or aws sso login --sso-session %s)", name,
                                 p->sso.session);
        else
                (void)error_hint(e, "run \"keyfob login %s\" (or aws sso login, with a profile for %s)", name,
                                 p->sso.start_url ? p->sso.start_url : "the same start URL");
}
