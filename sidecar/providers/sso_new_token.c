// SPDX-License-Identifier: Apache-2.0
#include "sidecar/providers/sso_new_token.h"

#include <stdlib.h>

#include "proto/mem/time.h"
#include "proto/wire/limits.h"
#include "sidecar/config/profile.h"
#include "sidecar/providers/members.h"
#include "sidecar/providers/sso_cache.h"
#include "sidecar/providers/sso_client.h"

int sso_new_token_write(const struct sso_new_token *token, struct error *e)
{
        char expires[TIME_RFC3339_SIZE], client_expires[TIME_RFC3339_SIZE];
        const struct profile *p = token->profile;
        const struct sso_client *client = token->client;
        bool has_session = p->sso.session != NULL;
        struct slice none = {NULL, 0};
        struct buffer out;
        char *path = NULL;
        if (time_format_rfc3339(token->expires_s, expires) < 0 ||
            time_format_rfc3339(client->expires_s, client_expires) < 0)
                return error_set(e, ERROR_PROTOCOL, "the answer's expiresIn is beyond the calendar");
        const struct member members[] = {
            {"startUrl", slice_str(p->sso.start_url)},
            {"region", slice_str(p->sso.region)},
            {"accessToken", token->access},
            {"expiresAt", slice_str(expires)},
            {"clientId", has_session ? client->id : none},
            {"clientSecret", has_session ? client->secret : none},
            {"registrationExpiresAt", has_session ? slice_str(client_expires) : none},
            {"refreshToken", has_session ? token->refresh : none},
        };
        buffer_init(&out, LIMIT_TOKEN_FILE);
        int r = members_replace(none, members, sizeof(members) / sizeof(members[0]), &out);
        if (r < 0)
                (void)error_set(e, ERROR_PROTOCOL, "the token is too long, or there is no memory for it");
        if (r == 0)
                r = sso_cache_path(p, sso_cache_token_key(p), &path, e);
        if (r == 0)
                r = sso_cache_write(path, buffer_slice(&out), e);
        free(path);
        buffer_free(&out);
        return r;
}
