// SPDX-License-Identifier: Apache-2.0
// What makes two profiles the same over a reload.
#include "sidecar/config/profile.h"

#include "tests/unit/config/support.h"

enum sameness { DIFFERENT, SAME_IDENTITY, SAME };

static void check(const char *before, const char *after, enum sameness want)
{
        char one[2048], two[2048];
        (void)snprintf(one, sizeof(one), "{\"profiles\": {\"s\": {" KEYS_BODY "}, \"p\": {%s}}}", before);
        (void)snprintf(two, sizeof(two), "{\"profiles\": {\"s\": {" KEYS_BODY "}, \"p\": {%s}}}", after);
        struct settings *a = parse_good(one), *b = parse_good(two);
        const struct profile *x = settings_find(a, "p"), *y = settings_find(b, "p");
        if (profile_same_identity(x, y) != (want != DIFFERENT) || profile_same_identity(y, x) != (want != DIFFERENT))
                fail_msg("identity: %s", after);
        if (profile_same(x, y) != (want == SAME) || profile_same(y, x) != (want == SAME))
                fail_msg("all: %s", after);
        settings_free(a);
        settings_free(b);
}

static void test_same(void **state)
{
        (void)state;
        static const struct {
                const char *base, *more;
                enum sameness want;
        } t[] = {
            {WEB_BODY, "", SAME},
            {KEYS_BODY, "", SAME},
            {ANYWHERE_BODY, "", SAME},
            {CHAIN_BODY("s"), "", SAME},
            {WEB_BODY, ", \"region\": \"us-east-1\"", SAME}, // what it was anyway
            {WEB_BODY, ", \"region\": \"eu-west-1\", \"sts_region\": \"us-east-1\"", SAME_IDENTITY},
            {WEB_BODY, ", \"refresh\": \"on_demand\"", SAME_IDENTITY},
            {WEB_BODY, ", \"refresh_before_seconds\": 60", SAME_IDENTITY},
            {WEB_BODY, ", \"allow\": {\"uids\": [1]}", SAME_IDENTITY},
            {WEB_BODY, ", \"sign\": {\"hosts\": [\"a\"]}", SAME_IDENTITY},
            {WEB_BODY, ", \"sign\": {\"service\": \"a\"}", SAME_IDENTITY},
            {KEYS_BODY, ", \"region\": \"eu-west-1\"", SAME_IDENTITY}, // nobody is asked for them
            {KEYS_BODY, ", \"sts_region\": \"eu-west-1\"", SAME_IDENTITY},
            {KEYS_BODY, ", \"read_timeout_ms\": 1", SAME_IDENTITY},
            {WEB_BODY, ", \"sts_region\": \"eu-west-1\"", DIFFERENT},
            {WEB_BODY, ", \"endpoint_url\": \"https://a\"", DIFFERENT},
            {WEB_BODY, ", \"ca_bundle\": \"/c\"", SAME_IDENTITY},
            {WEB_BODY, ", \"read_timeout_ms\": 1", SAME_IDENTITY},
            {WEB_BODY, ", \"connect_timeout_ms\": 1", SAME_IDENTITY},
            {WEB_BODY, ", \"role_session_name\": \"me\"", DIFFERENT},
            {WEB_BODY, ", \"duration_seconds\": 900", DIFFERENT},
            {WEB_BODY, ", \"policy\": {}", DIFFERENT},
            {WEB_BODY, ", \"policy_arns\": [\"arn:aws:iam::aws:policy/a\"]", DIFFERENT},
            {CHAIN_BODY("s"), ", \"external_id\": \"ab\"", DIFFERENT},
            {CHAIN_BODY("s"), ", \"source_identity\": \"ab\"", DIFFERENT},
            {CHAIN_BODY("s"), ", \"tags\": {\"a\": \"b\"}", DIFFERENT},
            {CHAIN_BODY("s") ", \"tags\": {\"a\": \"b\"}", ", \"transitive_tag_keys\": [\"a\"]", DIFFERENT},
            {ANYWHERE_BODY, ", \"private_key\": \"k\"", DIFFERENT},
            {ANYWHERE_BODY, ", \"certificate_chain\": \"k\"", DIFFERENT},
            {ANYWHERE_BODY, ", \"instance_properties\": {\"a\": \"b\"}", DIFFERENT},
            {ANYWHERE_BODY, ", \"private_key_passphrase_file\": \"k\"", DIFFERENT},
            {KEYS_BODY, ", \"session_token\": \"t\"", DIFFERENT},
            {KEYS_BODY, ", \"session_token_file\": \"t\"", DIFFERENT},
        };
        for (size_t i = 0; i < ROWS(t); i++) {
                char after[1024];
                (void)snprintf(after, sizeof(after), "%s%s", t[i].base, t[i].more);
                check(t[i].base, after, t[i].want);
        }
        check(WEB_BODY ", \"allow\": {\"uids\": [1]}", WEB_BODY ", \"allow\": {\"uids\": [2]}", SAME_IDENTITY);
        check(WEB_BODY ", \"allow\": {\"gids\": [1]}", WEB_BODY ", \"allow\": {\"uids\": [1]}", SAME_IDENTITY);
        check(WEB_BODY ", \"allow\": {\"scopes\": [\"sign\"]}", WEB_BODY ", \"allow\": [{\"scopes\": [\"sign\"]}]",
              SAME);
        check(WEB_BODY ", \"sign\": {\"paths\": [\"/a\"]}", WEB_BODY ", \"sign\": {\"paths\": [\"/b\"]}",
              SAME_IDENTITY);
        check("\"type\": \"static\", \"access_key_id_file\": \"a\", \"secret_access_key\": \"one\"",
              "\"type\": \"static\", \"access_key_id_file\": \"a\", \"secret_access_key\": \"two\"", DIFFERENT);
        check(WEB_BODY, KEYS_BODY, DIFFERENT);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_same),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
