// SPDX-License-Identifier: Apache-2.0
#include "sidecar/config/derive.h"

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

static enum endpoints_service service_of(const struct profile *p)
{
        if (p->type == PROFILE_STATIC)
                return ENDPOINTS_SECRETS_MANAGER;
        return p->type == PROFILE_ROLES_ANYWHERE ? ENDPOINTS_ROLESANYWHERE : ENDPOINTS_STS;
}

int derive_begin(struct derivation *d)
{
        const struct reader *r = d->reader;
        const char *name = env_get(r->env, "AWS_REGION") ? "AWS_REGION" : "AWS_DEFAULT_REGION";
        const char *region = env_get(r->env, name);
        bool is_fips = region && endpoints_is_fips_name(slice_str(region));
        if (!region)
                return 0;
        if (endpoints_is_region(slice_str(region)) && !is_fips)
                return reader_keep(r, slice_str(region), &d->env_region);
        (void)reader_refuse_variable(r, name, region, "an AWS region");
        return error_hint(r->e, "set %s to a region such as us-east-1%s, or unset it", name,
                          is_fips ? ", and AWS_USE_FIPS_ENDPOINT to true" : "");
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

// Whether an AWS file or the environment describes it: then it is as the AWS SDKs would have it.
static bool is_of_aws_files(const struct profile *p)
{
        return p->is_implied || p->declared_type == PROFILE_SHARED_CONFIG || p->declared_type == PROFILE_DEFAULT_CHAIN;
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
        if (is_of_aws_files(p)) // STS's global endpoint: as boto3 and the SDK for JavaScript
                return reader_keep(d->reader, SLICE("aws-global"), &p->issuer_region);
        reader_fail(d->reader, node, "found no region, expected one for the regional endpoint of %s",
                    service_of(p) == ENDPOINTS_STS ? "STS" : "Secrets Manager");
        return error_hint(d->reader->e, d->reader->doc
                                            ? "add \"region\" to the profile or at the top level of the file, "
                                              "or set AWS_REGION"
                                            : "set AWS_REGION");
}

static int derive_issuer(const struct reader *r, size_t node, struct profile *p)
{
        struct derive_choice choice;
        const struct derive_endpoint of = {service_of(p), "sts_region", &p->issuer_region, p->shared_endpoint_url,
                                           &p->endpoint_url};
        if (derive_endpoint(r, node, p, &of, &choice) < 0)
                return -1;
        p->aws_partition = choice.partition;
        return 0;
}

static int derive_ca_bundle(struct derivation *d, struct profile *p)
{
        const char *path = env_get(d->reader->env, "AWS_CA_BUNDLE");
        if (p->ca_bundle || !path)
                return 0;
        if (!d->env_ca_bundle) {
                if (reader_keep_env_path(d->reader, path, &d->env_ca_bundle) < 0 ||
                    reader_check_file_of(d->reader, "environment: AWS_CA_BUNDLE", d->env_ca_bundle) < 0)
                        return -1;
        }
        p->ca_bundle = d->env_ca_bundle;
        return 0;
}

static int derive_session_name(const struct reader *r, struct profile *p)
{
        char name[SESSION_NAME_SIZE];
        if (p->role.role_session_name || p->type == PROFILE_ROLES_ANYWHERE || p->type == PROFILE_STATIC)
                return 0; // Roles Anywhere refuses a session name unless its profile says otherwise
        session_name_default(slice_str(p->name), r->host_name, name);
        p->role.has_derived_session_name = true;
        return reader_keep(r, slice_str(name), &p->role.role_session_name);
}

static int derive_type(const struct reader *r, size_t node, struct profile *p)
{
        switch (p->type) {
        case PROFILE_ROLES_ANYWHERE:
                if (!p->roles_anywhere.pkcs12)
                        p->roles_anywhere.private_key =
                            first(p->roles_anywhere.private_key, p->roles_anywhere.certificate);
                p->roles_anywhere.private_key_passphrase_file =
                    first(p->roles_anywhere.private_key_passphrase_file, p->roles_anywhere.pin_file);
                return 0;
        case PROFILE_WEB_IDENTITY:
                return derive_github_actions(r, node, p);
        case PROFILE_CONTAINER:
                return derive_container(r, node, p);
        case PROFILE_IMDS:
                return derive_imds(r, node, p);
        case PROFILE_SSO:
                return derive_sso(r, node, p);
        case PROFILE_LOGIN:
                return derive_login(r, node, p);
        default:
                return 0;
        }
}

int derive_profile(struct derivation *d, size_t node, struct profile *p, const struct profile *source)
{
        const struct reader *r = d->reader;
        if (derive_regions(d, node, p, source) < 0 || derive_check_region(r, node, "region", p->region) < 0)
                return -1;
        if (has_service(p) && (derive_issuer(r, node, p) < 0 || derive_session_name(r, p) < 0))
                return -1;
        if ((has_service(p) || p->type == PROFILE_SSO || p->type == PROFILE_LOGIN) && derive_ca_bundle(d, p) < 0)
                return -1;
        if (derive_type(r, node, p) < 0 || derive_sts(r, p) < 0)
                return -1;
        const char *global = p->region ? endpoints_global_region(slice_str(p->region)) : NULL;
        return global ? reader_keep(r, slice_str(global), &p->region) : 0;
}
