// SPDX-License-Identifier: Apache-2.0
#include "sidecar/base/allow.h"

#define OVERFLOW_ID 65534 // /proc/sys/kernel/overflowuid as every kernel has it: an id that has no mapping here

static bool lists_uid(const struct allow_rule *rule, uid_t uid)
{
        for (size_t i = 0; i < rule->uids_count; i++)
                if (rule->uids[i] == uid)
                        return true;
        return false;
}

static bool lists_gid(const struct allow_rule *rule, gid_t gid)
{
        for (size_t i = 0; i < rule->gids_count; i++)
                if (rule->gids[i] == gid)
                        return true;
        return false;
}

static bool matches(const struct allow_rule *rule, uid_t uid, gid_t gid)
{
        if (rule->uids_count == 0 && rule->gids_count == 0)
                return uid != OVERFLOW_ID; // many a service has nobody's group, so the gid says nothing
        return lists_uid(rule, uid) || lists_gid(rule, gid);
}

const struct allow_rule *allow_next(const struct allow_rule *rules, size_t count, uid_t uid, gid_t gid,
                                    enum allow_scope scope, const struct allow_rule *after)
{
        for (size_t i = after ? (size_t)(after - rules) + 1 : 0; i < count; i++)
                if ((rules[i].scopes & (unsigned)scope) && matches(&rules[i], uid, gid))
                        return &rules[i];
        return NULL;
}

enum allow_verdict allow_check(const struct allow_rule *rules, size_t count, uid_t uid, gid_t gid,
                               enum allow_scope scope)
{
        enum allow_verdict verdict = count == 0 ? ALLOW_YES : ALLOW_NOT_PEER;
        for (size_t i = 0; i < count; i++) {
                if (!matches(&rules[i], uid, gid))
                        continue;
                if (rules[i].scopes & (unsigned)scope)
                        return ALLOW_YES;
                verdict = ALLOW_NOT_SCOPE;
        }
        return verdict;
}
