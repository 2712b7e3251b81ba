// SPDX-License-Identifier: Apache-2.0
#include "sidecar/providers/sso_answer.h"

#include "proto/mem/length.h"
#include "sidecar/config/profile.h"
#include "sidecar/providers/sso_cache.h"

enum { CODE_MAX = 128 };

// "authorization_pending" is "AuthorizationPendingException" in the header that old proxies remove.
static void name_code(struct slice reason, struct buffer *scratch, struct slice *ret)
{
        size_t from = scratch->n;
        bool is_upper = true;
        for (size_t i = 0; i < reason.n; i++) {
                uint8_t c = reason.p[i];
                if (c != '_')
                        (void)buffer_put_byte(scratch, is_upper && c >= 'a' && c <= 'z' ? (uint8_t)(c - 32) : c);
                is_upper = c == '_';
        }
        if (buffer_put_str(scratch, "Exception") == 0)
                *ret = slice_of(scratch->p + from, scratch->n - from);
}

int sso_answer_read(struct slice body, struct buffer *scratch, struct answer *ret, struct error *e)
{
        static const struct member_rule rules[] = {
            {"roleCredentials.accessKeyId", ANSWER_FIELD(access_key_id), MEMBER_TEXT, MEMBER_OPTIONAL},
            {"roleCredentials.secretAccessKey", ANSWER_FIELD(secret_access_key), MEMBER_TEXT, MEMBER_OPTIONAL},
            {"roleCredentials.sessionToken", ANSWER_FIELD(session_token), MEMBER_TEXT, MEMBER_OPTIONAL},
            {"roleCredentials.expiration", ANSWER_FIELD(expires_ms), MEMBER_NUMBER, MEMBER_OPTIONAL},
            {"accessToken", ANSWER_FIELD(document), MEMBER_TEXT, MEMBER_OPTIONAL},
            {"refreshToken", ANSWER_FIELD(refresh_token), MEMBER_TEXT, MEMBER_OPTIONAL},
            {"expiresIn", ANSWER_FIELD(lives_s), MEMBER_NUMBER, MEMBER_OPTIONAL},
            {"error_description", ANSWER_FIELD(message), MEMBER_TEXT, MEMBER_INFORMATION},
            {"error", ANSWER_FIELD(reason), MEMBER_TEXT, MEMBER_INFORMATION},
        };
        *ret = (struct answer){.lives_s = 0};
        // Capacity for a code that is made here: slices must not move.
        if (!buffer_reserve(scratch, 2 * body.n + CODE_MAX))
                return error_set(e, ERROR_INTERNAL, "out of memory");
        if (answer_read_json(body, rules, LENGTH(rules), scratch, ret, e) < 0)
                return -1;
        if (slice_is_empty(ret->code) && !slice_is_empty(ret->reason))
                name_code(ret->reason, scratch, &ret->code);
        ret->reason = (struct slice){NULL, 0};
        return 0;
}

int sso_answer_check_token(const struct answer *answer, struct error *e)
{
        if (!slice_is_empty(answer->document) && answer->lives_s > 0 && answer->lives_s <= INT32_MAX)
                return 0;
        return answer_incomplete("accessToken or expiresIn", e);
}

struct slice sso_answer_subject(const struct profile *p)
{
        return slice_str(sso_cache_token_key(p));
}

void sso_answer_begin_request(const struct profile *p, const char *path, struct upstream_request *r)
{
        upstream_request_put_url(r, p->sso.oidc_endpoint_url, path);
        upstream_request_add_field(r, "content-type", SLICE("application/json"));
}
