// SPDX-License-Identifier: Apache-2.0
#include "sidecar/base/allow.h"

#include <stdio.h>

#include "tests/unit/unit.h"

#define NOBODY 65534

static void test_check(void **state)
{
        uid_t alice[] = {1000};
        uid_t several[] = {7, 1001, NOBODY};
        gid_t gateway[] = {200};
        gid_t nogroup[] = {NOBODY};
        const struct allow_rule one_uid = {.uids = alice, .uids_count = 1, .scopes = ALLOW_CREDENTIALS | ALLOW_SIGN};
        const struct allow_rule one_gid = {.gids = gateway, .gids_count = 1, .scopes = ALLOW_SIGN};
        const struct allow_rule everybody = {.scopes = ALLOW_SIGN};
        const struct allow_rule with_nobody = {.uids = several, .uids_count = 3, .scopes = ALLOW_ALL};
        const struct allow_rule with_nogroup = {.gids = nogroup, .gids_count = 1, .scopes = ALLOW_ALL};
        const struct allow_rule nothing = {.uids = alice, .uids_count = 1, .scopes = 0};
        const struct {
                const char *name;
                struct allow_rule rules[2];
                size_t count;
                uid_t uid;
                gid_t gid;
                enum allow_scope scope;
                enum allow_verdict want;
        } rows[] = {
            {"no rules", {{0}}, 0, 4242, 4242, ALLOW_ADMIN, ALLOW_YES},
            {"no rules, nobody", {{0}}, 0, NOBODY, NOBODY, ALLOW_ADMIN, ALLOW_YES},
            {"uid listed", {one_uid}, 1, 1000, 5, ALLOW_SIGN, ALLOW_YES},
            {"uid listed, other scope", {one_uid}, 1, 1000, 5, ALLOW_ADMIN, ALLOW_NOT_SCOPE},
            {"uid not listed", {one_uid}, 1, 1001, 1000, ALLOW_SIGN, ALLOW_NOT_PEER},
            {"gid listed", {one_gid}, 1, 5, 200, ALLOW_SIGN, ALLOW_YES},
            {"a uid is no gid", {one_gid}, 1, 200, 5, ALLOW_SIGN, ALLOW_NOT_PEER},
            {"everybody", {everybody}, 1, 5, 5, ALLOW_SIGN, ALLOW_YES},
            {"everybody, root", {everybody}, 1, 0, 0, ALLOW_SIGN, ALLOW_YES},
            {"everybody, other scope", {everybody}, 1, 5, 5, ALLOW_TOKEN, ALLOW_NOT_SCOPE},
            {"everybody is not nobody", {everybody}, 1, NOBODY, 5, ALLOW_SIGN, ALLOW_NOT_PEER},
            {"everybody in nobody's group", {everybody}, 1, 5, NOBODY, ALLOW_SIGN, ALLOW_YES},
            {"nobody listed", {with_nobody}, 1, NOBODY, NOBODY, ALLOW_ADMIN, ALLOW_YES},
            {"nobody's group listed", {with_nogroup}, 1, 5, NOBODY, ALLOW_ADMIN, ALLOW_YES},
            {"last of several", {with_nobody}, 1, 1001, 5, ALLOW_TOKEN, ALLOW_YES},
            {"second rule gives the scope", {one_uid, everybody}, 2, 5, 5, ALLOW_SIGN, ALLOW_YES},
            {"scopes of rules do not mix across peers",
             {one_uid, one_gid},
             2,
             5,
             200,
             ALLOW_CREDENTIALS,
             ALLOW_NOT_SCOPE},
            {"both match, one has the scope", {one_gid, one_uid}, 2, 1000, 200, ALLOW_CREDENTIALS, ALLOW_YES},
            {"matched but nothing allowed", {nothing}, 1, 1000, 5, ALLOW_SIGN, ALLOW_NOT_SCOPE},
        };
        (void)state;
        for (size_t i = 0; i < LENGTH(rows); i++) {
                enum allow_verdict got =
                    allow_check(rows[i].rules, rows[i].count, rows[i].uid, rows[i].gid, rows[i].scope);
                if (got != rows[i].want)
                        fail_msg("%s: %d, not %d", rows[i].name, (int)got, (int)rows[i].want);
        }
}

// Those that give the scope to the peer, one after the other.
static void test_next(void **state)
{
        (void)state;
        uid_t alice[] = {1000}, bob[] = {1001};
        const struct allow_rule rules[] = {
            {.uids = bob, .uids_count = 1, .scopes = ALLOW_ALL},
            {.uids = alice, .uids_count = 1, .scopes = ALLOW_SIGN},
            {.uids = alice, .uids_count = 1, .scopes = ALLOW_CREDENTIALS},
            {.scopes = ALLOW_SIGN | ALLOW_ADMIN},
        };
        const struct allow_rule *rule = allow_next(rules, LENGTH(rules), 1000, 5, ALLOW_SIGN, NULL);
        assert_ptr_equal(rule, &rules[1]);
        rule = allow_next(rules, LENGTH(rules), 1000, 5, ALLOW_SIGN, rule);
        assert_ptr_equal(rule, &rules[3]);
        assert_null(allow_next(rules, LENGTH(rules), 1000, 5, ALLOW_SIGN, rule));
        assert_null(allow_next(rules, LENGTH(rules), 1000, 5, ALLOW_TOKEN, NULL));
        assert_null(allow_next(rules, LENGTH(rules), NOBODY, 5, ALLOW_SIGN, NULL));
        assert_null(allow_next(NULL, 0, 1000, 5, ALLOW_SIGN, NULL));
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(test_check), cmocka_unit_test(test_next)};
        return cmocka_run_group_tests(tests, NULL, NULL);
}
