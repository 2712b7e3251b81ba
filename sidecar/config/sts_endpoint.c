// SPDX-License-Identifier: Apache-2.0
#include "sidecar/config/sts_endpoint.h"

#include <stdio.h>

#include "sidecar/config/endpoints.h"

static struct slice region_of(const struct profile *p, struct slice region)
{
        bool is_issuer = p->type == PROFILE_ASSUME_ROLE || p->type == PROFILE_WEB_IDENTITY;
        if (region.n == 0 && is_issuer)
                region = slice_str(p->issuer_region);
        return region.n > 0 ? region : slice_str(p->region);
}

int sts_endpoint_of(const struct profile *p, struct slice region, struct web_identity_endpoint *ret, struct error *e)
{
        region = region_of(p, region);
        const char *global = endpoints_global_region(region);
        if (global)
                region = slice_str(global);
        if (p->sts.fault)
                return error_set(e, ERROR_CONFIG, "STS cannot be called: %s", p->sts.fault);
        if (region.n == 0) {
                error_set(e, ERROR_CONFIG, "the region of STS is unknown");
                return error_hint(e, "give \"region\" in the request, or \"region\" in the profile");
        }
        if (region.n >= sizeof(ret->region) || !endpoints_is_region(region) || endpoints_is_fips_name(region)) {
                error_set(e, ERROR_CONFIG, "invalid \"region\": \"%.*s\"", (int)slice_head(region, 64).n,
                          (const char *)region.p);
                return error_hint(e, "name it as AWS does, such as us-east-1");
        }
        (void)snprintf(ret->region, sizeof(ret->region), "%.*s", (int)region.n, (const char *)region.p);
        int n = p->sts.endpoint_url ? snprintf(ret->url, sizeof(ret->url), "%s", p->sts.endpoint_url) : 0;
        if (n < 0 || (size_t)n >= sizeof(ret->url))
                return error_set(e, ERROR_CONFIG, "STS cannot be called: its endpoint URL is too long");
        if (n == 0 && endpoints_resolve(ENDPOINTS_STS, region, p->sts.variant, ret->url, sizeof(ret->url)) < 0)
                return error_set(e, ERROR_CONFIG, "STS has no endpoint in region \"%s\"", ret->region);
        return 0;
}
