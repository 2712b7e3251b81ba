// SPDX-License-Identifier: Apache-2.0
// IAM Identity Center has two services: the token service (OIDC) and the portal, which exchanges a token for a role.
#include "sidecar/config/derive.h"

// An endpoint that the profile itself configures is that of both services.
int derive_sso(const struct reader *r, size_t node, struct profile *p)
{
        const char *shared_oidc = p->sso.oidc_endpoint_url;
        if (!p->sso.region) {
                reader_fail(r, node, "found no \"sso_region\", expected the region of IAM Identity Center");
                return error_hint(r->e, "add the sso_region of the [sso-session] in ~/.aws/config");
        }
        if (reader_keep_home_path(r, NULL, "/.aws/sso/cache", &p->sso.cache_directory) < 0)
                return -1;
        p->sso.oidc_endpoint_url = p->endpoint_url;
        struct derive_choice chosen, chosen_oidc;
        const struct derive_endpoint oidc = {ENDPOINTS_SSO_OIDC, "sso_region", &p->sso.region, shared_oidc,
                                             &p->sso.oidc_endpoint_url};
        const struct derive_endpoint portal = {ENDPOINTS_SSO, "sso_region", &p->sso.region, p->shared_endpoint_url,
                                               &p->endpoint_url};
        if (derive_endpoint(r, node, p, &oidc, &chosen_oidc) < 0 || derive_endpoint(r, node, p, &portal, &chosen) < 0)
                return -1;
        p->aws_partition = chosen_oidc.is_custom ? 0 : chosen.partition;
        return 0;
}
