// SPDX-License-Identifier: Apache-2.0
// What is wrong with profiles of the AWS files, and what is said about it.
#include "proto/mem/buffer.h"
#include "tests/unit/config/shared_support.h"

static void test_faults(void **state)
{
        struct home *h = *state;
        static const struct {
                const char *config, *credentials, *message, *hint;
        } t[] = {
            {"", NULL, "found no profile a in /", ""},
            {"[profile a]\nregion = x_y\n", NULL, "config:2: profile a: region: found \"x_y", ""},
            {"[profile a]\nregion = fips-us-east-1\n", NULL, "config:2: profile a: region: found \"fips-us", ""},
            {"[profile a]\noutput = x\n", NULL, "config:1: profile a: found no credentials",
             "add one of these settings"},
            {"[profile a]\n" ROLE_ON("b"), NULL, "config:3: profile a: source_profile: found \"b\"", ""},
            {"[profile a]\n" ROLE_ON("b") "[profile b]\nregion = x\n", NULL,
             "config:4: profile b: found no credentials", ""},
            {"[profile a]\n" ROLE_ON("a"), NULL, "circle of source profiles (a -> a)", "aws_access_key_id"},
            {"[profile a]\n" ROLE_ON("b") "[profile b]\n" ROLE_ON("a"), NULL,
             "config:6: profile b: found a circle of source profiles (a -> b -> a)", ""},
            {"[profile a]\n" ROLE_ON("b") KEYS "[profile b]\n" ROLE_ON("a"), NULL, "(a -> b -> a)", ""},
            {"[profile a]\n" ROLE_ON("b") "[profile b]\n" ROLE_ON("c") "[profile c]\n" ROLE_ON("b"), NULL,
             "(b -> c -> b)", ""},
            {"[profile a]\nrole_arn = " ARN("r") "\n", NULL,
             "found role_arn without source_profile, credential_source or", ""},
            {"[profile a]\nrole_arn = " ARN("r") "\n" KEYS, NULL, "config:2: profile a: found role_arn", ""},
            {"[profile a]\nsource_profile = b\n", NULL, "found source_profile without role_arn", ""},
            {"[profile a]\ncredential_source = Environment\n", NULL, "found credential_source without role_arn", ""},
            {"[profile a]\n" ROLE_ON("b") "credential_source = Environment\n", NULL,
             "found both source_profile and credential_source", ""},
            {"[profile a]\nrole_arn = " ARN("r") "\ncredential_source = environment\n", NULL,
             "credential_source: found \"environment\"", ""},
            {"[profile a]\nrole_arn = " ARN("r") "\ncredential_source = Environment\n", NULL,
             "environment: found no AWS_ACCESS_KEY_ID", "set AWS_ACCESS_KEY_ID"},
            {"[profile a]\nrole_arn = x\nsource_profile = b\n[profile b]\n" KEYS, NULL, "role_arn: found \"x\"", ""},
            {"[profile a]\n" ROLE_ON("b") "duration_seconds = 1h\n[profile b]\n" KEYS, NULL,
             "duration_seconds: found \"1h\", expected 900 to 43200", ""},
            {"[profile a]\n" ROLE_ON("b") "duration_seconds = 60\n[profile b]\n" KEYS, NULL,
             "duration_seconds: found \"60\"", ""},
            {"[profile a]\nweb_identity_token_file = /t\n", NULL, "found web_identity_token_file without role_arn", ""},
            {"[profile a]\naws_access_key_id = AKIDEXAMPLE00001\n", NULL, "config:2: profile a: found aws_access_key",
             ""},
            {"[profile a]\naws_secret_access_key = x\n", NULL, "found aws_secret_access_key without", ""},
            {"[profile a]\n" KEYS, "[a]\naws_access_key_id = AKIDEXAMPLE00002\n",
             "credentials:2: profile a: found aws_access_key_id without aws_secret_access_key", ""},
            {"[profile a]\naws_access_key_id = \"A\"\naws_secret_access_key = x\n", NULL,
             "aws_access_key_id: found an invalid value (not shown)", ""},
            {"[profile a]\naws_access_key_id = te st\naws_secret_access_key = x\n", NULL,
             "aws_access_key_id: found an invalid value (not shown)", ""},
            {"[profile a]\nsso_account_id = 111122223333\n", NULL, "found no sso_role_name", ""},
            {"[profile a]\n" SSO_ROLE, NULL, "found no sso_start_url", ""},
            {"[profile a]\n" SSO_ROLE "sso_session = s\n", NULL, "sso_session: found \"s\", expected the name", ""},
            {"[profile a]\n" SSO_ROLE "sso_session = s\n[sso-session s]\nsso_region = us-east-1\n", NULL,
             "config:5: sso-session s: found no sso_start_url", ""},
            {"[profile a]\n" SSO_ROLE
             "sso_session = s\nsso_region = us-east-2\n[sso-session s]\nsso_region = us-east-1\n"
             "sso_start_url = https://x\n",
             NULL, "sso_region: found another value than in [sso-session s]", ""},
            {"[profile a]\n" ROLE_ON("a") KEYS "services = v\n", NULL, "services: found \"v\", expected the name", ""},
            {"[profile a]\n" ROLE_ON("a") KEYS "endpoint_url = http://sts.example\n", NULL,
             "endpoint_url: found \"http://sts.ex", ""},
            {"[profile a]\n" ROLE_ON("a") KEYS "endpoint_url = https://u:pass@x\n", NULL,
             "endpoint_url: found an invalid value (not shown)", ""},
            {"[profile a]\n" ROLE_ON("a") KEYS "use_fips_endpoint = yes\n", NULL, "use_fips_endpoint: found \"yes\"",
             ""},
            {"[profile a]\n" ROLE_ON("a") KEYS "sts_regional_endpoints = x\n", NULL, "expected regional or legacy", ""},
            {"[profile a]\nrole_arn = " ARN(
                 "r") "\ncredential_source = Ec2InstanceMetadata\nmetadata_service_timeout = 0\n",
             NULL, "expected 1 to 600", ""},
            {"[profile a]\nrole_arn = " ARN("r") "\ncredential_source = Ec2InstanceMetadata\n"
                                                 "ec2_metadata_service_endpoint = x\n",
             NULL, "config:4: profile a: ec2_metadata_service_endpoint: found \"x\", expected a URL", ""},
            {"[profile a]\nx\n", NULL, "config:2: found a line without \"=\"", ""},
        };
        for (size_t i = 0; i < ROWS(t); i++) {
                struct settings *s = NULL;
                struct error e;
                home_set(h, t[i].config, t[i].credentials, NULL);
                assert_int_equal(home_parse(h, SHARED("a"), &s, &e), -1);
                if (e.kind != ERROR_CONFIG || !strstr(e.message, t[i].message) || !e.hint[0] ||
                    !strstr(e.hint, t[i].hint))
                        fail_msg("row %zu: %s (%s)", i, e.message, e.hint);
                assert_null(strstr(e.message, "pass"));
                if (!strstr(t[i].config, "]\nx\n")) // of the file as a whole
                        assert_non_null(strstr(e.message, "/etc/keyfob/config.json:1:20: profiles.p: "));
        }
}

// As long as it may be, and one longer.
static void test_long_chains(void **state)
{
        struct home *h = *state;
        for (unsigned length = 15; length <= 16; length++) {
                struct buffer text;
                struct settings *s = NULL;
                struct error e;
                buffer_init(&text, 65536);
                for (unsigned i = 1; i < length; i++)
                        (void)buffer_printf(&text, "[profile p%u]\n" ROLE_ON("p%u"), i, i + 1);
                (void)buffer_printf(&text, "[profile p%u]\n" KEYS, length);
                home_set(h, buffer_c_str(&text), NULL, LIST(REGION));
                int r = home_parse(h, SHARED("p1"), &s, &e);
                if (length == 15) {
                        assert_int_equal(r, 0);
                        assert_int_equal(s->profiles_count, 15);
                        settings_release(s);
                } else {
                        assert_int_equal(r, -1);
                        assert_non_null(strstr(e.message, "a chain of more than 15 profiles"));
                }
                buffer_free(&text);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            AT_HOME(test_faults),
            AT_HOME(test_long_chains),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
