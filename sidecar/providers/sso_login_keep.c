// SPDX-License-Identifier: Apache-2.0
#include "sidecar/providers/sso_login_keep.h"

#include <stdlib.h>

#include "proto/mem/time.h"
#include "proto/wire/limits.h"
#include "sidecar/config/profile.h"
#include "sidecar/providers/cache_file.h"
#include "sidecar/providers/sso_cache.h"
#include "sidecar/providers/sso_http.h"

// The file of a profile without a session has neither a client nor a refresh token: such tokens are not renewed.
static int write_json(const struct profile *p, const struct sso_client *client, const struct answer *a,
                      int64_t expires_s, struct buffer *out, struct error *e)
{
        char expires[TIME_RFC3339_SIZE], client_expires[TIME_RFC3339_SIZE];
        struct slice none = {NULL, 0};
        bool has_session = p->sso.session != NULL;
        if (time_format_rfc3339(expires_s, expires) < 0 || time_format_rfc3339(client->expires_s, client_expires) < 0)
                return error_set(e, ERROR_PROTOCOL, "the end of the token or of its client is beyond the calendar");
        const struct member members[] = {
            {"startUrl", slice_str(p->sso.start_url)},
            {"region", slice_str(p->sso.region)},
            {"accessToken", a->document},
            {"expiresAt", slice_str(expires)},
            {"clientId", has_session ? client->id : none},
            {"clientSecret", has_session ? client->secret : none},
            {"registrationExpiresAt", has_session ? slice_str(client_expires) : none},
            {"refreshToken", has_session ? a->refresh_token : none},
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
        struct buffer scratch;
        struct answer answer;
        buffer_init(&scratch, LIMIT_UPSTREAM_BODY);
        int r = sso_http_read_token(response->body, &scratch, &answer, e);
        if (r < 0) {
                (void)answer_unreadable(NULL, response->status, response->body.n, e);
                (void)error_context(e, "CreateToken for %.256s", sso_cache_token_key(p));
        } else {
                r = write_json(p, client, &answer, now_s + answer.lives_s, out, e);
        }
        buffer_free(&scratch);
        return r;
}
