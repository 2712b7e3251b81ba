// SPDX-License-Identifier: Apache-2.0
// What was found by holding random environments against botocore (tests/e2e/test_shared_config_judge.py).
#include "tests/unit/config/shared_support.h"

#define SELF "[profile a]\nrole_arn = " ARN("r") "\nsource_profile = a\n"
#define SSO                                                                                                            \
        "sso_account_id = 111122223333\nsso_role_name = r\nsso_region = us-east-1\n"                                   \
        "sso_start_url = https://x.awsapps.com/start\n"
#define ENDPOINT "AWS_EC2_METADATA_SERVICE_ENDPOINT=http://127.0.0.1:2"

// What a profile that is its own source stands on is found in the order in which any other's is.
static void test_own_source(void **state)
{
        static const struct {
                const char *config, *credentials;
                enum profile_type type;
        } t[] = {
            {SELF KEYS, NULL, PROFILE_STATIC},
            {SELF KEYS "credential_process = /bin/x\n", NULL, PROFILE_PROCESS},
            {SELF "credential_process = /bin/x\n", "[a]\n" KEYS, PROFILE_STATIC},
            {SELF KEYS SSO, NULL, PROFILE_SSO},
            {SELF SSO, "[a]\n" KEYS, PROFILE_SSO},
        };
        for (size_t i = 0; i < ROWS(t); i++) {
                struct settings *s = home_settings(*state, t[i].config, t[i].credentials, LIST(REGION));
                const struct profile *p = home_find(s, "a");
                if (p->type != PROFILE_ASSUME_ROLE || home_find(s, p->source_profile)->type != t[i].type)
                        fail_msg("row %zu: %s", i, p->fault ? p->fault : "another base");
                settings_release(s);
        }
}

// Without a region, STS's global endpoint. Not for profiles of our own configuration.
static void test_no_region(void **state)
{
        struct settings *s =
            home_settings(*state, "[default]\n" KEYS SELF KEYS "use_fips_endpoint = false\n", NULL, NULL);
        const struct profile *p = home_find(s, "a");
        assert_null(p->fault);
        assert_string_equal(p->endpoint_url, "https://sts.amazonaws.com");
        assert_string_equal(p->issuer_region, "us-east-1");
        assert_null(p->region);
        settings_release(s);

        s = home_settings(*state, NULL, NULL, LIST("AWS_WEB_IDENTITY_TOKEN_FILE=/t", "AWS_ROLE_ARN=" ARN("w")));
        p = home_find(s, "default");
        assert_int_equal(p->type, PROFILE_WEB_IDENTITY);
        assert_string_equal(p->endpoint_url, "https://sts.amazonaws.com");
        settings_release(s);
}

// An endpoint goes before a mode, whichever of them is in the environment; a time-out of the environment's goes first.
static void test_imds(void **state)
{
        static const struct {
                const char *config, *variables[2], *endpoint;
                int64_t timeout_ms;
        } t[] = {
            {"ec2_metadata_service_endpoint_mode = IPv6\n", {NULL}, "http://[fd00:ec2::254]", 0},
            {"ec2_metadata_service_endpoint_mode = IPv6\n", {ENDPOINT}, "http://127.0.0.1:2", 0},
            {"ec2_metadata_service_endpoint = http://127.0.0.1:1\n", {ENDPOINT}, "http://127.0.0.1:2", 0},
            {"ec2_metadata_service_endpoint = http://127.0.0.1:1\n",
             {"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE=IPv6"},
             "http://127.0.0.1:1",
             0},
            {"metadata_service_timeout = 3\n", {ENDPOINT}, "http://127.0.0.1:2", 3000},
            {"metadata_service_timeout = 3\n",
             {ENDPOINT, "AWS_METADATA_SERVICE_TIMEOUT=5"},
             "http://127.0.0.1:2",
             5000},
            {"", {ENDPOINT, "AWS_METADATA_SERVICE_TIMEOUT=5"}, "http://127.0.0.1:2", 5000},
        };
        for (size_t i = 0; i < ROWS(t); i++) {
                char config[256];
                (void)snprintf(config, sizeof(config), "[default]\n%s", t[i].config);
                struct settings *s =
                    home_settings(*state, config, NULL, LIST(REGION, t[i].variables[0], t[i].variables[1]));
                const struct profile *p = home_find(s, "default");
                if (p->type != PROFILE_IMDS || strcmp(p->imds.endpoint, t[i].endpoint) != 0 ||
                    p->connect_timeout_ms != t[i].timeout_ms || p->read_timeout_ms != t[i].timeout_ms)
                        fail_msg("row %zu: %s, %d ms", i, p->fault ? p->fault : p->imds.endpoint,
                                 (int)p->read_timeout_ms);
                settings_release(s);
        }
        struct settings *s = NULL;
        struct error e;
        home_set(*state, NULL, NULL, LIST("AWS_METADATA_SERVICE_TIMEOUT=soon"));
        assert_int_equal(home_zero(*state, &s, &e), -1);
        assert_string_equal(e.message,
                            "environment: AWS_METADATA_SERVICE_TIMEOUT: found \"soon\", expected 1 to 600 (seconds)");
}

// What is not used is not judged.
static void test_not_used(void **state)
{
        struct settings *s =
            home_settings(*state, NULL, NULL,
                          LIST("AWS_ACCESS_KEY_ID=AKIDEXAMPLE00001", "AWS_SECRET_ACCESS_KEY=x", "AWS_ROLE_ARN=mine"));
        assert_int_equal(home_find(s, "default")->type, PROFILE_STATIC);
        settings_release(s);

        // Neither STS nor the metadata service is asked. The keys may be those of a stand-in for AWS.
        s = home_settings(*state,
                          "[default]\n" KEYS
                          "endpoint_url = http://localstack:4566\nuse_fips_endpoint = yes\nservices = none\n"
                          "sts_regional_endpoints = x\nmetadata_service_timeout = 0\nca_bundle = /none\n",
                          NULL, LIST(REGION));
        assert_int_equal(home_find(s, "default")->type, PROFILE_STATIC);
        settings_release(s);

        // All SDKs let STS choose how long a session by web identity lasts.
        s = home_settings(
            *state, "[default]\nrole_arn = " ARN("w") "\nweb_identity_token_file = /t\nduration_seconds = 43201\n",
            NULL, LIST(REGION));
        assert_int_equal(home_find(s, "default")->type, PROFILE_WEB_IDENTITY);
        assert_int_equal(home_find(s, "default")->role.duration_seconds, 0);
        settings_release(s);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            AT_HOME(test_own_source),
            AT_HOME(test_no_region),
            AT_HOME(test_imds),
            AT_HOME(test_not_used),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
