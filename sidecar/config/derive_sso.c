// SPDX-License-Identifier: Apache-2.0
// IAM Identity Center has two services: the token service (OIDC) and the portal, which exchanges a token for a role.
#include "sidecar/config/derive.h"

#include <stdio.h>

#include "sidecar/base/env.h"

#define CACHE "/.aws/sso/cache"
enum { PATH_SIZE = 4096 };

static int derive_cache_directory(struct derivation *d, struct profile *p)
{
        char path[PATH_SIZE];
        const char *home = env_get(d->env, "HOME");
        if (p->sso.cache_directory || !home) // without a home the profile's fetches say so
                return 0;
        int n = snprintf(path, sizeof(path), "%s" CACHE, home);
        if (n < 0 || (size_t)n >= sizeof(path))
                return error_set(d->reader->e, ERROR_CONFIG, "environment: HOME: is too long");
        return reader_keep(d->reader, slice_str(path), &p->sso.cache_directory);
}

// An endpoint that the profile itself configures is that of both services.
int derive_sso(struct derivation *d, size_t node, struct profile *p)
{
        const char *shared_oidc = p->sso.oidc_endpoint_url;
        if (!p->sso.region) {
                reader_fail(d->reader, node, "found no \"sso_region\", expected the region of IAM Identity Center");
                return error_hint(d->reader->e, "add the sso_region of the [sso-session] in ~/.aws/config");
        }
        if (derive_cache_directory(d, p) < 0)
                return -1;
        p->sso.oidc_endpoint_url = p->endpoint_url;
        struct derive_choice chosen, chosen_oidc;
        const struct derive_endpoint oidc = {ENDPOINTS_SSO_OIDC,        "sso_region", &p->sso.region, shared_oidc,
                                             &p->sso.oidc_endpoint_url, &chosen_oidc};
        const struct derive_endpoint portal = {ENDPOINTS_SSO,          "sso_region",     &p->sso.region,
                                               p->shared_endpoint_url, &p->endpoint_url, &chosen};
        if (derive_endpoint(d, node, p, &oidc) < 0 || derive_endpoint(d, node, p, &portal) < 0)
                return -1;
        p->aws_partition = chosen_oidc.is_custom ? 0 : chosen.partition;
        return 0;
}
