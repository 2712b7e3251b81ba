// SPDX-License-Identifier: Apache-2.0
// IAM Identity Center has two services: the token service (OIDC) and the portal, which exchanges a token for a role.
#include "sidecar/config/derive.h"

#include <stdio.h>
#include <string.h>

#include "sidecar/base/env.h"
#include "sidecar/config/endpoints.h"
#include "sidecar/config/values.h"

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

// The endpoint that a variable names. 1: it does; 0: it is not set.
static int take_variable(struct derivation *d, const char *name, char **ret)
{
        const char *ignore = env_get(d->env, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS");
        const char *value = env_get(d->env, name);
        if (!value || (ignore && slice_eq_ignore_case(slice_str(ignore), SLICE("true"))))
                return 0;
        struct slice url = slice_str(value);
        if (values_check_endpoint(url) != VALUES_URL_GOOD) {
                error_set(d->reader->e, ERROR_CONFIG,
                          "environment: %s: is no URL that can be used, expected https://host[:port][/path]", name);
                return error_hint(d->reader->e, "correct or unset %s; plain http is for loopback hosts only", name);
        }
        while (url.p[url.n - 1] == '/')
                url.n--;
        return reader_keep(d->reader, url, ret) < 0 ? -1 : 1;
}

// The service's own variable, what is configured for all, the common variable, what a shared file says, the regional
// endpoint; the first of them.
static int derive_one(struct derivation *d, size_t node, const struct profile *p, const char *const names[2],
                      char **ret)
{
        char url[ENDPOINTS_URL_SIZE];
        const char *configured = p->endpoint_url;
        int taken = take_variable(d, names[0], ret);
        if (taken == 0 && configured)
                return reader_keep(d->reader, slice_str(configured), ret);
        if (taken == 0)
                taken = take_variable(d, "AWS_ENDPOINT_URL", ret);
        if (taken != 0)
                return taken < 0 ? -1 : 0;
        if (p->shared_endpoint_url)
                return reader_keep(d->reader, slice_str(p->shared_endpoint_url), ret);
        if (endpoints_regional(names[1], slice_str(p->sso.region), url, sizeof(url)) < 0)
                return reader_fail(d->reader, node, "no endpoint follows from sso_region \"%s\"", p->sso.region);
        return reader_keep(d->reader, slice_str(url), ret);
}

int derive_sso(struct derivation *d, size_t node, struct profile *p)
{
        static const char *const oidc[] = {"AWS_ENDPOINT_URL_SSO_OIDC", "oidc"};
        static const char *const portal[] = {"AWS_ENDPOINT_URL_SSO", "portal.sso"};
        if (p->fault)
                return 0;
        if (!p->sso.region) {
                reader_fail(d->reader, node, "found no \"sso_region\", expected the region of IAM Identity Center");
                return error_hint(d->reader->e, "add the sso_region of the [sso-session] in ~/.aws/config");
        }
        if (derive_cache_directory(d, p) < 0 || derive_one(d, node, p, oidc, &p->sso.oidc_endpoint_url) < 0)
                return -1;
        // What the profile itself configures counts before the environment, as for every other type.
        return p->endpoint_url ? 0 : derive_one(d, node, p, portal, &p->endpoint_url);
}
