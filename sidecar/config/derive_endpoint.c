// SPDX-License-Identifier: Apache-2.0
// The endpoint of one service: the profile's own, that of the environment, that of a shared file, or what follows from
// AWS's rules. What is not used is not judged.
#include <stdio.h>
#include <string.h>

#include "proto/mem/length.h"
#include "sidecar/base/env.h"
#include "sidecar/config/derive.h"
#include "sidecar/config/values.h"

enum origin { FROM_PROFILE, FROM_ENVIRONMENT, FROM_SHARED_FILE };

// An endpoint that is configured.
struct custom {
        enum origin origin;
        const char *name; // of the variable, or of the key
        const char *url;  // NULL: there is none
};

struct variant {
        unsigned bits;
        const char *key;      // of a setting that asks for it
        const char *variable; // of the environment; NULL: the profile's own setting
};

static const char *const variables[] = {
    [ENDPOINTS_STS] = "AWS_ENDPOINT_URL_STS",
    [ENDPOINTS_ROLESANYWHERE] = "AWS_ENDPOINT_URL_ROLESANYWHERE",
    [ENDPOINTS_SECRETS_MANAGER] = "AWS_ENDPOINT_URL_SECRETS_MANAGER",
    [ENDPOINTS_SSO] = "AWS_ENDPOINT_URL_SSO",
    [ENDPOINTS_SSO_OIDC] = "AWS_ENDPOINT_URL_SSO_OIDC",
    [ENDPOINTS_SIGNIN] = "AWS_ENDPOINT_URL_SIGNIN",
};

int derive_check_region(const struct reader *r, size_t node, const char *key, const char *region)
{
        if (!endpoints_is_fips_name(slice_str(region)))
                return 0;
        reader_fail(r, reader_at(r, node, key), "found \"%s\", expected the name of a region", region);
        return error_hint(r->e, "set the plain region, and \"use_fips_endpoint\" to true");
}

static int read_switch(const struct reader *r, const char *variable, bool *ret)
{
        const char *value = env_get(r->env, variable);
        *ret = value && slice_eq_ignore_case(slice_str(value), SLICE("true"));
        if (!value || *ret || slice_eq_ignore_case(slice_str(value), SLICE("false")))
                return 0;
        return reader_refuse_variable(r, variable, value, "\"true\" or \"false\"");
}

static int find_variant(const struct reader *r, const struct profile *p, struct variant *ret)
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
        for (size_t i = 0; i < LENGTH(switches); i++) {
                bool is_on = switches[i].own == CHOICE_YES;
                if (switches[i].own == CHOICE_UNSET && read_switch(r, switches[i].variable, &is_on) < 0)
                        return -1;
                if (!is_on)
                        continue;
                ret->bits |= switches[i].bit;
                ret->key = switches[i].key;
                ret->variable = switches[i].own == CHOICE_UNSET ? switches[i].variable : NULL;
        }
        return 0;
}

static int find_custom(const struct reader *r, const struct profile *p, const struct derive_endpoint *of,
                       struct custom *ret)
{
        bool is_ignored = false;
        *ret = (struct custom){FROM_PROFILE, "endpoint_url", *of->url};
        if (ret->url || p->ignores_configured_endpoint_urls)
                return 0;
        if (read_switch(r, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", &is_ignored) < 0 || is_ignored)
                return is_ignored ? 0 : -1;
        const char *const names[] = {variables[of->service], "AWS_ENDPOINT_URL"};
        for (size_t i = 0; i < 2 && !ret->url; i++)
                *ret = (struct custom){FROM_ENVIRONMENT, names[i], env_get(r->env, names[i])};
        if (!ret->url)
                *ret = (struct custom){FROM_SHARED_FILE, "endpoint_url", of->shared_url};
        return 0;
}

// Sets the error of an endpoint that is not the profile's own.
static int refuse(const struct reader *r, const struct profile *p, const struct custom *custom, const char *found,
                  const char *expected)
{
        struct error *e = r->e;
        if (custom->origin == FROM_ENVIRONMENT)
                error_set(e, ERROR_CONFIG, "environment: %s: found %s, expected %s", custom->name, found, expected);
        else
                error_set(e, ERROR_CONFIG, "profile %s: %s of the AWS configuration file: found %s, expected %s",
                          p->name, custom->name, found, expected);
        return -1;
}

static int check_url(const struct reader *r, const struct profile *p, const struct custom *custom)
{
        struct slice url = slice_str(custom->url);
        char found[128] = "an invalid value (not shown)"; // where it may hold a password
        if (custom->origin == FROM_PROFILE)
                return 0; // judged where it was read
        enum values_url judged = values_check_endpoint(url);
        if (judged == VALUES_URL_GOOD)
                return 0;
        if (slice_find(url, '@') == url.n)
                (void)snprintf(found, sizeof(found), "\"%.120s\"", custom->url);
        refuse(r, p, custom, found,
               judged == VALUES_URL_PLAIN ? "https: plain http is for loopback and link-local hosts only"
                                          : "a URL (https://host[:port][/path])");
        return error_hint(r->e, "correct or unset %s, or give the profile its own \"endpoint_url\"", custom->name);
}

// AWS's rules have no FIPS or dual-stack form of a configured endpoint: the setting would silently do nothing.
static int refuse_variant(const struct reader *r, size_t node, const struct profile *p, const struct custom *custom,
                          const struct variant *variant)
{
        char found[128];
        (void)snprintf(found, sizeof(found), "a custom endpoint beside %s%s", variant->variable ? "" : "the profile's ",
                       variant->variable ? variant->variable : variant->key);
        if (custom->origin == FROM_PROFILE)
                reader_fail(r, reader_at(r, node, custom->name), "found %s, expected one of the two", found);
        else
                refuse(r, p, custom, found, "one of the two");
        return error_hint(r->e,
                          "a custom endpoint is called as it is: use the URL of one that has what you need and set "
                          "\"%s\" of profile %s to false, or remove the endpoint",
                          variant->key, p->name);
}

// Whether sts_regional_endpoints, or its variable, says "legacy".
static int read_legacy(const struct reader *r, const struct profile *p, bool *ret)
{
        static const char variable[] = "AWS_STS_REGIONAL_ENDPOINTS";
        const char *value = p->sts_regional_endpoints == STS_ENDPOINTS_UNSET ? env_get(r->env, variable) : NULL;
        *ret = value ? strcmp(value, "legacy") == 0 : p->sts_regional_endpoints == STS_ENDPOINTS_LEGACY;
        if (!value || *ret || strcmp(value, "regional") == 0)
                return 0;
        return reader_refuse_variable(r, variable, value, "\"regional\" or \"legacy\"");
}

static int follow_rules(const struct reader *r, size_t node, const struct profile *p, const struct derive_endpoint *of,
                        unsigned variant)
{
        char url[ENDPOINTS_URL_SIZE];
        struct slice region = slice_str(*of->region);
        bool is_legacy = false;
        if (of->service == ENDPOINTS_STS && variant == 0) {
                if (read_legacy(r, p, &is_legacy) < 0)
                        return -1;
                if (slice_eq(region, SLICE("aws-global")) || (is_legacy && endpoints_is_sts_legacy(region))) {
                        if (reader_keep(r, SLICE("us-east-1"), of->region) < 0) // which it is signed for
                                return -1;
                        return reader_keep(r, SLICE("https://sts.amazonaws.com"), of->url);
                }
        }
        const char *global = endpoints_global_region(region);
        if (global)
                region = slice_str(global);
        if (endpoints_resolve(of->service, region, variant, url, sizeof(url)) < 0)
                return reader_fail(r, node, "found no endpoint for region \"%s\"", *of->region);
        return reader_keep(r, slice_str(url), of->url);
}

int derive_endpoint(const struct reader *r, size_t node, const struct profile *p, const struct derive_endpoint *of,
                    struct derive_choice *ret)
{
        struct variant variant;
        struct custom custom;
        if (derive_check_region(r, node, of->region_key, *of->region) < 0 || find_variant(r, p, &variant) < 0 ||
            find_custom(r, p, of, &custom) < 0)
                return -1;
        if (custom.url && variant.bits)
                return refuse_variant(r, node, p, &custom, &variant);
        *ret = (struct derive_choice){.is_custom = custom.url != NULL, .variant = variant.bits};
        if (!custom.url && *of->region)
                ret->partition = endpoints_partition(slice_str(*of->region));
        if (custom.url && (check_url(r, p, &custom) < 0 || reader_keep_url(r, slice_str(custom.url), of->url) < 0))
                return -1;
        if (!custom.url && *of->region && follow_rules(r, node, p, of, variant.bits) < 0)
                return -1;
        const char *global = endpoints_global_region(slice_str(*of->region));
        return global ? reader_keep(r, slice_str(global), of->region) : 0;
}

static int find_sts(const struct reader *r, const struct profile *p, struct custom *custom, struct variant *variant)
{
        char *own = p->sts.endpoint_url;
        bool is_issuer = p->type == PROFILE_ASSUME_ROLE || p->type == PROFILE_WEB_IDENTITY;
        if (is_issuer && p->aws_partition == 0) // it issues these credentials, too
                own = p->endpoint_url;
        const struct derive_endpoint of = {
            .service = ENDPOINTS_STS, .shared_url = p->sts.shared_endpoint_url, .url = &own};
        if (find_variant(r, p, variant) < 0 || find_custom(r, p, &of, custom) < 0)
                return -1;
        if (custom->url && variant->bits)
                return error_set(r->e, ERROR_CONFIG,
                                 "found a custom endpoint of STS (%s) beside %s, expected one of the two", custom->name,
                                 variant->variable ? variant->variable : variant->key);
        return custom->url ? check_url(r, p, custom) : 0;
}

int derive_sts(const struct reader *r, struct profile *p)
{
        struct error fault = {.kind = ERROR_NONE};
        struct reader quiet = *r;
        struct custom custom = {FROM_PROFILE, NULL, NULL};
        struct variant variant = {0, NULL, NULL};
        quiet.e = &fault;
        if (find_sts(&quiet, p, &custom, &variant) < 0)
                return reader_keep(r, slice_str(fault.message), &p->sts.fault);
        p->sts.variant = variant.bits;
        if (!custom.url)
                return 0;
        return reader_keep_url(r, slice_str(custom.url), &p->sts.endpoint_url);
}
