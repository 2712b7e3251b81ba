// SPDX-License-Identifier: Apache-2.0
// Who may ask a profile for what, by the uid and gid of the peer. Plain data, filled by the configuration, judged at
// the front door.
#ifndef SIDECAR_BASE_ALLOW_H
#define SIDECAR_BASE_ALLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum allow_scope {
        ALLOW_CREDENTIALS = 1,
        ALLOW_SIGN = 2,
        ALLOW_TOKEN = 4,
        ALLOW_ADMIN = 8,
        ALLOW_STATUS = 16, // sees the profile and its state, which every other scope brings, too
        ALLOW_ALL = 31
};

struct sign_limits;

// A peer matches when its uid or its gid is listed; a rule that lists neither matches everybody but nobody.
struct allow_rule {
        uid_t *uids;
        size_t uids_count;
        gid_t *gids;
        size_t gids_count;
        unsigned scopes; // of enum allow_scope
        const struct sign_limits
            *sign; // what these peers may have signed, beside the profile's limits; NULL: no others
};

enum allow_verdict {
        ALLOW_YES,
        ALLOW_NOT_SCOPE, // a rule matches the peer, but not for this scope
        ALLOW_NOT_PEER   // no rule matches
};

// No rules: whoever could connect may do everything. The overflow ids (65534: an id that has no mapping here) match
// only where they are listed.
enum allow_verdict allow_check(const struct allow_rule *rules, size_t count, uid_t uid, gid_t gid,
                               enum allow_scope scope);

// The next rule behind `after` (NULL: the first) that gives the scope to the peer; NULL: there is none.
const struct allow_rule *allow_next(const struct allow_rule *rules, size_t count, uid_t uid, gid_t gid,
                                    enum allow_scope scope, const struct allow_rule *after);

#endif
