// SPDX-License-Identifier: Apache-2.0
#include "sidecar/providers/registry.h"

#include "sidecar/config/profile.h"
#include "sidecar/providers/sources.h"

static int make(const struct provider_deps *deps, const struct profile *profile,
                const struct credentials_source *source, struct provider **ret, struct error *e)
{
        if (profile->fault)
                return provider_fault_new(deps, profile, ret, e);
        switch (profile->type) {
        case PROFILE_STATIC:
                if (profile->secretsmanager.secret_id)
                        return provider_secretsmanager_new(deps, profile, source, ret, e);
                return provider_static_new(deps, profile, ret, e);
        case PROFILE_WEB_IDENTITY:
                return provider_web_identity_new(deps, profile, ret, e);
        case PROFILE_ROLES_ANYWHERE:
                return provider_roles_anywhere_new(deps, profile, ret, e);
        case PROFILE_ASSUME_ROLE:
                if (!source)
                        return error_set(e, ERROR_INTERNAL, "assume_role without base credentials");
                return provider_assume_role_new(deps, profile, source, ret, e);
        case PROFILE_CONTAINER:
                return provider_container_new(deps, profile, ret, e);
        case PROFILE_IMDS:
                return provider_imds_new(deps, profile, ret, e);
        case PROFILE_PROCESS:
                return provider_process_new(deps, profile, ret, e);
        case PROFILE_SSO:
                return provider_sso_new(deps, profile, ret, e);
        case PROFILE_LOGIN:
                return provider_login_new(deps, profile, ret, e);
        case PROFILE_SHARED_CONFIG:
        case PROFILE_DEFAULT_CHAIN:
        case PROFILE_TYPE_COUNT:
                break;
        }
        return error_set(e, ERROR_INTERNAL, "a profile of an unknown type");
}

int registry_make(const struct provider_deps *deps, const struct profile *profile,
                  const struct credentials_source *source, struct provider **ret, struct error *e)
{
        if (make(deps, profile, source, ret, e) < 0)
                return -1;
        profile_hold(profile); // until provider_free()
        return 0;
}
