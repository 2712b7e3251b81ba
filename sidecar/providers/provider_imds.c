// SPDX-License-Identifier: Apache-2.0
#include "sidecar/config/profile.h"
#include "sidecar/providers/sources.h"

int provider_imds_new(const struct provider_deps *deps, const struct profile *profile, struct provider **ret,
                      struct error *e)
{
        (void)deps;
        (void)ret;
        return error_set(e, ERROR_INTERNAL, "%s is not supported by this version", profile_type_name(profile->type));
}
