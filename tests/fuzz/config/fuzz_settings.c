// SPDX-License-Identifier: Apache-2.0
// Any text is either refused with a whole error, or gives settings in which everything that others rely on holds.
#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "proto/wire/api.h"
#include "proto/wire/limits.h"
#include "sidecar/base/env.h"
#include "sidecar/config/endpoints.h"
#include "sidecar/config/session_name.h"
#include "sidecar/config/settings_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int no_account(enum account_kind kind, const char *name, uint32_t *ret)
{
        (void)kind;
        *ret = 1;
        return strcmp(name, "alice") == 0 ? 0 : -ENOENT;
}

static void check_profile(const struct settings *s, const struct profile *p)
{
        assert(api_is_profile_name(slice_str(p->name)) != p->is_implied);
        assert(settings_find(s, p->name) == p);
        assert(profile_same(p, p) && profile_same_identity(p, p));
        if (p->type == PROFILE_ASSUME_ROLE) {
                const struct profile *source = settings_find(s, p->source_profile);
                assert(source && source < p);
        }
        assert(p->type != PROFILE_SHARED_CONFIG && p->type != PROFILE_DEFAULT_CHAIN && !p->fault);
        if (p->type == PROFILE_WEB_IDENTITY || p->type == PROFILE_ASSUME_ROLE || p->type == PROFILE_ROLES_ANYWHERE) {
                assert(endpoints_is_region(slice_str(p->issuer_region)));
                assert(strncasecmp(p->endpoint_url, "http", 4) == 0);
                assert(p->endpoint_url[strlen(p->endpoint_url) - 1] != '/');
                assert(p->role.role_arn);
        }
        if (p->type == PROFILE_WEB_IDENTITY || p->type == PROFILE_ASSUME_ROLE)
                assert(session_name_is_valid(slice_str(p->role.role_session_name)));
        if (p->type == PROFILE_WEB_IDENTITY && !p->web_identity.token_source)
                assert(p->web_identity_token_file[0] == '/');
        if (p->type == PROFILE_ROLES_ANYWHERE)
                assert(p->roles_anywhere.certificate[0] == '/' && p->roles_anywhere.private_key[0] == '/');
        assert(p->role.duration_seconds == 0 || (p->role.duration_seconds >= 900 && p->role.duration_seconds <= 43200));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        char region[] = "AWS_REGION=us-east-1";
        char *environment[] = {region, NULL};
        struct env env;
        struct settings *s = NULL;
        struct error e = {.kind = ERROR_NONE};
        env_init(&env, environment);
        const struct settings_source source = {.file = "f",
                                               .directory = "/d",
                                               .working_directory = "/w",
                                               .host_name = "h",
                                               .env = &env,
                                               .lookup = no_account};
        if (settings_parse(&source, slice_of(data, size), &s, &e) < 0) {
                assert(e.kind == ERROR_CONFIG && e.hint[0] && e.message[0] == 'f' && e.message[1] == ':');
                assert(!s);
                return 0;
        }
        assert(s->listeners_count >= 1 && s->profiles_count >= 1);
        for (size_t i = 0; i < s->listeners_count; i++) {
                assert(s->listeners[i].unix_path[0] == '/' && strlen(s->listeners[i].unix_path) <= LIMIT_UNIX_PATH);
                assert(s->listeners[i].mode <= 0777);
        }
        for (size_t i = 0; i < s->profiles_count; i++)
                check_profile(s, &s->profiles[i]);
        settings_free(s);
        return 0;
}
