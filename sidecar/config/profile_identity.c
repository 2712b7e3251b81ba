// SPDX-License-Identifier: Apache-2.0
// Which credentials a profile obtains: by the keys that profile_keys.c marks, and by what was derived from others or
// comes from the environment.
#include <stddef.h>
#include <string.h>

#include "proto/mem/length.h"
#include "sidecar/config/profile.h"
#include "sidecar/config/profile_read.h"

#define TEXT(member)                                                                                                   \
        {                                                                                                              \
                .offset = offsetof(struct profile, member), .identity = FIELD_TEXT                                     \
        }
#define SECRET(member)                                                                                                 \
        {                                                                                                              \
                .offset = offsetof(struct profile, member), .identity = FIELD_SECRET                                   \
        }

static const struct key_rule derived[] = {
    TEXT(name),
    TEXT(fault),
    TEXT(web_identity.request_url),
    SECRET(web_identity.request_token),
    TEXT(container.url),
    TEXT(sso.cache_directory),
    TEXT(sso.oidc_endpoint_url),
    TEXT(login.cache_directory),
    TEXT(roles_anywhere.pkcs11_module),
    TEXT(keys.account_id),
    TEXT(keys.expiration),
};

static bool same_text(const char *a, const char *b)
{
        return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_texts(char *const *a, char *const *b, size_t count)
{
        for (size_t i = 0; i < count; i++)
                if (!same_text(a[i], b[i]))
                        return false;
        return true;
}

static const void *at(const struct profile *p, size_t offset)
{
        return (const char *)p + offset;
}

static bool same_list(const struct key_rule *field, const struct profile *a, const struct profile *b)
{
        size_t count = *(const size_t *)at(a, field->count_offset);
        size_t texts = field->identity == FIELD_PAIRS ? 2 * count : count;
        return count == *(const size_t *)at(b, field->count_offset) &&
               same_texts(*(char *const *const *)at(a, field->offset), *(char *const *const *)at(b, field->offset),
                          texts);
}

static bool same_field(const struct key_rule *field, const struct profile *a, const struct profile *b)
{
        const void *x = at(a, field->offset), *y = at(b, field->offset);
        switch (field->identity) {
        case FIELD_IGNORED:
                break;
        case FIELD_TEXT:
                return same_texts(x, y, 1);
        case FIELD_NUMBER:
                return *(const int64_t *)x == *(const int64_t *)y;
        case FIELD_SECRET:
                return slice_eq_constant_time(secret_expose(x), secret_expose(y));
        case FIELD_TEXTS:
        case FIELD_PAIRS:
                return same_list(field, a, b);
        }
        return true;
}

static bool same_fields(const struct key_rule *fields, size_t count, const struct profile *a, const struct profile *b)
{
        for (size_t i = 0; i < count; i++)
                if (!same_field(&fields[i], a, b))
                        return false;
        return true;
}

// Whether it is a service of AWS, in one of its regions, that issues them.
static bool has_issuer(const struct profile *p)
{
        switch (p->type) {
        case PROFILE_STATIC:
                return p->secretsmanager.secret_id;
        case PROFILE_CONTAINER:
        case PROFILE_IMDS:
        case PROFILE_PROCESS:
                return false;
        default:
                return true;
        }
}

bool profile_same_identity(const struct profile *a, const struct profile *b)
{
        size_t keys_count, secretsmanager_count;
        const struct key_rule *keys = profile_rules(&keys_count);
        const struct key_rule *secretsmanager = profile_secretsmanager_rules(&secretsmanager_count);
        if (a->type != b->type || a->imds.is_disabled != b->imds.is_disabled ||
            a->login.has_custom_endpoint != b->login.has_custom_endpoint || a->login.variant != b->login.variant)
                return false;
        if (has_issuer(a) &&
            (!same_text(a->issuer_region, b->issuer_region) || !same_text(a->endpoint_url, b->endpoint_url)))
                return false;
        return same_fields(derived, LENGTH(derived), a, b) && same_fields(keys, keys_count, a, b) &&
               same_fields(secretsmanager, secretsmanager_count, a, b);
}

// Names of implied profiles have a stem and, after the last slash, a hash of their settings.
static bool same_stem(const char *a, const char *b)
{
        const char *a_end = a ? strrchr(a, '/') : NULL, *b_end = b ? strrchr(b, '/') : NULL;
        return same_text(a, b) || (a_end && b_end && a_end - a == b_end - b && memcmp(a, b, (size_t)(a_end - a)) == 0);
}

bool profile_same_but_endpoint(const struct profile *a, const struct profile *b)
{
        struct profile moved = *b; // what may differ becomes that of `a`
        if (!same_stem(a->name, b->name) || !same_stem(a->source_profile, b->source_profile))
                return false;
        moved.name = a->name;
        moved.source_profile = a->source_profile;
        if (a->is_implied && b->is_implied && a->role.has_derived_session_name && b->role.has_derived_session_name)
                moved.role.role_session_name = a->role.role_session_name;
        if (a->aws_partition && a->aws_partition == b->aws_partition) {
                moved.endpoint_url = a->endpoint_url;
                moved.sso.oidc_endpoint_url = a->sso.oidc_endpoint_url;
                moved.login.variant = a->login.variant;
                if (a->type != PROFILE_STATIC) // a secret of the same name elsewhere is another secret
                        moved.issuer_region = a->issuer_region;
        }
        return profile_same_identity(a, &moved);
}
