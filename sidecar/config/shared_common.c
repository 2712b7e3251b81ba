// SPDX-License-Identifier: Apache-2.0
#include "sidecar/config/shared_common.h"

#include <inttypes.h>
#include <stdio.h>

#include "proto/mem/text.h"
#include "sidecar/base/env.h"
#include "sidecar/config/endpoints.h"

#define TIMEOUT_MAX_S 600

static bool is_in_env(const struct resolution *r, const char *name)
{
        return env_get(r->reader->env, name);
}

static int read_region(struct resolution *r, const struct aws_section *s, struct profile *settings)
{
        if (settings->region || !aws_section_get(s, "region"))
                return 0;
        const char *region = env_get(r->reader->env, "AWS_REGION");
        if (!region)
                region = env_get(r->reader->env, "AWS_DEFAULT_REGION");
        if (region && endpoints_is_region(slice_str(region))) // another is refused where it is read for all profiles
                return reader_keep(r->reader, slice_str(region), &settings->region);
        return shared_take(r, s, SHARED_REGION, &settings->region);
}

static int read_ca_bundle(struct resolution *r, const struct aws_section *s, struct profile *settings)
{
        const struct aws_property *at = aws_section_get(s, "ca_bundle");
        char place[300];
        if (settings->ca_bundle || !at || is_in_env(r, "AWS_CA_BUNDLE"))
                return 0;
        (void)snprintf(place, sizeof(place), "%s:%u: profile %s: ca_bundle", r->files.files[at->file].path, at->line,
                       s->name);
        if (reader_keep_env_path(r->reader, at->value, &settings->ca_bundle) < 0)
                return -1;
        return reader_check_file_of(r->reader, place, settings->ca_bundle);
}

static int read_switches(struct resolution *r, const struct aws_section *s, struct profile *settings)
{
        if (settings->use_fips_endpoint == CHOICE_UNSET && !is_in_env(r, "AWS_USE_FIPS_ENDPOINT") &&
            shared_take_choice(r, s, "use_fips_endpoint", &settings->use_fips_endpoint) < 0)
                return -1;
        if (settings->use_dualstack_endpoint == CHOICE_UNSET && !is_in_env(r, "AWS_USE_DUALSTACK_ENDPOINT") &&
            shared_take_choice(r, s, "use_dualstack_endpoint", &settings->use_dualstack_endpoint) < 0)
                return -1;
        const struct aws_property *at = aws_section_get(s, "sts_regional_endpoints");
        if (settings->sts_regional_endpoints != STS_ENDPOINTS_UNSET || !at ||
            is_in_env(r, "AWS_STS_REGIONAL_ENDPOINTS"))
                return 0;
        if (strcmp(at->value, "regional") == 0)
                settings->sts_regional_endpoints = STS_ENDPOINTS_REGIONAL;
        else if (strcmp(at->value, "legacy") == 0)
                settings->sts_regional_endpoints = STS_ENDPOINTS_LEGACY;
        else
                return shared_fail(r, s, at, "%s: found \"%.80s\", expected regional or legacy", at->key, at->value);
        return 0;
}

// Endpoint of one service: the entry of the services section, else the profile's own setting for all of them.
static int read_url(struct resolution *r, const struct aws_section *s, const struct aws_section *services,
                    const char *service, char **ret)
{
        const struct aws_property *at = aws_section_get(services, service);
        struct slice url = at ? aws_property_get(at, SLICE("endpoint_url")) : (struct slice){NULL, 0};
        if (url.n)
                return shared_take_url(r, services, at, url, ret);
        at = aws_section_get(s, "endpoint_url");
        return at ? shared_take_url(r, s, at, slice_str(at->value), ret) : 0;
}

static int read_urls(struct resolution *r, const struct aws_section *s, struct shared_common *c)
{
        enum choice ignore = CHOICE_UNSET;
        if (c->own_url)
                return 0;
        const char *variable = env_get(r->reader->env, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS");
        if (variable)
                ignore = slice_eq_ignore_case(slice_str(variable), SLICE("true")) ? CHOICE_YES : CHOICE_NO;
        else if (shared_take_choice(r, s, "ignore_configured_endpoint_urls", &ignore) < 0)
                return -1;
        c->settings.ignores_configured_endpoint_urls = ignore == CHOICE_YES;
        if (ignore == CHOICE_YES)
                return 0;
        const struct aws_section *services = NULL;
        const struct aws_property *at = aws_section_get(s, "services");
        if (at) {
                services = shared_files_find(&r->files, AWS_SECTION_SERVICES, at->value);
                if (!services)
                        return shared_fail(r, s, at,
                                           "services: found \"%.80s\", expected the name of a [services] "
                                           "section of %s",
                                           at->value, r->files.files[AWS_FILE_CONFIG].path);
        }
        if (read_url(r, s, services, "sts", &c->sts_url) < 0 || read_url(r, s, services, "sso", &c->sso_url) < 0 ||
            read_url(r, s, services, "signin", &c->signin_url) < 0)
                return -1;
        if (is_in_env(r, "AWS_ENDPOINT_URL_SSO_OIDC") || is_in_env(r, "AWS_ENDPOINT_URL"))
                return 0;
        return read_url(r, s, services, "sso_oidc", &c->sso_oidc_url);
}

static int read_timeout(struct resolution *r, const struct aws_section *s, int64_t *ret_s)
{
        static const char variable[] = "AWS_METADATA_SERVICE_TIMEOUT";
        const char *text = env_get(r->reader->env, variable);
        if (!text)
                return shared_take_number(r, s, "metadata_service_timeout", (int64_t[2]){1, TIMEOUT_MAX_S}, ret_s);
        if (text_parse_i64(slice_str(text), ret_s) == 0 && *ret_s >= 1 && *ret_s <= TIMEOUT_MAX_S)
                return 0;
        return reader_refuse_variable(r->reader, variable, text, "1 to 600 (seconds)");
}

static int read_imds(struct resolution *r, const struct aws_section *s, struct profile *settings)
{
        int64_t timeout_s = 0;
        bool is_given = is_in_env(r, "AWS_EC2_METADATA_SERVICE_ENDPOINT"); // goes before a mode of either place
        const struct aws_property *at = aws_section_get(s, "ec2_metadata_service_endpoint");
        if (!is_given && at && shared_take_url(r, s, at, slice_str(at->value), &settings->imds.endpoint) < 0)
                return -1;
        if (!is_given && !is_in_env(r, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE") &&
            shared_take(r, s, SHARED_IMDS_ENDPOINT_MODE, &settings->imds.endpoint_mode) < 0)
                return -1;
        if (read_timeout(r, s, &timeout_s) < 0)
                return -1;
        if (timeout_s && !settings->connect_timeout_ms)
                settings->connect_timeout_ms = timeout_s * 1000;
        if (timeout_s && !settings->read_timeout_ms)
                settings->read_timeout_ms = timeout_s * 1000;
        return 0;
}

// FNV-1a: short names that stay the same from one start to the next.
static void write_suffix(const struct buffer *text, char out[SHARED_COMMON_SUFFIX_SIZE])
{
        uint32_t hash = 2166136261u;
        for (size_t i = 0; i < text->n; i++)
                hash = (hash ^ text->p[i]) * 16777619u;
        (void)snprintf(out, SHARED_COMMON_SUFFIX_SIZE, "%08" PRIx32, hash);
}

static const char *or_nothing(const char *text)
{
        return text ? text : "";
}

static int name_settings(struct resolution *r, struct shared_common *c)
{
        const struct profile *p = &c->settings;
        struct buffer text;
        buffer_init(&text, (size_t)64 * 1024);
        (void)buffer_printf(&text, "%s\n%s\n%" PRId64 "\n%" PRId64 "\n", or_nothing(p->imds.endpoint),
                            or_nothing(p->imds.endpoint_mode), p->connect_timeout_ms, p->read_timeout_ms);
        write_suffix(&text, c->imds_suffix);
        (void)buffer_printf(&text, "%s\n%s\n%d\n%d\n%d\n%d\n%s\n%s\n%s\n%s\n%s", or_nothing(p->region),
                            or_nothing(p->ca_bundle), (int)p->use_fips_endpoint, (int)p->use_dualstack_endpoint,
                            (int)p->sts_regional_endpoints, (int)p->ignores_configured_endpoint_urls,
                            or_nothing(c->sts_url), or_nothing(c->sso_url), or_nothing(c->sso_oidc_url),
                            or_nothing(c->signin_url), or_nothing(c->own_url));
        write_suffix(&text, c->suffix);
        bool failed = text.failed;
        buffer_free(&text);
        return failed ? reader_no_memory(r->reader) : 0;
}

// Keeps an error of the configuration for when it matters; others are passed on.
static int keep_fault(const struct resolution *r, int result, struct error *fault)
{
        const struct error *e = r->reader->e;
        if (result == 0 || e->kind != ERROR_CONFIG)
                return result;
        if (fault->kind == ERROR_NONE)
                *fault = *e;
        return 0;
}

int shared_common_read(struct resolution *r, const struct aws_section *s, const struct profile *own,
                       struct shared_common *ret)
{
        *ret = (struct shared_common){.own_url = own->endpoint_url,
                                      .settings = {.region = own->region,
                                                   .ca_bundle = own->ca_bundle,
                                                   .connect_timeout_ms = own->connect_timeout_ms,
                                                   .read_timeout_ms = own->read_timeout_ms,
                                                   .use_fips_endpoint = own->use_fips_endpoint,
                                                   .use_dualstack_endpoint = own->use_dualstack_endpoint,
                                                   .sts_regional_endpoints = own->sts_regional_endpoints}};
        struct profile *settings = &ret->settings;
        if (read_region(r, s, settings) < 0 || keep_fault(r, read_ca_bundle(r, s, settings), &ret->issuer_fault) < 0 ||
            keep_fault(r, read_switches(r, s, settings), &ret->issuer_fault) < 0 ||
            keep_fault(r, read_urls(r, s, ret), &ret->issuer_fault) < 0 ||
            keep_fault(r, read_imds(r, s, settings), &ret->imds_fault) < 0)
                return -1;
        return name_settings(r, ret);
}

static void fill(char **field, char *value)
{
        if (!*field)
                *field = value;
}

static void apply_issuer(const struct profile *from, struct profile *p)
{
        p->ignores_configured_endpoint_urls = from->ignores_configured_endpoint_urls;
        fill(&p->ca_bundle, from->ca_bundle);
        if (p->use_fips_endpoint == CHOICE_UNSET)
                p->use_fips_endpoint = from->use_fips_endpoint;
        if (p->use_dualstack_endpoint == CHOICE_UNSET)
                p->use_dualstack_endpoint = from->use_dualstack_endpoint;
        if (p->sts_regional_endpoints == STS_ENDPOINTS_UNSET)
                p->sts_regional_endpoints = from->sts_regional_endpoints;
}

int shared_common_apply(const struct resolution *r, const struct shared_common *c, struct profile *p)
{
        const struct profile *from = &c->settings;
        bool has_issuer = p->type == PROFILE_ASSUME_ROLE || p->type == PROFILE_WEB_IDENTITY || p->type == PROFILE_SSO ||
                          p->type == PROFILE_LOGIN;
        if ((has_issuer && c->issuer_fault.kind != ERROR_NONE) ||
            (p->type == PROFILE_IMDS && c->imds_fault.kind != ERROR_NONE)) {
                *r->reader->e = has_issuer ? c->issuer_fault : c->imds_fault;
                return -1;
        }
        fill(&p->region, from->region);
        if (c->issuer_fault.kind == ERROR_NONE) {
                p->sts.endpoint_url = c->own_url;
                fill(&p->sts.shared_endpoint_url, c->sts_url);
        }
        p->endpoint_url = has_issuer ? c->own_url : NULL; // no other type calls AWS, as the SDKs have it
        if (has_issuer)
                apply_issuer(from, p);
        if (p->type == PROFILE_SSO) {
                fill(&p->shared_endpoint_url, c->sso_url);
                fill(&p->sso.oidc_endpoint_url, c->sso_oidc_url);
        } else if (p->type == PROFILE_LOGIN) {
                fill(&p->shared_endpoint_url, c->signin_url);
        } else if (has_issuer) {
                fill(&p->shared_endpoint_url, c->sts_url);
        } else if (p->type == PROFILE_IMDS) {
                fill(&p->imds.endpoint, from->imds.endpoint);
                fill(&p->imds.endpoint_mode, from->imds.endpoint_mode);
                if (!p->connect_timeout_ms)
                        p->connect_timeout_ms = from->connect_timeout_ms;
                if (!p->read_timeout_ms)
                        p->read_timeout_ms = from->read_timeout_ms;
        }
        return 0;
}
