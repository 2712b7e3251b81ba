// SPDX-License-Identifier: Apache-2.0
// What makes two profiles the same over a reload.
#include "sidecar/config/profile.h"

#include "sidecar/config/profile_read.h"
#include "tests/unit/config/support.h"

enum sameness { DIFFERENT, SAME };

static void check(const char *before, const char *after, enum sameness want)
{
        char one[2048], two[2048];
        (void)snprintf(one, sizeof(one), "{\"profiles\": {\"s\": {" KEYS_BODY "}, \"p\": {%s}}}", before);
        (void)snprintf(two, sizeof(two), "{\"profiles\": {\"s\": {" KEYS_BODY "}, \"p\": {%s}}}", after);
        struct settings *a = parse_good(one), *b = parse_good(two);
        const struct profile *x = settings_find(a, "p"), *y = settings_find(b, "p");
        if (profile_same_identity(x, y) != (want == SAME) || profile_same_identity(y, x) != (want == SAME))
                fail_msg("%s", after);
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
            {WEB_BODY, ", \"region\": \"eu-west-1\", \"sts_region\": \"us-east-1\"", SAME},
            {WEB_BODY, ", \"refresh\": \"on_demand\"", SAME},
            {WEB_BODY, ", \"refresh_before_seconds\": 60", SAME},
            {WEB_BODY, ", \"allow\": {\"uids\": [1]}", SAME},
            {WEB_BODY, ", \"sign\": {\"hosts\": [\"a\"]}", SAME},
            {WEB_BODY, ", \"sign\": {\"service\": \"a\"}", SAME},
            {KEYS_BODY, ", \"region\": \"eu-west-1\"", SAME}, // nobody is asked for them
            {KEYS_BODY, ", \"sts_region\": \"eu-west-1\"", SAME},
            {KEYS_BODY, ", \"read_timeout_ms\": 1", SAME},
            {"\"type\": \"process\", \"credential_process\": \"/x\"", ", \"region\": \"eu-west-1\"", SAME},
            {"\"type\": \"imds\"", ", \"region\": \"eu-west-1\"", SAME},
            {WEB_BODY, ", \"sts_region\": \"eu-west-1\"", DIFFERENT},
            {WEB_BODY, ", \"endpoint_url\": \"https://a\"", DIFFERENT},
            {WEB_BODY, ", \"ca_bundle\": \"/c\"", SAME},
            {WEB_BODY, ", \"read_timeout_ms\": 1", SAME},
            {WEB_BODY, ", \"connect_timeout_ms\": 1", SAME},
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
        check(WEB_BODY ", \"allow\": {\"uids\": [1]}", WEB_BODY ", \"allow\": {\"uids\": [2]}", SAME);
        check(WEB_BODY ", \"allow\": {\"gids\": [1]}", WEB_BODY ", \"allow\": {\"uids\": [1]}", SAME);
        check(WEB_BODY ", \"allow\": {\"scopes\": [\"sign\"]}", WEB_BODY ", \"allow\": [{\"scopes\": [\"sign\"]}]",
              SAME);
        check(WEB_BODY ", \"sign\": {\"paths\": [\"/a\"]}", WEB_BODY ", \"sign\": {\"paths\": [\"/b\"]}", SAME);
        check("\"type\": \"static\", \"access_key_id_file\": \"a\", \"secret_access_key\": \"one\"",
              "\"type\": \"static\", \"access_key_id_file\": \"a\", \"secret_access_key\": \"two\"", DIFFERENT);
        check(WEB_BODY, KEYS_BODY, DIFFERENT);
}

// Sets the field of a key to a value that a zeroed profile does not have.
static void set_field(struct profile *p, const struct key_rule *rule)
{
        static char text[] = "x";
        static char *texts[] = {text};
        static struct name_value pairs[] = {{text, text}};
        static uint8_t bytes[] = "secret";
        void *field = (char *)p + rule->offset, *count = (char *)p + rule->count_offset;
        switch (rule->identity) {
        case FIELD_TEXT:
                *(char **)field = text;
                break;
        case FIELD_NUMBER:
                *(int64_t *)field = 1;
                break;
        case FIELD_SECRET:
                *(struct secret *)field = (struct secret){bytes, sizeof(bytes)};
                break;
        case FIELD_TEXTS:
                *(char ***)field = texts;
                *(size_t *)count = 1;
                break;
        case FIELD_PAIRS:
                *(struct name_value **)field = pairs;
                *(size_t *)count = 1;
                break;
        case FIELD_IGNORED:
                fail();
        }
}

static bool is_one_of(const char *key, const char *const *keys)
{
        while (*keys && strcmp(*keys, key) != 0)
                keys++;
        return *keys;
}

static void check_fields(const struct key_rule *rules, size_t count, const char *const *not_identity)
{
        for (size_t i = 0; i < count; i++) {
                struct profile a = {.type = PROFILE_PROCESS}, b = {.type = PROFILE_PROCESS};
                bool is_identity = rules[i].identity != FIELD_IGNORED;
                if (is_identity)
                        set_field(&b, &rules[i]);
                if (is_one_of(rules[i].key, not_identity) == is_identity ||
                    profile_same_identity(&a, &b) == is_identity || profile_same_identity(&b, &a) == is_identity)
                        fail_msg("%s", rules[i].key);
        }
}

static void every_key_is_part_of_the_identity_but_these(void **state)
{
        (void)state;
        static const char *const no[] = {
            "type", // compared by itself, as the next two are where an AWS service issues the credentials
            "sts_region",
            "endpoint_url",
            "region",
            "ca_bundle",
            "connect_timeout_ms",
            "read_timeout_ms",
            "refresh",
            "refresh_before_seconds",
            "use_fips_endpoint",
            "use_dualstack_endpoint",
            "sts_regional_endpoints",
            "allow",
            "sign",
            "credential_source", // source_profile names what it stands for
            "secretsmanager",    // its own keys are
            "aws_container_credentials_relative_uri",
            "aws_container_credentials_full_uri",
            "endpoint_mode",
            "profile",
            NULL};
        static const char *const none[] = {NULL};
        size_t count;
        const struct key_rule *rules = profile_rules(&count);
        check_fields(rules, count, no);
        rules = profile_secretsmanager_rules(&count);
        check_fields(rules, count, none);
}

static void what_is_derived_is_part_of_the_identity(void **state)
{
        (void)state;
        static char x[] = "x";
        static uint8_t bytes[] = "secret";
        const struct profile changed[] = {
            {.name = x},
            {.fault = x},
            {.web_identity.request_url = x},
            {.web_identity.request_token = {bytes, sizeof(bytes)}},
            {.container.url = x},
            {.sso.cache_directory = x},
            {.sso.oidc_endpoint_url = x},
            {.login.cache_directory = x},
            {.login.has_custom_endpoint = true},
            {.login.variant = 1},
            {.roles_anywhere.pkcs11_module = x},
            {.keys.account_id = x},
            {.keys.expiration = x},
            {.imds.is_disabled = true},
            {.type = PROFILE_WEB_IDENTITY},
        };
        const struct profile a = {.name = NULL};
        for (size_t i = 0; i < ROWS(changed); i++)
                if (profile_same_identity(&a, &changed[i]) || profile_same_identity(&changed[i], &a))
                        fail_msg("%zu", i);
        assert_true(profile_same_identity(&a, &a));
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
            cmocka_unit_test(every_key_is_part_of_the_identity_but_these),
            cmocka_unit_test(what_is_derived_is_part_of_the_identity),
            cmocka_unit_test(test_same_but_endpoint),
            cmocka_unit_test(test_names_of_implied_profiles),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
