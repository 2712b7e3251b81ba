// SPDX-License-Identifier: Apache-2.0
#include "sidecar/providers/registry.h"

#include <stdlib.h>

#include "sidecar/config/profile.h"
#include "sidecar/providers/sources.h"

// NULL: its type is resolved to another one at load.
static const struct provider_ops *ops_of(const struct profile *profile)
{
        static const struct provider_ops *const by_type[PROFILE_TYPE_COUNT] = {
            [PROFILE_STATIC] = &source_static,
            [PROFILE_WEB_IDENTITY] = &source_web_identity,
            [PROFILE_ROLES_ANYWHERE] = &source_roles_anywhere,
            [PROFILE_ASSUME_ROLE] = &source_assume_role,
            [PROFILE_CONTAINER] = &source_container,
            [PROFILE_IMDS] = &source_imds,
            [PROFILE_PROCESS] = &source_process,
            [PROFILE_SSO] = &source_sso,
            [PROFILE_LOGIN] = &source_login,
        };
        if (profile->fault)
                return &source_fault;
        if (profile->secretsmanager.secret_id)
                return &source_secretsmanager;
        return profile->type < PROFILE_TYPE_COUNT ? by_type[profile->type] : NULL;
}

int registry_make(const struct provider_deps *deps, const struct profile *profile,
                  const struct credentials_source *source, struct provider **ret, struct error *e)
{
        const struct provider_ops *ops = ops_of(profile);
        if (!ops)
                return error_set(e, ERROR_INTERNAL, "a profile of an unknown type");
        if (ops->is_chained && !source)
                return error_set(e, ERROR_INTERNAL, "%s without base credentials", profile_type_name(profile->type));
        struct provider *p = calloc(1, ops->size);
        if (!p)
                return error_set(e, ERROR_INTERNAL, "out of memory");
        *p = (struct provider){.ops = ops, .deps = *deps, .profile = profile, .login = ops->login};
        if (source)
                p->source = *source;
        if (ops->init && ops->init(p, e) < 0) {
                free(p);
                return -1;
        }
        profile_hold(profile); // until provider_free()
        *ret = p;
        return 0;
}
