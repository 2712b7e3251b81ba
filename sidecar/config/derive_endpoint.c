// SPDX-License-Identifier: Apache-2.0
// The endpoint of one service: the profile's own, that of the environment, that of a shared file, or what follows from
// AWS's rules. What is not used is not judged.
#include <stdio.h>
#include <string.h>

#include "sidecar/base/env.h"
#include "sidecar/config/derive.h"
#include "sidecar/config/values.h"

enum origin { FROM_PROFILE, FROM_ENVIRONMENT, FROM_SHARED_FILE };

// An endpoint that somebody has chosen.
struct custom {
        enum origin origin;
        const char *name; // of the variable, or of the key
        const char *url;  // NULL: nobody has
};

struct variant {
        unsigned bits;
        const char *key;      // of a setting that asks for it
        const char *variable; // that says so; NULL: the profile does
};

static const char *const variables[] = {
    [ENDPOINTS_STS] = "AWS_ENDPOINT_URL_STS",
    [ENDPOINTS_ROLESANYWHERE] = "AWS_ENDPOINT_URL_ROLESANYWHERE",
    [ENDPOINTS_SECRETS_MANAGER] = "AWS_ENDPOINT_URL_SECRETS_MANAGER",
    [ENDPOINTS_SSO] = "AWS_ENDPOINT_URL_SSO",
    [ENDPOINTS_SSO_OIDC] = "AWS_ENDPOINT_URL_SSO_OIDC",
    [ENDPOINTS_SIGNIN] = "AWS_ENDPOINT_URL_SIGNIN",
};

static int read_switch(const struct derivation *d, const char *variable, bool *ret)
{
        const char *value = env_get(d->env, variable);
        *ret = value && slice_eq_ignore_case(slice_str(value), SLICE("true"));
        if (!value || *ret || slice_eq_ignore_case(slice_str(value), SLICE("false")))
                return 0;
        error_set(d->reader->e, ERROR_CONFIG, "environment: %s: found \"%.80s\", expected \"true\" or \"false\"",
                  variable, value);
        return error_hint(d->reader->e, "correct or unset %s", variable);
}

static int find_variant(const struct derivation *d, const struct profile *p, struct variant *ret)
{
        const struct {
                enum choice own;
                unsigned bit;
                const char *key, *variable;
        } switches[] = {
            {p->use_dualstack_endpoint, ENDPOINTS_DUALSTACK, "use_dualstack_endpoint", "AWS_USE_DUALSTACK_ENDPOINT"},
            {p->use_fips_endpoint, ENDPOINTS_FIPS, "use_fips_endpoint", "AWS_USE_FIPS_ENDPOINT"},
        };
        *ret = (struct variant){0, NULL, NULL};
        for (size_t i = 0; i < sizeof(switches) / sizeof(switches[0]); i++) {
                bool is_on = switches[i].own == CHOICE_YES;
                if (switches[i].own == CHOICE_UNSET && read_switch(d, switches[i].variable, &is_on) < 0)
                        return -1;
                if (!is_on)
                        continue;
                ret->bits |= switches[i].bit;
                ret->key = switches[i].key;
                ret->variable = switches[i].own == CHOICE_UNSET ? switches[i].variable : NULL;
        }
        return 0;
}

static int find_custom(const struct derivation *d, const struct profile *p, const struct derive_endpoint *of,
                       struct custom *ret)
{
        bool is_ignored = false;
        *ret = (struct custom){FROM_PROFILE, "endpoint_url", *of->url};
        if (ret->url || p->ignores_configured_endpoint_urls)
                return 0;
        if (read_switch(d, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", &is_ignored) < 0 || is_ignored)
                return is_ignored ? 0 : -1;
        const char *const names[] = {variables[of->service], "AWS_ENDPOINT_URL"};
        for (size_t i = 0; i < 2 && !ret->url; i++)
                *ret = (struct custom){FROM_ENVIRONMENT, names[i], env_get(d->env, names[i])};
        if (!ret->url)
                *ret = (struct custom){FROM_SHARED_FILE, "endpoint_url", of->shared_url};
        return 0;
}

// Sets the error of an endpoint that is not the profile's own.
static int refuse(const struct derivation *d, const struct profile *p, const struct custom *custom, const char *found,
                  const char *expected)
{
        struct error *e = d->reader->e;
        if (custom->origin == FROM_ENVIRONMENT)
                error_set(e, ERROR_CONFIG, "environment: %s: found %s, expected %s", custom->name, found, expected);
        else
                error_set(e, ERROR_CONFIG, "profile %s: %s of the AWS configuration file: found %s, expected %s",
                          p->name, custom->name, found, expected);
        return -1;
}

static int check_url(const struct derivation *d, const struct profile *p, const struct custom *custom)
{
        struct slice url = slice_str(custom->url);
        char found[128] = "another form"; // where it may hold a password
        if (custom->origin == FROM_PROFILE)
                return 0; // judged where it was read
        enum values_url judged = values_check_endpoint(url);
        if (judged == VALUES_URL_GOOD)
                return 0;
        if (slice_find(url, '@') == url.n)
                (void)snprintf(found, sizeof(found), "\"%.120s\"", custom->url);
        refuse(d, p, custom, found,
               judged == VALUES_URL_PLAIN ? "https: plain http is for loopback and link-local hosts only"
                                          : "a URL (https://host[:port][/path])");
        return error_hint(d->reader->e, "correct or unset %s, or give the profile its own \"endpoint_url\"",
                          custom->name);
}

// AWS's rules know no FIPS or dual-stack form of an endpoint that somebody has chosen. Else the setting would do
// nothing without a word.
static int refuse_variant(const struct derivation *d, size_t node, const struct profile *p, const struct custom *custom,
                          const struct variant *variant)
{
        char found[128];
        (void)snprintf(found, sizeof(found), "a custom endpoint beside %s%s", variant->variable ? "" : "the profile's ",
                       variant->variable ? variant->variable : variant->key);
        if (custom->origin == FROM_PROFILE)
                reader_fail(d->reader, reader_at(d->reader, node, custom->name), "found %s, expected one of the two",
                            found);
        else
                refuse(d, p, custom, found, "one of the two");
        return error_hint(d->reader->e,
                          "a custom endpoint is called as it is: let its URL name one that has what you need and set "
                          "\"%s\" of profile %s to false, or take the endpoint out",
                          variant->key, p->name);
}

// Whether sts_regional_endpoints, or its variable, says "legacy".
static int read_legacy(const struct derivation *d, const struct profile *p, bool *ret)
{
        static const char variable[] = "AWS_STS_REGIONAL_ENDPOINTS";
        const char *value = p->sts_regional_endpoints == STS_ENDPOINTS_UNSET ? env_get(d->env, variable) : NULL;
        *ret = value ? strcmp(value, "legacy") == 0 : p->sts_regional_endpoints == STS_ENDPOINTS_LEGACY;
        if (!value || *ret || strcmp(value, "regional") == 0)
                return 0;
        error_set(d->reader->e, ERROR_CONFIG, "environment: %s: found \"%.80s\", expected \"regional\" or \"legacy\"",
                  variable, value);
        return error_hint(d->reader->e, "correct or unset %s", variable);
}

static int follow_rules(const struct derivation *d, size_t node, const struct profile *p,
                        const struct derive_endpoint *of, unsigned variant)
{
        char url[ENDPOINTS_URL_SIZE];
        struct slice region = slice_str(*of->region);
        bool is_legacy = false;
        if (of->service == ENDPOINTS_STS && variant == 0) {
                if (read_legacy(d, p, &is_legacy) < 0)
                        return -1;
                if (slice_eq(region, SLICE("aws-global")) || (is_legacy && endpoints_is_sts_legacy(region))) {
                        if (reader_keep(d->reader, SLICE("us-east-1"), of->region) < 0) // which it is signed for
                                return -1;
                        return reader_keep(d->reader, SLICE("https://sts.amazonaws.com"), of->url);
                }
        }
        const char *global = endpoints_global_region(region);
        if (global)
                region = slice_str(global);
        if (endpoints_resolve(of->service, region, variant, url, sizeof(url)) < 0)
                return reader_fail(d->reader, node, "no endpoint follows from region \"%s\"", *of->region);
        return reader_keep(d->reader, slice_str(url), of->url);
}

static int take(const struct derivation *d, const char *text, char **ret)
{
        struct slice url = slice_str(text);
        while (slice_ends_with(url, SLICE("/")))
                url.n--;
        return reader_keep(d->reader, url, ret);
}

int derive_endpoint(struct derivation *d, size_t node, const struct profile *p, const struct derive_endpoint *of)
{
        struct variant variant;
        struct custom custom;
        if (derive_check_region(d, node, of->region_key, *of->region) < 0 || find_variant(d, p, &variant) < 0 ||
            find_custom(d, p, of, &custom) < 0)
                return -1;
        if (custom.url && variant.bits)
                return refuse_variant(d, node, p, &custom, &variant);
        if (of->choice) {
                *of->choice = (struct derive_choice){.is_custom = custom.url != NULL, .variant = variant.bits};
                if (!custom.url && *of->region)
                        of->choice->partition = endpoints_partition(slice_str(*of->region));
        }
        if (custom.url && (check_url(d, p, &custom) < 0 || take(d, custom.url, of->url) < 0))
                return -1;
        if (!custom.url && *of->region && follow_rules(d, node, p, of, variant.bits) < 0)
                return -1;
        const char *global = endpoints_global_region(slice_str(*of->region));
        return global ? reader_keep(d->reader, slice_str(global), of->region) : 0;
}
