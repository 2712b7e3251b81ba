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
        settings_release(a);
        settings_release(b);
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
            {"\"type\": \"process\", \"credential_process\": \"/x\"", ", \"region\": \"eu-west-1\"", SAME_IDENTITY},
            {"\"type\": \"imds\"", ", \"region\": \"eu-west-1\"", SAME_IDENTITY},
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

// What the new one inherits of the old one's credentials depends on this.
static void test_same_but_endpoint(void **state)
{
        (void)state;
#define HERE ", \"endpoint_url\": \"https://here\""
#define EAST ", \"sts_region\": \"us-east-1\""
#define WEST ", \"sts_region\": \"us-west-2\""
#define SECRET "\"type\": \"static\", \"secretsmanager\": {\"secret_id\": \"s\", \"source_profile\": \"s\"}"
#define SSO                                                                                                            \
        "\"type\": \"sso\", \"sso_start_url\": \"https://a.awsapps.com/start\", \"sso_account_id\": "                  \
        "\"111122223333\", \"sso_role_name\": \"r\", \"sso_region\": "
        static const struct {
                const char *before, *after;
                bool is_same;
        } t[] = {
            {WEB_BODY, WEB_BODY, true},
            {WEB_BODY EAST, WEB_BODY WEST, true},
            {WEB_BODY, WEB_BODY ", \"use_fips_endpoint\": true", true},
            {WEB_BODY, WEB_BODY ", \"use_dualstack_endpoint\": true", true},
            {WEB_BODY, WEB_BODY ", \"sts_regional_endpoints\": \"legacy\"", true},
            {WEB_BODY EAST, WEB_BODY ", \"sts_region\": \"aws-global\"", true},
            {CHAIN_BODY("s") EAST, CHAIN_BODY("s") WEST, true},
            {ANYWHERE_BODY, ANYWHERE_BODY ", \"use_fips_endpoint\": true", true},
            {WEB_BODY, WEB_BODY ", \"sts_region\": \"us-gov-west-1\"", false}, // another partition
            {WEB_BODY, WEB_BODY ", \"sts_region\": \"cn-north-1\"", false},
            {WEB_BODY, WEB_BODY HERE, false}, // to one that somebody has chosen
            {WEB_BODY HERE, WEB_BODY ", \"endpoint_url\": \"https://there\"", false},
            {WEB_BODY HERE, WEB_BODY HERE, true},
            {WEB_BODY, WEB_BODY ", \"endpoint_url\": \"https://sts.us-east-1.amazonaws.com\"", true}, // the very same
            {WEB_BODY, WEB_BODY ", \"endpoint_url\": \"https://sts.us-west-2.amazonaws.com\"", false},
            {WEB_BODY EAST, WEB_BODY WEST ", \"duration_seconds\": 900", false},
            {WEB_BODY EAST, WEB_BODY WEST ", \"role_session_name\": \"me\"", false},
            {CHAIN_BODY("s") EAST, CHAIN_BODY("t") WEST, false},
            {WEB_BODY, KEYS_BODY, false},
            {SECRET EAST, SECRET EAST ", \"use_fips_endpoint\": true", true},
            {SECRET EAST, SECRET WEST, false}, // a secret of the same name is another one there
            {SSO "\"us-east-1\"", SSO "\"us-east-1\", \"use_fips_endpoint\": true", true},
            {SSO "\"us-east-1\"", SSO "\"us-east-1\", \"region\": \"eu-west-1\"", true},
            {SSO "\"us-east-1\"", SSO "\"us-west-2\"", false}, // another Identity Center
            {SSO "\"us-east-1\"", SSO "\"us-east-1\"" HERE, false},
        };
        for (size_t i = 0; i < ROWS(t); i++) {
                char one[2048], two[2048];
                static const char form[] = "{\"region\": \"us-east-1\", \"profiles\": {\"s\": {" KEYS_BODY
                                           "}, \"t\": {" KEYS_BODY "}, \"p\": {%s}}}";
                (void)snprintf(one, sizeof(one), form, t[i].before);
                (void)snprintf(two, sizeof(two), form, t[i].after);
                struct settings *a = parse_good(one), *b = parse_good(two);
                const struct profile *x = settings_find(a, "p"), *y = settings_find(b, "p");
                if (profile_same_but_endpoint(x, y) != t[i].is_same || profile_same_but_endpoint(y, x) != t[i].is_same)
                        fail_msg("%s, and %s", t[i].before, t[i].after);
                settings_release(a);
                settings_release(b);
        }
}

// Of the AWS files: what tells the settings of an implied profile is a part of its name.
static void test_names_of_implied_profiles(void **state)
{
        (void)state;
        static const struct {
                const char *name;
                bool is_same;
        } t[] = {{"base/0123abcd", true}, {"base/4567cdef", true},       {"bass/0123abcd", false},
                 {"base", false},         {"other/base/4567abc", false}, {"/0123abcd", false}};
        for (size_t i = 0; i < ROWS(t); i++) {
                char name[32], base[] = "base/0123abcd", mine[] = "base@host", theirs[] = "base-9@host";
                (void)snprintf(name, sizeof(name), "%s", t[i].name);
                struct profile a = {.name = base, .type = PROFILE_ASSUME_ROLE, .is_implied = true};
                struct profile b = {.name = name, .type = PROFILE_ASSUME_ROLE, .is_implied = true};
                assert_true(profile_same_but_endpoint(&a, &b) == t[i].is_same);
                a.role.role_session_name = mine;
                b.role.role_session_name = theirs;
                assert_false(profile_same_but_endpoint(&a, &b)); // as somebody has chosen
                a.role.has_derived_session_name = b.role.has_derived_session_name = true;
                assert_true(profile_same_but_endpoint(&a, &b) == t[i].is_same);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_same),
            cmocka_unit_test(test_same_but_endpoint),
            cmocka_unit_test(test_names_of_implied_profiles),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
