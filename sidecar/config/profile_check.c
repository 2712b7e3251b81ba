// SPDX-License-Identifier: Apache-2.0
#include "sidecar/config/profile_check.h"

#include <inttypes.h>
#include <string.h>

#include "sidecar/config/arn.h"
#include "sidecar/config/values.h"

#define STS_DEFAULT_S 3600
#define CHAINED_MAX_S 3600
#define LONGEST_S 43200
#define WEB_IDENTITY_POLICY_MAX 2048

// Credentials that need not be those of a role.
static bool may_be_own(const struct profile *source)
{
        switch (source->type) {
        case PROFILE_STATIC:
        case PROFILE_PROCESS:
                return true;
        case PROFILE_LOGIN:
                return strstr(source->login.session, ":assumed-role/") == NULL;
        default:
                return false;
        }
}

static int check_duration(struct reader *r, size_t node, const struct profile *p, const struct profile *source)
{
        if (!source || may_be_own(source) || p->role.duration_seconds <= CHAINED_MAX_S)
                return 0;
        reader_fail(r, reader_at(r, node, "duration_seconds"),
                    "found %" PRId64
                    ", expected at most %d: this is role chaining (source_profile \"%s\" is of type %s), "
                    "which AWS limits to one hour",
                    p->role.duration_seconds, CHAINED_MAX_S, source->name, profile_type_name(source->type));
        return error_hint(r->e, "set \"duration_seconds\" to 3600 or less; the agent renews in time");
}

static int check_refresh(struct reader *r, size_t node, const struct profile *p)
{
        int64_t duration = p->role.duration_seconds;
        if (duration == 0) // what AWS gives: Roles Anywhere asks its own profile
                duration =
                    p->type == PROFILE_WEB_IDENTITY || p->type == PROFILE_ASSUME_ROLE ? STS_DEFAULT_S : LONGEST_S;
        if (p->refresh_before_seconds < duration || p->refresh_before_seconds == 0)
                return 0;
        reader_fail(r, reader_at(r, node, "refresh_before_seconds"),
                    "found %" PRId64 ", expected less than the session's %" PRId64 " seconds",
                    p->refresh_before_seconds, duration);
        return error_hint(r->e, "lower \"refresh_before_seconds\", or raise \"duration_seconds\"");
}

static int check_tags(struct reader *r, size_t node, const struct role_settings *role)
{
        for (size_t i = 0; i < role->tags_count; i++) {
                for (size_t j = 0; j < i; j++) {
                        if (!slice_eq_ignore_case(slice_str(role->tags[i].name), slice_str(role->tags[j].name)))
                                continue;
                        reader_fail(r, reader_at(r, node, "tags"),
                                    "found both \"%s\" and \"%s\", expected keys that differ "
                                    "in more than case",
                                    role->tags[j].name, role->tags[i].name);
                        return error_hint(r->e, "AWS ignores the case of tag keys: remove one of the two");
                }
        }
        for (size_t i = 0; i < role->transitive_tag_keys_count; i++) {
                size_t j = 0;
                while (j < role->tags_count && strcmp(role->tags[j].name, role->transitive_tag_keys[i]) != 0)
                        j++;
                if (j < role->tags_count)
                        continue;
                reader_fail(r, reader_at(r, node, "transitive_tag_keys"), "found \"%s\", expected a key of \"tags\"",
                            role->transitive_tag_keys[i]);
                return error_hint(r->e, "add the tag to \"tags\", or remove its key from \"transitive_tag_keys\"");
        }
        return 0;
}

static int check_policies(struct reader *r, size_t node, const struct profile *p)
{
        struct arn role, policy;
        if (p->role.policy_arns_count && arn_parse(slice_str(p->role.role_arn), &role) < 0)
                return 0;
        for (size_t i = 0; i < p->role.policy_arns_count; i++) {
                if (arn_parse(slice_str(p->role.policy_arns[i]), &policy) < 0 ||
                    slice_eq(policy.account, SLICE("aws")) || slice_eq(policy.account, role.account))
                        continue;
                reader_fail(r, reader_at(r, node, "policy_arns"),
                            "found \"%s\", expected a policy of the role's account "
                            "%.*s, or one of AWS",
                            p->role.policy_arns[i], (int)role.account.n, (const char *)role.account.p);
                return error_hint(r->e, "use a policy of the role's account, or one that AWS manages");
        }
        if (p->type != PROFILE_WEB_IDENTITY || !p->role.policy)
                return 0;
        size_t n = values_length(slice_str(p->role.policy));
        if (n <= WEB_IDENTITY_POLICY_MAX)
                return 0;
        reader_fail(r, reader_at(r, node, "policy"), "found %zu characters, expected at most %d for web_identity", n,
                    WEB_IDENTITY_POLICY_MAX);
        return error_hint(r->e, "shorten the policy, or move it into a managed policy and add that to \"policy_arns\"");
}

static int check_anywhere(struct reader *r, size_t node, const struct profile *p)
{
        struct arn anchor, profile;
        if (arn_parse(slice_str(p->roles_anywhere.trust_anchor_arn), &anchor) < 0 ||
            arn_parse(slice_str(p->roles_anywhere.profile_arn), &profile) < 0 ||
            slice_eq(anchor.region, profile.region))
                return 0;
        reader_fail(r, reader_at(r, node, "profile_arn"),
                    "found a profile in %.*s, expected the trust anchor's region %.*s", (int)profile.region.n,
                    (const char *)profile.region.p, (int)anchor.region.n, (const char *)anchor.region.p);
        return error_hint(r->e, "use a profile in the trust anchor's region");
}

int profile_check(struct reader *r, size_t node, const struct profile *p, const struct profile *source)
{
        if (p->type == PROFILE_ROLES_ANYWHERE && check_anywhere(r, node, p) < 0 && reader_go_on(r) < 0)
                return -1;
        if (check_duration(r, node, p, source) < 0 && reader_go_on(r) < 0)
                return -1;
        if (check_refresh(r, node, p) < 0 && reader_go_on(r) < 0)
                return -1;
        if (check_tags(r, node, &p->role) < 0 && reader_go_on(r) < 0)
                return -1;
        return check_policies(r, node, p);
}
