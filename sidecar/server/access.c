// SPDX-License-Identifier: Apache-2.0
#include "sidecar/server/access.h"

#include "sidecar/base/allow.h"
#include "sidecar/base/log.h"
#include "sidecar/server/exchange.h"
#include "sidecar/server/problem.h"
#include "sidecar/server/state.h"

static const char *scope_name(unsigned scope)
{
        switch (scope) {
        case ALLOW_CREDENTIALS:
                return "credentials";
        case ALLOW_SIGN:
                return "sign";
        case ALLOW_TOKEN:
                return "token";
        case ALLOW_ADMIN:
                return "admin";
        default:
                return "any";
        }
}

bool access_may_see(const struct server_profile *profile, const struct peer *peer)
{
        return allow_check(profile->allow, profile->allow_count, peer->uid, peer->gid, ALLOW_CREDENTIALS) !=
               ALLOW_NOT_PEER;
}

static void report(const struct exchange *x, unsigned scope, const char *why)
{
        LOG_EVENT(x->server->deps.log, LOG_LEVEL_WARN, "access_denied", LOG_STR("profile", x->profile->name),
                  LOG_STR("scope", scope_name(scope)), LOG_STR("why", why), LOG_INT("uid", x->peer->uid),
                  LOG_INT("gid", x->peer->gid), LOG_INT("pid", x->peer->pid));
}

bool access_check(struct exchange *x, unsigned scope)
{
        const struct server_profile *p = x->profile;
        if (scope == 0 && access_may_see(p, x->peer))
                return true;
        enum allow_verdict verdict = ALLOW_NOT_PEER;
        if (scope != 0)
                verdict = allow_check(p->allow, p->allow_count, x->peer->uid, x->peer->gid, (enum allow_scope)scope);
        if (verdict == ALLOW_YES)
                return true;
        if (verdict == ALLOW_NOT_SCOPE) {
                report(x, scope, "scope");
                problem_sendf(x, API_SCOPE_DENIED, "add the scope to a rule of the profile's \"allow\"",
                              "uid %lu, gid %lu has no scope \"%s\" for this profile", (unsigned long)x->peer->uid,
                              (unsigned long)x->peer->gid, scope_name(scope));
        } else {
                report(x, scope, "peer");
                problem_sendf(x, API_PEER_NOT_ALLOWED, "add the uid or gid to a rule of the profile's \"allow\"",
                              "uid %lu, gid %lu may not use this profile", (unsigned long)x->peer->uid,
                              (unsigned long)x->peer->gid);
        }
        return false;
}
