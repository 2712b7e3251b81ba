// SPDX-License-Identifier: Apache-2.0
#include "sidecar/config/derive.h"

#include <string.h>

#include "proto/wire/limits.h"
#include "sidecar/base/env.h"
#include "sidecar/config/arn.h"
#include "sidecar/config/endpoints.h"
#include "sidecar/config/session_name.h"
#include "sidecar/config/values.h"

// Whether a service of AWS with a regional endpoint issues the credentials.
static bool has_service(const struct profile *p)
{
        switch (p->type) {
        case PROFILE_WEB_IDENTITY:
        case PROFILE_ROLES_ANYWHERE:
        case PROFILE_ASSUME_ROLE:
                return true;
        case PROFILE_STATIC:
                return p->secretsmanager.secret_id;
        default:
                return false;
        }
}

static const char *service_of(const struct profile *p)
{
        if (p->type == PROFILE_STATIC)
                return "secretsmanager";
        return p->type == PROFILE_ROLES_ANYWHERE ? "rolesanywhere" : "sts";
}

int derive_begin(struct derivation *d)
{
        const char *name = "AWS_REGION";
        const char *region = env_get(d->env, name);
        if (!region) {
                name = "AWS_DEFAULT_REGION";
                region = env_get(d->env, name);
        }
        if (!region)
                return 0;
        if (!endpoints_is_region(slice_str(region))) {
                error_set(d->reader->e, ERROR_CONFIG, "environment: %s: found \"%s\", expected an AWS region", name,
                          region);
                return error_hint(d->reader->e, "set %s to a region such as us-east-1, or unset it", name);
        }
        return reader_keep(d->reader, slice_str(region), &d->env_region);
}

static char *first(char *a, char *b)
{
        return a ? a : b;
}

static int derive_anchor_region(struct derivation *d, struct profile *p)
{
        struct arn arn;
        char *anchor = NULL;
        if (arn_parse(slice_str(p->roles_anywhere.trust_anchor_arn), &arn) == 0 &&
            reader_keep(d->reader, arn.region, &anchor) < 0)
                return -1;
        p->issuer_region = first(p->issuer_region, anchor);
        p->region = first(p->region, anchor);
        return 0;
}

static int derive_regions(struct derivation *d, size_t node, struct profile *p, const struct profile *source)
{
        p->region = first(p->region, d->region);
        if (p->type == PROFILE_ROLES_ANYWHERE)
                return derive_anchor_region(d, p);
        p->region = first(p->region, source ? source->region : NULL);
        p->region = first(p->region, d->env_region);
        p->issuer_region = first(p->issuer_region, p->region);
        if (p->issuer_region || !has_service(p))
                return 0;
        reader_fail(d->reader, node, "found no region, expected one for the regional endpoint of %s",
                    strcmp(service_of(p), "sts") == 0 ? "STS" : service_of(p));
        return error_hint(d->reader->e, d->reader->doc
                                            ? "add \"region\" to the profile or at the top level of the file, "
                                              "or set AWS_REGION"
                                            : "set AWS_REGION");
}

// "fips-us-east-1" and "us-east-1-fips" are no regions but older tools' way to ask for another endpoint.
static int check_fips(struct reader *r, size_t node, const char *key, const char *region)
{
        struct slice s = slice_str(region);
        if (!slice_starts_with(s, SLICE("fips-")) && !slice_ends_with(s, SLICE("-fips")))
                return 0;
        reader_fail(r, reader_at(r, node, key), "found \"%s\", expected the name of a region", region);
        return error_hint(r->e, "give the plain region, and the FIPS endpoint as \"endpoint_url\"");
}

// Takes over an endpoint from the environment, if it has one. 1: it has.
static int take_env_endpoint(struct derivation *d, struct profile *p)
{
        const char *ignore = env_get(d->env, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS");
        if (ignore && slice_eq_ignore_case(slice_str(ignore), SLICE("true")))
                return 0;
        const char *name = p->type == PROFILE_ROLES_ANYWHERE ? "AWS_ENDPOINT_URL_ROLESANYWHERE"
                           : p->type == PROFILE_STATIC       ? "AWS_ENDPOINT_URL_SECRETS_MANAGER"
                                                             : "AWS_ENDPOINT_URL_STS";
        const char *value = env_get(d->env, name);
        if (!value) {
                name = "AWS_ENDPOINT_URL";
                value = env_get(d->env, name);
        }
        if (!value)
                return 0;
        struct slice url = slice_str(value);
        enum values_url judged = values_check_endpoint(url);
        if (judged != VALUES_URL_GOOD) {
                bool may_be_secret = slice_find(url, '@') < url.n; // a password may be before it
                error_set(d->reader->e, ERROR_CONFIG, "environment: %s: found %s%s%s, expected %s", name,
                          may_be_secret ? "" : "\"", may_be_secret ? "another form" : value, may_be_secret ? "" : "\"",
                          judged == VALUES_URL_PLAIN ? "https: plain http is for loopback and link-local hosts only"
                                                     : "a URL (https://host[:port][/path])");
                return error_hint(d->reader->e, "correct or unset %s, or give the profile its own \"endpoint_url\"",
                                  name);
        }
        while (url.p[url.n - 1] == '/')
                url.n--;
        return reader_keep(d->reader, url, &p->endpoint_url) < 0 ? -1 : 1;
}

static int derive_endpoint(struct derivation *d, size_t node, struct profile *p)
{
        static const char sts_global[] = "https://sts.amazonaws.com";
        char url[ENDPOINTS_URL_SIZE];
        const char *global = endpoints_global_region(slice_str(p->issuer_region));
        bool is_sts_global = strcmp(service_of(p), "sts") == 0 && strcmp(p->issuer_region, "aws-global") == 0;
        if (global && reader_keep(d->reader, slice_str(global), &p->issuer_region) < 0)
                return -1;
        if (p->endpoint_url)
                return 0;
        int taken = take_env_endpoint(d, p);
        if (taken != 0)
                return taken < 0 ? -1 : 0;
        if (is_sts_global)
                return reader_keep(d->reader, slice_str(sts_global), &p->endpoint_url);
        if (endpoints_regional(service_of(p), slice_str(p->issuer_region), url, sizeof(url)) < 0)
                return reader_fail(d->reader, node, "no endpoint follows from region \"%s\"", p->issuer_region);
        return reader_keep(d->reader, slice_str(url), &p->endpoint_url);
}

static int derive_ca_bundle(struct derivation *d, struct profile *p)
{
        const char *path = env_get(d->env, "AWS_CA_BUNDLE");
        if (p->ca_bundle || !path)
                return 0;
        if (!d->env_ca_bundle) {
                struct reader in_env = *d->reader; // the same in all but where the value stands
                in_env.file = "environment: AWS_CA_BUNDLE";
                in_env.directory = d->working_directory;
                if (reader_keep_path(&in_env, slice_str(path), &d->env_ca_bundle) < 0 ||
                    reader_check_file(&in_env, JSON_NONE, d->env_ca_bundle) < 0)
                        return -1;
        }
        p->ca_bundle = d->env_ca_bundle;
        return 0;
}

static int derive_session_name(struct derivation *d, struct profile *p)
{
        char name[SESSION_NAME_SIZE];
        if (p->role.role_session_name || p->type == PROFILE_ROLES_ANYWHERE || p->type == PROFILE_STATIC)
                return 0; // Roles Anywhere refuses a session name unless its profile says otherwise
        session_name_default(slice_str(p->name), d->host_name, name);
        return reader_keep(d->reader, slice_str(name), &p->role.role_session_name);
}

static int derive_type(struct derivation *d, size_t node, struct profile *p)
{
        switch (p->type) {
        case PROFILE_ROLES_ANYWHERE:
                if (!p->roles_anywhere.pkcs12)
                        p->roles_anywhere.private_key =
                            first(p->roles_anywhere.private_key, p->roles_anywhere.certificate);
                return 0;
        case PROFILE_WEB_IDENTITY:
                return derive_github_actions(d, node, p);
        case PROFILE_CONTAINER:
                return derive_container(d, node, p);
        case PROFILE_IMDS:
                return derive_imds(d, node, p);
        case PROFILE_SSO:
                return derive_ca_bundle(d, p) < 0 ? -1 : derive_sso(d, node, p);
        default:
                return 0;
        }
}

int derive_profile(struct derivation *d, size_t node, struct profile *p, const struct profile *source)
{
        if (derive_regions(d, node, p, source) < 0 || check_fips(d->reader, node, "region", p->region) < 0)
                return -1;
        if (has_service(p)) {
                if (check_fips(d->reader, node, "sts_region", p->issuer_region) < 0 ||
                    derive_endpoint(d, node, p) < 0 || derive_ca_bundle(d, p) < 0 || derive_session_name(d, p) < 0)
                        return -1;
        }
        if (derive_type(d, node, p) < 0)
                return -1;
        const char *global = p->region ? endpoints_global_region(slice_str(p->region)) : NULL;
        return global ? reader_keep(d->reader, slice_str(global), &p->region) : 0;
}
