// SPDX-License-Identifier: Apache-2.0
// The settings of AWS files that hold for all of a chain, and the endpoints that come of them.
#include "tests/unit/config/shared_support.h"

// Of a chain, all calls are made by the settings of the profile that is asked for.
static void test_common(void **state)
{
        struct home *h = *state;
        static const char json[] = "{\"profiles\": {\"one\": {\"type\": \"shared_config\", \"profile\": \"one\"},"
                                   "\"two\": {\"type\": \"shared_config\", \"profile\": \"two\"},"
                                   "\"three\": {\"type\": \"shared_config\", \"profile\": \"three\"}}}";
        home_set(h,
                 "[profile one]\n" ROLE_ON(
                     "b") "region = us-east-1\nca_bundle = ca.pem\nuse_fips_endpoint = FALSE\n"
                          "use_dualstack_endpoint = false\nsts_regional_endpoints = legacy\nservices = v\n"
                          "endpoint_url = https://all.example/\n"
                          "[services v]\nsts =\n  endpoint_url = https://sts.example/x/\n"
                          "[profile two]\n" ROLE_ON(
                              "b") "region = eu-west-1\nendpoint_url = https://two.example\n"
                                   "[profile three]\n" ROLE_ON(
                                       "b") "region = eu-west-1\nendpoint_url = https://two.example\n"
                                            "[profile b]\nrole_arn = " ARN(
                                                "b") "\nsource_profile = k\nregion = ap-south-1\n"
                                                     "endpoint_url = https://b.example\n[profile k]\n" KEYS,
                 NULL, NULL);
        struct settings *s = home_load(h, json);
        const struct profile *p = home_find(s, "one");
        const struct profile *b = home_source_of(s, p);
        assert_string_equal(b->region, "us-east-1");
        for (const struct profile *each = p; each; each = each == p ? b : NULL) {
                assert_string_equal(each->shared_endpoint_url, "https://sts.example/x");
                assert_string_equal(each->ca_bundle, "/base/ca.pem");
                assert_int_equal(each->use_fips_endpoint, CHOICE_NO);
                assert_int_equal(each->use_dualstack_endpoint, CHOICE_NO);
                assert_int_equal(each->sts_regional_endpoints, STS_ENDPOINTS_LEGACY);
        }
        const struct profile *other = home_source_of(s, home_find(s, "two"));
        assert_ptr_not_equal(other, b);
        assert_ptr_equal(other, home_source_of(s, home_find(s, "three")));
        assert_string_equal(other->region, "eu-west-1");
        assert_string_equal(other->shared_endpoint_url, "https://two.example");
        assert_ptr_equal(home_source_of(s, b), home_source_of(s, other)); // keys are keys
        settings_release(s);

        home_set(h,
                 "[profile one]\n" ROLE_ON("b") "region = us-east-1\nuse_fips_endpoint = TRUE\n"
                                                "use_dualstack_endpoint = true\n[profile b]\n" ROLE_ON(
                                                    "k") "[profile k]\n" KEYS,
                 NULL, NULL);
        s = home_load(h, SHARED("one"));
        p = home_find(s, "p");
        assert_string_equal(p->endpoint_url, "https://sts-fips.us-east-1.api.aws");
        assert_string_equal(home_source_of(s, p)->endpoint_url, "https://sts-fips.us-east-1.api.aws");
        settings_release(s);

        // A file may switch off the environment's endpoints, too.
        home_set(h,
                 "[profile one]\n" ROLE_ON("k") "region = us-east-1\nignore_configured_endpoint_urls = true\n"
                                                "[profile k]\n" KEYS,
                 NULL, LIST("AWS_ENDPOINT_URL=https://all.example", "AWS_ENDPOINT_URL_STS=https://sts.example"));
        s = home_load(h, SHARED("one"));
        assert_string_equal(home_find(s, "p")->endpoint_url, "https://sts.us-east-1.amazonaws.com");
        settings_release(s);

        // What the environment says goes before all that.
        home_set(h,
                 "[profile one]\n" ROLE_ON(
                     "k") "region = us-east-1\nca_bundle = ca.pem\nuse_fips_endpoint = true\n"
                          "use_dualstack_endpoint = true\nsts_regional_endpoints = legacy\nendpoint_url = https://x\n"
                          "[profile k]\n" KEYS,
                 NULL,
                 LIST("AWS_DEFAULT_REGION=eu-west-3", "AWS_CA_BUNDLE=/env.pem", "AWS_USE_FIPS_ENDPOINT=false",
                      "AWS_USE_DUALSTACK_ENDPOINT=false", "AWS_STS_REGIONAL_ENDPOINTS=regional",
                      "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true"));
        s = home_load(h, SHARED("one"));
        p = home_find(s, "p");
        assert_string_equal(p->region, "eu-west-3");
        assert_string_equal(p->ca_bundle, "/env.pem");
        assert_int_not_equal(p->use_fips_endpoint, CHOICE_YES);
        assert_int_not_equal(p->use_dualstack_endpoint, CHOICE_YES);
        assert_int_not_equal(p->sts_regional_endpoints, STS_ENDPOINTS_LEGACY);
        assert_null(p->shared_endpoint_url);
        settings_release(s);
}

static void test_endpoints(void **state)
{
        struct home *h = *state;
        static const char sso[] = SSO_ROLE "sso_start_url = https://x/start\nsso_region = us-east-1\n";
        static const struct {
                const char *more, *variable;
                const char *sso, *oidc; // NULL: none
        } t[] = {
            {"services = v\n[services v]\nsso =\n endpoint_url = https://s\nsso_oidc=\n endpoint_url = https://o\n",
             NULL, "https://s", "https://o"},
            {"endpoint_url = https://all\nservices = v\n[services v]\nsso =\n endpoint_url = https://s\n", NULL,
             "https://s", "https://all"},
            {"endpoint_url = https://all\nignore_configured_endpoint_urls = true\n", NULL, NULL, NULL},
            {"endpoint_url = https://all\n", "AWS_ENDPOINT_URL_SSO_OIDC=https://env", "https://all", NULL},
            {"ignore_configured_endpoint_urls = true\nendpoint_url = https://all\n",
             "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=false", "https://all", "https://all"},
        };
        for (size_t i = 0; i < ROWS(t); i++) {
                char config[1024];
                (void)snprintf(config, sizeof(config), "[profile s]\n%s%s", sso, t[i].more);
                home_set(h, config, NULL, LIST(t[i].variable));
                struct settings *s = home_load(h, SHARED("s"));
                const struct profile *p = home_find(s, "p");
                if (t[i].sso)
                        assert_string_equal(p->shared_endpoint_url, t[i].sso);
                else
                        assert_null(p->shared_endpoint_url);
                if (t[i].oidc && !t[i].variable)
                        assert_string_equal(p->sso.oidc_endpoint_url, t[i].oidc);
                settings_release(s);
        }
}

// Numbers at their bounds and one beyond, in the file and in the environment.
static void test_numbers(void **state)
{
        struct home *h = *state;
        static const struct {
                const char *line, *variable;
                bool is_taken;
                int64_t duration_s, timeout_ms; // 0: not set
        } t[] = {
            {"duration_seconds = 900", NULL, true, 900, 0},
            {"duration_seconds = 899", NULL, false, 0, 0},
            {"duration_seconds = 3600", NULL, true, 3600, 0}, // of a role on another role's session
            {"duration_seconds = 3601", NULL, false, 0, 0},
            {"source_profile = k\nduration_seconds = 43200", NULL, true, 43200, 0}, // of one on keys
            {"source_profile = k\nduration_seconds = 43201", NULL, false, 0, 0},
            {"duration_seconds = 1h", NULL, false, 0, 0},
            {"metadata_service_timeout = 1", NULL, true, 0, 1000},
            {"metadata_service_timeout = 600", NULL, true, 0, 600000},
            {"metadata_service_timeout = 601", NULL, false, 0, 0},
            {"metadata_service_timeout = 7", "AWS_METADATA_SERVICE_TIMEOUT=1", true, 0, 1000},
            {"", "AWS_METADATA_SERVICE_TIMEOUT=600", true, 0, 600000},
            {"", "AWS_METADATA_SERVICE_TIMEOUT=601", false, 0, 0},
            {"", "AWS_METADATA_SERVICE_TIMEOUT=0", false, 0, 0},
            {"", "AWS_METADATA_SERVICE_TIMEOUT=x", false, 0, 0},
        };
        for (size_t i = 0; i < ROWS(t); i++) {
                char config[512];
                struct settings *s = NULL;
                struct error e;
                (void)snprintf(config, sizeof(config),
                               "[profile one]\nrole_arn = arn:aws:iam::111122223333:role/r\nregion = us-east-1\n%s\n%s"
                               "[profile k]\n" KEYS,
                               t[i].line,
                               strstr(t[i].line, "source_profile") ? "" : "credential_source = Ec2InstanceMetadata\n");
                home_set(h, config, NULL, LIST(t[i].variable));
                int r = home_parse(h, SHARED("one"), &s, &e);
                if ((r == 0) != t[i].is_taken)
                        fail_msg("%s, %s: %s", t[i].line, t[i].variable ? t[i].variable : "", e.message);
                if (r < 0)
                        continue;
                const struct profile *p = home_find(s, "p");
                const struct profile *imds = home_source_of(s, p);
                assert_int_equal(p->role.duration_seconds, t[i].duration_s);
                assert_int_equal(imds->connect_timeout_ms, t[i].timeout_ms);
                assert_int_equal(imds->read_timeout_ms, t[i].timeout_ms);
                settings_release(s);
        }
}

// The endpoint of our own profile is that of each call to AWS in its chain, and of nothing else.
static void test_own_endpoint(void **state)
{
        struct home *h = *state;
        static const char own[] = "\"endpoint_url\": \"https://own.example/\"";
        char json[512];
        home_set(h,
                 "[profile one]\n" ROLE_ON(
                     "b") "services = none\nendpoint_url = http://bad\n"
                          "[profile b]\nrole_arn = " ARN(
                              "b") "\nsource_profile = s\nendpoint_url = https://b.example\n"
                                   "[profile s]\n" SSO_ROLE "sso_start_url = https://x/start\nsso_region = us-east-1\n"
                                   "[profile k]\n" KEYS "[profile c]\nrole_arn = " ARN(
                                       "c") "\ncredential_source = EcsContainer\n"
                                            "[profile i]\nrole_arn = " ARN(
                                                "i") "\ncredential_source = Ec2InstanceMetadata\n"
                                                     "[profile w]\nrole_arn = " ARN(
                                                         "w") "\nweb_identity_token_file = /t\n"
                                                              "[profile l]\nlogin_session = "
                                                              "arn:aws:iam::111122223333:user/me\n"
                                                              "[profile p]\ncredential_process = /bin/true\n",
                 NULL,
                 LIST(REGION, "AWS_ENDPOINT_URL=https://env.example", "AWS_ENDPOINT_URL_STS=https://sts.example",
                      "AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1/x"));
        static const char *const types[] = {"shared_config", "default_chain"};
        static const char *const names[] = {"one", "c", "i", "w", "l", "k", "p"};
        for (size_t t = 0; t < ROWS(types); t++) {
                for (size_t i = 0; i < ROWS(names); i++) {
                        (void)snprintf(json, sizeof(json),
                                       "{\"profiles\": {\"p\": {\"type\": \"%s\", \"profile\": \"%s\", %s},"
                                       "\"other\": {\"type\": \"shared_config\", \"profile\": \"w\"}}}",
                                       types[t], names[i], own);
                        struct settings *s = home_load(h, json);
                        unsigned calls = 0;
                        for (const struct profile *p = home_find(s, "p"); p;
                             p = p->source_profile ? home_find(s, p->source_profile) : NULL) {
                                bool calls_aws = p->type == PROFILE_ASSUME_ROLE || p->type == PROFILE_SSO ||
                                                 p->type == PROFILE_WEB_IDENTITY || p->type == PROFILE_LOGIN;
                                calls += calls_aws;
                                if (calls_aws)
                                        assert_string_equal(p->endpoint_url, "https://own.example");
                                else
                                        assert_null(p->endpoint_url);
                                if (p->type == PROFILE_SSO)
                                        assert_string_equal(p->sso.oidc_endpoint_url, "https://own.example");
                                if (p->type == PROFILE_IMDS)
                                        assert_string_equal(p->imds.endpoint, "http://169.254.169.254");
                                if (p->type == PROFILE_CONTAINER)
                                        assert_string_equal(p->container.url, "http://127.0.0.1/x");
                        }
                        assert_int_equal(calls, i == 0 ? 3 : i < 5 ? 1 : 0);
                        assert_string_equal(home_find(s, "other")->endpoint_url, "https://sts.example");
                        settings_release(s);
                }
        }
        // The links of the environment, and those of the host that come last.
        static const struct {
                const char *variable;
                enum profile_type type;
        } last[] = {{"AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1/x", PROFILE_CONTAINER}, {"X=", PROFILE_IMDS}};
        for (size_t i = 0; i < ROWS(last); i++) {
                home_set(h, NULL, NULL, LIST(REGION, last[i].variable));
                (void)snprintf(json, sizeof(json), "{\"profiles\": {\"p\": {\"type\": \"default_chain\", %s}}}", own);
                struct settings *s = home_load(h, json);
                assert_int_equal(home_find(s, "p")->type, last[i].type);
                assert_null(home_find(s, "p")->endpoint_url);
                settings_release(s);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            AT_HOME(test_common),
            AT_HOME(test_endpoints),
            AT_HOME(test_numbers),
            AT_HOME(test_own_endpoint),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
