// SPDX-License-Identifier: Apache-2.0
#include "sidecar/providers/login_session.h"

#include "proto/mem/length.h"
#include "proto/mem/time.h"
#include "proto/wire/limits.h"
#include "sidecar/config/endpoints.h"
#include "sidecar/config/profile.h"
#include "sidecar/providers/cache_file.h"
#include "sidecar/providers/members.h"
#include "sidecar/signing/dpop.h"
#include "sidecar/signing/hex_digest.h"

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

static int check(const struct login_session *s, struct error *e)
{
        const char *what = dpop_judge_key(s->dpop_key);
        if (s->region.n > 0 && !endpoints_is_region(s->region))
                return error_set(e, ERROR_PROTOCOL, "member signInRegion is not a region");
        return what ? error_set(e, ERROR_PROTOCOL, "%s", what) : 0;
}

int login_session_read(struct slice json, struct login_session *ret, struct error *e)
{
        static const struct member_rule rules[] = {
            {"accessToken.accessKeyId", offsetof(struct login_session, access_key_id), MEMBER_TEXT, MEMBER_NEEDED},
            {"accessToken.secretAccessKey", offsetof(struct login_session, secret_access_key), MEMBER_TEXT,
             MEMBER_NEEDED},
            {"accessToken.sessionToken", offsetof(struct login_session, session_token), MEMBER_TEXT, MEMBER_NEEDED},
            {"accessToken.expiresAt", offsetof(struct login_session, expires_s), MEMBER_TIME, MEMBER_NEEDED},
            {"accessToken.accountId", offsetof(struct login_session, account_id), MEMBER_TEXT, MEMBER_INFORMATION},
            {"refreshToken", offsetof(struct login_session, refresh_token), MEMBER_TEXT, MEMBER_NEEDED},
            {"clientId", offsetof(struct login_session, client_id), MEMBER_TEXT, MEMBER_NEEDED},
            {"dpopKey", offsetof(struct login_session, dpop_key), MEMBER_TEXT, MEMBER_NEEDED},
            {"signInRegion", offsetof(struct login_session, region), MEMBER_TEXT, MEMBER_OPTIONAL},
        };
        login_session_init(ret);
        int r = members_read(json, rules, LENGTH(rules), &ret->text, ret, e);
        if (r == 0)
                r = check(ret, e);
        if (r < 0)
                login_session_clear(ret);
        return r;
}

int login_session_renew(struct slice json, const struct answer *grant, int64_t expires_s, struct buffer *out)
{
        char expires[TIME_RFC3339_SIZE];
        struct buffer text;
        if (time_format_rfc3339(expires_s, expires) < 0)
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
