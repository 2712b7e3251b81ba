// SPDX-License-Identifier: Apache-2.0
#include "sidecar/providers/sso_login_keep.h"

#include <stdlib.h>

#include "proto/mem/time.h"
#include "proto/wire/limits.h"
#include "sidecar/config/profile.h"
#include "sidecar/providers/answer.h"
#include "sidecar/providers/cache_file.h"
#include "sidecar/providers/members.h"
#include "sidecar/providers/sso_cache.h"

struct grant {
        struct slice access, refresh;
        int64_t expires_s;
};

// A legacy profile's file has neither a client nor a refresh token: such tokens are not renewed.
static int write_json(const struct profile *p, const struct sso_client *client, const struct grant *g,
                      struct buffer *out, struct error *e)
{
        char expires[TIME_RFC3339_SIZE], client_expires[TIME_RFC3339_SIZE];
        struct slice none = {NULL, 0};
        bool has_session = p->sso.session != NULL;
        if (time_format_rfc3339(g->expires_s, expires) < 0 ||
            time_format_rfc3339(client->expires_s, client_expires) < 0)
                return error_set(e, ERROR_PROTOCOL, "the end of the token or of its client is beyond the calendar");
        const struct member members[] = {
            {"startUrl", slice_str(p->sso.start_url)},
            {"region", slice_str(p->sso.region)},
            {"accessToken", g->access},
            {"expiresAt", slice_str(expires)},
            {"clientId", has_session ? client->id : none},
            {"clientSecret", has_session ? client->secret : none},
            {"registrationExpiresAt", has_session ? slice_str(client_expires) : none},
            {"refreshToken", has_session ? g->refresh : none},
        };
        if (members_replace(none, members, sizeof(members) / sizeof(members[0]), out) == 0)
                return 0;
        return out->no_memory ? error_set(e, ERROR_INTERNAL, "out of memory for the token")
                              : error_set(e, ERROR_PROTOCOL, "the token is too long");
}

int sso_login_keep_write(const struct profile *p, struct slice text, struct error *e)
{
        char *path = NULL;
        int r = sso_cache_path(p, slice_str(sso_cache_token_key(p)), &path, e);
        if (r == 0)
                r = cache_file_write(path, SSO_CACHE_WHAT, text, e);
        free(path);
        return r;
}

int sso_login_keep_read(const struct profile *p, const struct sso_client *client, const struct http_response *response,
                        int64_t now_s, struct buffer *out, struct error *e)
{
        struct json_doc doc;
        struct buffer text;
        struct grant g = {.expires_s = 0};
        int64_t lives_s = 0;
        const char *what = NULL;
        json_doc_init(&doc);
        buffer_init(&text, LIMIT_UPSTREAM_BODY);
        int r = members_parse(&doc, response->body, &text, &what);
        if (r == 0)
                r = members_text(&doc, JSON_ROOT, SLICE("accessToken"), &text, &g.access) |
                    members_text(&doc, JSON_ROOT, SLICE("refreshToken"), &text, &g.refresh) |
                    members_seconds(&doc, JSON_ROOT, SLICE("expiresIn"), &lives_s);
        if (r < 0 || g.access.n == 0 || lives_s == 0 || lives_s > INT32_MAX) {
                (void)answer_unreadable(what ? what : "accessToken or expiresIn is missing or wrong", response->status,
                                        response->body.n, e);
                r = error_context(e, "CreateToken for %.256s", sso_cache_token_key(p));
        } else {
                g.expires_s = now_s + lives_s;
                r = write_json(p, client, &g, out, e);
        }
        json_doc_free(&doc);
        buffer_free(&text);
        return r;
}
