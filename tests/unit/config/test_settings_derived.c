// SPDX-License-Identifier: Apache-2.0
// Where regions, endpoints and the CA bundle come from when the profile does not say.
#include "sidecar/config/settings.h"
#include "tests/unit/config/support.h"

static const struct {
        const char *name, *text;
        const char *environment[3];
        const char *region, *issuer_region, *endpoint; // of the profile "p"
} derived[] = {
    {"own region",
     "\"region\": \"us-east-2\", \"profiles\": {\"p\": {" WEB_BODY ", \"region\": \"eu-west-3\"}}",
     {"AWS_REGION=sa-east-1"},
     "eu-west-3",
     "eu-west-3",
     "https://sts.eu-west-3.amazonaws.com"},
    {"top level",
     "\"region\": \"us-east-2\", \"profiles\": {\"p\": {" WEB_BODY "}}",
     {"AWS_REGION=sa-east-1"},
     "us-east-2",
     "us-east-2",
     "https://sts.us-east-2.amazonaws.com"},
    {"environment",
     "\"profiles\": {\"p\": {" WEB_BODY "}}",
     {"AWS_DEFAULT_REGION=eu-north-1", "AWS_REGION=sa-east-1"},
     "sa-east-1",
     "sa-east-1",
     "https://sts.sa-east-1.amazonaws.com"},
    {"default region",
     "\"profiles\": {\"p\": {" WEB_BODY "}}",
     {"AWS_DEFAULT_REGION=cn-north-1"},
     "cn-north-1",
     "cn-north-1",
     "https://sts.cn-north-1.amazonaws.com.cn"},
    {"source",
     "\"profiles\": {\"p\": {" CHAIN_BODY("s") "}, \"s\": {" WEB_BODY ", \"region\": \"eu-west-3\"}}",
     {"AWS_REGION=sa-east-1"},
     "eu-west-3",
     "eu-west-3",
     "https://sts.eu-west-3.amazonaws.com"},
    {"anchored source",
     "\"profiles\": {\"p\": {" CHAIN_BODY("s") "}, \"s\": {" ANYWHERE_BODY "}}",
     {NULL},
     "eu-west-1",
     "eu-west-1",
     "https://sts.eu-west-1.amazonaws.com"},
    {"global",
     "\"profiles\": {\"p\": {" WEB_BODY ", \"region\": \"aws-global\"}}",
     {NULL},
     "us-east-1",
     "us-east-1",
     "https://sts.amazonaws.com"},
    {"global of China",
     "\"profiles\": {\"p\": {" WEB_BODY ", \"sts_region\": \"aws-cn-global\"}}",
     {NULL},
     NULL,
     "cn-northwest-1",
     "https://sts.cn-northwest-1.amazonaws.com.cn"},
    {"region of use and region of issue",
     "\"profiles\": {\"p\": {" WEB_BODY ", \"region\": \"eu-west-3\", \"sts_region\": \"us-gov-west-1\"}}",
     {NULL},
     "eu-west-3",
     "us-gov-west-1",
     "https://sts.us-gov-west-1.amazonaws.com"},
    {"anchored elsewhere",
     "\"region\": \"us-east-2\", \"profiles\": {\"p\": {" ANYWHERE_BODY ", \"sts_region\": \"eu-central-1\"}}",
     {NULL},
     "us-east-2",
     "eu-central-1",
     "https://rolesanywhere.eu-central-1.amazonaws.com"},
    {"secret of another region",
     "\"profiles\": {\"s\": {" KEYS_BODY "}, \"p\": {"
     "\"type\": \"static\", \"secretsmanager\": {\"secret_id\": \"x\", \"source_profile\": \"s\"}, \"sts_region\": "
     "\"eu-west-1\"}}",
     {"AWS_REGION=sa-east-1"},
     "sa-east-1",
     "eu-west-1",
     "https://secretsmanager.eu-west-1.amazonaws.com"},
    {"FIPS of the profile",
     "\"profiles\": {\"p\": {" WEB_BODY ", \"use_fips_endpoint\": true, \"use_dualstack_endpoint\": true}}",
     {"AWS_REGION=sa-east-1", "AWS_USE_FIPS_ENDPOINT=false"},
     "sa-east-1",
     "sa-east-1",
     "https://sts-fips.sa-east-1.api.aws"},
    {"legacy keeps the region of use",
     "\"profiles\": {\"p\": {" WEB_BODY ", \"sts_regional_endpoints\": \"legacy\"}}",
     {"AWS_REGION=sa-east-1"},
     "sa-east-1",
     "us-east-1",
     "https://sts.amazonaws.com"},
    {"static without", "\"profiles\": {\"p\": {" KEYS_BODY "}}", {NULL}, NULL, NULL, NULL},
    {"endpoint for all",
     "\"region\": \"us-east-1\", \"profiles\": {\"p\": {" WEB_BODY "}}",
     {"AWS_ENDPOINT_URL=http://localhost:4566/"},
     "us-east-1",
     "us-east-1",
     "http://localhost:4566"},
    {"endpoint of STS",
     "\"region\": \"us-east-1\", \"profiles\": {\"p\": {" WEB_BODY "}}",
     {"AWS_ENDPOINT_URL=http://localhost:1", "AWS_ENDPOINT_URL_STS=https://sts.example"},
     "us-east-1",
     "us-east-1",
     "https://sts.example"},
    {"endpoint of Roles Anywhere",
     "\"profiles\": {\"p\": {" ANYWHERE_BODY "}}",
     {"AWS_ENDPOINT_URL_STS=http://localhost:1", "AWS_ENDPOINT_URL_ROLESANYWHERE=https://ra.example"},
     "eu-west-1",
     "eu-west-1",
     "https://ra.example"},
    {"endpoints ignored",
     "\"region\": \"us-east-1\", \"profiles\": {\"p\": {" WEB_BODY "}}",
     {"AWS_ENDPOINT_URL=http://localhost:1", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=True"},
     "us-east-1",
     "us-east-1",
     "https://sts.us-east-1.amazonaws.com"},
    {"own endpoint",
     "\"region\": \"us-east-1\", \"profiles\": {\"p\": {" WEB_BODY
     ", \"endpoint_url\": \"https://own.example/base//\"}}",
     {"AWS_ENDPOINT_URL=ftp://bad"},
     "us-east-1",
     "us-east-1",
     "https://own.example/base"},
    {"static and a bad endpoint",
     "\"profiles\": {\"p\": {" KEYS_BODY "}}",
     {"AWS_ENDPOINT_URL=ftp://bad"},
     NULL,
     NULL,
     NULL},
};

static void test_derived(void **state)
{
        (void)state;
        for (size_t i = 0; i < ROWS(derived); i++) {
                char memory[3][128], text[2048];
                char *environment[4] = {NULL};
                for (size_t j = 0; j < 3 && derived[i].environment[j]; j++) {
                        (void)snprintf(memory[j], sizeof(memory[j]), "%s", derived[i].environment[j]);
                        environment[j] = memory[j];
                }
                (void)snprintf(text, sizeof(text), "{%s}", derived[i].text);
                struct settings *s = NULL;
                struct error e;
                if (parse_with(text, environment, NULL, &s, &e) < 0)
                        fail_msg("%s: %s", derived[i].name, e.message);
                const struct profile *p = settings_find(s, "p");
                const char *got[] = {p->region, p->issuer_region, p->endpoint_url};
                const char *want[] = {derived[i].region, derived[i].issuer_region, derived[i].endpoint};
                for (size_t j = 0; j < 3; j++)
                        if (want[j] ? !got[j] || strcmp(got[j], want[j]) != 0 : got[j] != NULL)
                                fail_msg("%s: %s, not %s", derived[i].name, got[j] ? got[j] : "none",
                                         want[j] ? want[j] : "none");
                settings_release(s);
        }
}

static void test_ca_bundle(void **state)
{
        (void)state;
        char *environment[] = {(char[]){"AWS_CA_BUNDLE=certs/ca.pem"}, (char[]){"AWS_REGION=us-east-1"}, NULL};
        struct settings *s = NULL;
        struct error e;
        assert_int_equal(parse_with("{\"profiles\": {\"a\": {" WEB_BODY "}, \"k\": {" KEYS_BODY "}, \"b\": {" WEB_BODY
                                    ", \"ca_bundle\": \"own.pem\"}}}",
                                    environment, NULL, &s, &e),
                         0);
        assert_string_equal(settings_find(s, "a")->ca_bundle, "/base/certs/ca.pem");
        assert_string_equal(settings_find(s, "b")->ca_bundle, "/etc/keyfob/own.pem");
        assert_null(settings_find(s, "k")->ca_bundle);
        settings_release(s);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_derived),
            cmocka_unit_test(test_ca_bundle),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
