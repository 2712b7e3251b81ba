// SPDX-License-Identifier: Apache-2.0
#include "sidecar/base/allow.h"

#define OVERFLOW_ID 65534 // what the kernel shows for an id without a mapping in this user namespace

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
                return uid != OVERFLOW_ID && gid != OVERFLOW_ID;
        return lists_uid(rule, uid) || lists_gid(rule, gid);
}

enum allow_verdict allow_check(const struct allow_rule *rules, size_t count, uid_t uid, gid_t gid,
                               enum allow_scope scope)
{
        if (count == 0)
                return ALLOW_YES;
        enum allow_verdict verdict = ALLOW_NOT_PEER;
        for (size_t i = 0; i < count; i++) {
                if (!matches(&rules[i], uid, gid))
                        continue;
                if (rules[i].scopes & (unsigned)scope)
                        return ALLOW_YES;
                verdict = ALLOW_NOT_SCOPE;
        }
        return verdict;
}
