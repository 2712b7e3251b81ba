// SPDX-License-Identifier: Apache-2.0
#include "sidecar/config/arn.h"

#include <errno.h>

#include "proto/mem/text.h"
#include "sidecar/config/endpoints.h"

#define ARN_MIN 20
#define ARN_MAX 2048
#define NAME_MAX_N 128 // of a policy; a role's is 64
#define ROLE_NAME_MAX_N 64

static bool is_account(struct slice s)
{
        uint64_t number;
        return s.n == 12 && text_parse_u64(s, &number) == 0;
}

// "aws", "aws-cn", "aws-us-gov", …
static bool is_partition(struct slice s)
{
        if (!slice_starts_with(s, SLICE("aws")) || (s.n > 3 && s.p[3] != '-') || s.p[s.n - 1] == '-')
                return false;
        for (size_t i = 0; i < s.n; i++)
                if (s.p[i] != '-' && (s.p[i] < 'a' || s.p[i] > 'z'))
                        return false;
        return true;
}

int arn_parse(struct slice text, struct arn *ret)
{
        struct slice fields[5]; // "arn" and four more; the resource may hold colons
        if (text.n < ARN_MIN || text.n > ARN_MAX)
                return -EINVAL;
        for (size_t i = 0; i < 5; i++) {
                size_t colon = slice_find(text, ':');
                if (colon == text.n)
                        return -EINVAL;
                fields[i] = slice_head(text, colon);
                text = slice_from(text, colon + 1);
        }
        if (!slice_eq(fields[0], SLICE("arn")) || !is_partition(fields[1]) || text.n == 0)
                return -EINVAL;
        *ret = (struct arn){fields[1], fields[2], fields[3], fields[4], text};
        return 0;
}

// "<path/>name" of IAM: printable without blanks, the name of its own characters.
static bool is_iam_name(struct slice s, size_t name_max)
{
        size_t name = 0;
        for (size_t i = 0; i < s.n; i++) {
                if (s.p[i] <= ' ' || s.p[i] >= 0x7f)
                        return false;
                if (s.p[i] == '/')
                        name = i + 1;
        }
        s = slice_from(s, name);
        return s.n > 0 && s.n <= name_max && text_is_all_of(s, "_+=,.@-");
}

static bool is_iam(struct slice text, struct arn *ret)
{
        return arn_parse(text, ret) == 0 && slice_eq(ret->service, SLICE("iam")) && ret->region.n == 0;
}

bool arn_is_role(struct slice text)
{
        struct arn arn;
        return is_iam(text, &arn) && is_account(arn.account) && slice_starts_with(arn.resource, SLICE("role/")) &&
               is_iam_name(slice_from(arn.resource, 5), ROLE_NAME_MAX_N);
}

bool arn_is_policy(struct slice text)
{
        struct arn arn;
        return is_iam(text, &arn) && (is_account(arn.account) || slice_eq(arn.account, SLICE("aws"))) &&
               slice_starts_with(arn.resource, SLICE("policy/")) &&
               is_iam_name(slice_from(arn.resource, 7), NAME_MAX_N);
}

static bool is_roles_anywhere(struct slice text, struct slice kind)
{
        struct arn arn;
        if (arn_parse(text, &arn) < 0 || !slice_eq(arn.service, SLICE("rolesanywhere")) ||
            !endpoints_is_region(arn.region) || !is_account(arn.account) || !slice_starts_with(arn.resource, kind))
                return false;
        struct slice id = slice_from(arn.resource, kind.n);
        return id.n > 0 && text_is_all_of(id, "-");
}

bool arn_is_trust_anchor(struct slice text)
{
        return is_roles_anywhere(text, SLICE("trust-anchor/"));
}

bool arn_is_roles_anywhere_profile(struct slice text)
{
        return is_roles_anywhere(text, SLICE("profile/"));
}
