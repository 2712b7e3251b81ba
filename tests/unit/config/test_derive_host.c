// SPDX-License-Identifier: Apache-2.0
// Where container and imds profiles ask: keys of the profile, variables of the environment, AWS's own addresses.
#include "tests/unit/config/support.h"

#define CONTAINER(keys) "{\"profiles\": {\"p\": {\"type\": \"container\"" keys "}}}"
#define IMDS(keys) "{\"profiles\": {\"p\": {\"type\": \"imds\"" keys "}}}"
#define RELATIVE ", \"aws_container_credentials_relative_uri\": "
#define FULL ", \"aws_container_credentials_full_uri\": "
#define TOKEN ", \"aws_container_authorization_token\": "
#define TOKEN_FILE ", \"aws_container_authorization_token_file\": "
#define ENV_RELATIVE "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI="
#define ENV_FULL "AWS_CONTAINER_CREDENTIALS_FULL_URI="
#define ENV_TOKEN "AWS_CONTAINER_AUTHORIZATION_TOKEN="
#define ENV_TOKEN_FILE "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE="
#define ENV_ENDPOINT "AWS_EC2_METADATA_SERVICE_ENDPOINT="
#define ENV_MODE "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE="

enum { VARIABLES_N = 4 };

static int parse_in(const char *text, const char *const *variables, struct settings **ret, struct error *e)
{
        char *environment[VARIABLES_N + 1] = {NULL};
        for (size_t i = 0; i < VARIABLES_N && variables[i]; i++) {
                environment[i] = strdup(variables[i]);
                assert_non_null(environment[i]);
        }
        int r = parse_with(text, environment, NULL, ret, e);
        for (size_t i = 0; i < VARIABLES_N; i++)
                free(environment[i]);
        return r;
}

static void container(void **state)
{
        (void)state;
        static const struct {
                const char *text, *environment[VARIABLES_N];
                const char *url, *token, *token_file;
        } t[] = {
            {CONTAINER(RELATIVE "\"/v2/credentials/1?x=y\""),
             {NULL},
             "http://169.254.170.2/v2/credentials/1?x=y",
             "",
             NULL},
            {CONTAINER(FULL "\"http://127.0.0.1:99/a?b=c\"" TOKEN "\"Basic abc\""),
             {NULL},
             "http://127.0.0.1:99/a?b=c",
             "Basic abc",
             NULL},
            {CONTAINER(FULL "\"http://LOCALHOST/\"" TOKEN_FILE "\"token\""),
             {NULL},
             "http://LOCALHOST/",
             "",
             "/etc/keyfob/token"},
            {CONTAINER(FULL "\"https://example.com\""), {NULL}, "https://example.com", "", NULL},
            {CONTAINER(FULL "\"http://[::1]:8080/x\""), {NULL}, "http://[::1]:8080/x", "", NULL},
            {CONTAINER(FULL "\"http://[fd00:ec2::23]/v1/credentials\""),
             {NULL},
             "http://[fd00:ec2::23]/v1/credentials",
             "",
             NULL},
            {CONTAINER(FULL "\"http://169.254.170.23/v1/credentials\""),
             {NULL},
             "http://169.254.170.23/v1/credentials",
             "",
             NULL},
            {CONTAINER(FULL "\"http://127.0.0.1/\"" RELATIVE "\"/r\""), {NULL}, "http://169.254.170.2/r", "", NULL},
            // the environment's
            {CONTAINER(""), {ENV_RELATIVE "/r", ENV_FULL "http://127.0.0.1/f"}, "http://169.254.170.2/r", "", NULL},
            {CONTAINER(""),
             {ENV_RELATIVE, ENV_FULL "http://127.0.0.1/f", ENV_TOKEN "t"},
             "http://127.0.0.1/f",
             "t",
             NULL},
            {CONTAINER(""),
             {ENV_FULL "http://127.0.0.1/f", ENV_TOKEN "t", ENV_TOKEN_FILE "f"},
             "http://127.0.0.1/f",
             "",
             "/base/f"},
            {CONTAINER(TOKEN "\"own\""),
             {ENV_FULL "http://127.0.0.1/f", ENV_TOKEN "t"},
             "http://127.0.0.1/f",
             "own",
             NULL},
            // a token of the environment is not sent to a URI that is not
            {CONTAINER(FULL "\"http://127.0.0.1/own\""),
             {ENV_FULL "http://127.0.0.1/f", ENV_TOKEN "t"},
             "http://127.0.0.1/own",
             "",
             NULL},
        };
        for (size_t i = 0; i < ROWS(t); i++) {
                struct settings *s = NULL;
                struct error e;
                if (parse_in(t[i].text, t[i].environment, &s, &e) < 0)
                        fail_msg("row %zu: %s", i, e.message);
                const struct profile *p = &s->profiles[0];
                assert_string_equal(p->container.url, t[i].url);
                assert_true(slice_eq(secret_expose(&p->container.authorization_token), slice_str(t[i].token)));
                if (t[i].token_file)
                        assert_string_equal(p->container.authorization_token_file, t[i].token_file);
                else
                        assert_null(p->container.authorization_token_file);
                settings_release(s);
        }
}

static void imds(void **state)
{
        (void)state;
        static const struct {
                const char *text, *environment[VARIABLES_N];
                const char *endpoint;
                bool is_disabled;
        } t[] = {
            {IMDS(""), {NULL}, "http://169.254.169.254", false},
            {IMDS(", \"endpoint_mode\": \"ipv6\""), {NULL}, "http://[fd00:ec2::254]", false},
            {IMDS(""), {ENV_MODE "IPv6"}, "http://[fd00:ec2::254]", false},
            {IMDS(""), {ENV_MODE "IPv6", ENV_ENDPOINT "http://127.0.0.1:1338//"}, "http://127.0.0.1:1338", false},
            {IMDS(", \"endpoint_mode\": \"IPv4\""),
             {ENV_MODE "IPv6", ENV_ENDPOINT "http://127.0.0.1:1338"},
             "http://169.254.169.254",
             false},
            {IMDS(", \"endpoint\": \"http://[fd00:ec2::254]/\""),
             {ENV_ENDPOINT "http://127.0.0.1:1338"},
             "http://[fd00:ec2::254]",
             false},
            {IMDS(", \"endpoint_url\": \"http://127.0.0.1:5/\""), {NULL}, "http://127.0.0.1:5", false},
            {IMDS(""), {"AWS_EC2_METADATA_DISABLED=True"}, "http://169.254.169.254", true},
            {IMDS(""), {"AWS_EC2_METADATA_DISABLED=1"}, "http://169.254.169.254", false},
        };
        for (size_t i = 0; i < ROWS(t); i++) {
                struct settings *s = NULL;
                struct error e;
                if (parse_in(t[i].text, t[i].environment, &s, &e) < 0)
                        fail_msg("row %zu: %s", i, e.message);
                assert_string_equal(s->profiles[0].imds.endpoint, t[i].endpoint);
                assert_int_equal(s->profiles[0].imds.is_disabled, t[i].is_disabled);
                settings_release(s);
        }
}

static void refusals(void **state)
{
        (void)state;
        static const struct {
                const char *text, *environment[VARIABLES_N];
                const char *where, *expected;
        } t[] = {
            {CONTAINER(""), {NULL}, "profiles.p: ", "nor their variables"},
            {CONTAINER(""), {ENV_TOKEN "S3CRET"}, "profiles.p: ", "nor their variables"},
            {CONTAINER(FULL "\"http://S3CRET.example.com/x\""), {NULL}, "full_uri", "https, or plain http"},
            {CONTAINER(FULL "\"http://169.254.169.254/S3CRET\""), {NULL}, "full_uri", "https, or plain http"},
            {CONTAINER(FULL "\"http://127.0.0.1.example.com/S3CRET\""), {NULL}, "full_uri", "https, or plain http"},
            {CONTAINER(FULL "\"http://[fe80::1]/S3CRET\""), {NULL}, "full_uri", "https, or plain http"},
            {CONTAINER(FULL "\"http://u:S3CRET@127.0.0.1/\""), {NULL}, "full_uri", "without a user"},
            {CONTAINER(FULL "\"http://127.0.0.1/?S3CRET#f\""), {NULL}, "full_uri", "a URL"},
            {CONTAINER(FULL "\"ftp://127.0.0.1/S3CRET\""), {NULL}, "full_uri", "a URL"},
            {CONTAINER(FULL "\"/S3CRET\""), {NULL}, "full_uri", "a URL"},
            {CONTAINER(TOKEN "\"S3CRET\\n\""), {ENV_FULL "http://127.0.0.1/"}, "token", "line breaks"},
            {CONTAINER(", \"endpoint_url\": \"http://127.0.0.1\""), {NULL}, "endpoint_url", "full_uri"},
            {CONTAINER(""), {ENV_RELATIVE "S3CRET"}, "environment: AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "begins"},
            {CONTAINER(""),
             {ENV_FULL "http://S3CRET.example.com"},
             "environment: AWS_CONTAINER_CREDENTIALS_FULL_URI",
             "https, or"},
            {CONTAINER(""),
             {ENV_FULL "http://127.0.0.1/", ENV_TOKEN "S3CRET\n"},
             "environment: AWS_CONTAINER_AUTHORIZATION_TOKEN",
             "line breaks"},
            {IMDS(", \"endpoint\": \"http://example.com\""), {NULL}, "endpoint", "https"},
            {IMDS(", \"endpoint\": \"http://u:S3CRET@127.0.0.1\""), {NULL}, "endpoint", "no user"},
            {IMDS(", \"endpoint\": \"169.254.169.254\""), {NULL}, "endpoint", "a URL"},
            {IMDS(", \"endpoint_mode\": \"IPv5\""), {NULL}, "endpoint_mode", "IPv6"},
            {IMDS(""), {ENV_ENDPOINT "http://u:S3CRET@h/"}, "environment: AWS_EC2_METADATA_SERVICE_ENDPOINT", "a URL"},
            {IMDS(""), {ENV_MODE "both"}, "environment: AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "IPv6"},
        };
        for (size_t i = 0; i < ROWS(t); i++) {
                struct settings *s = NULL;
                struct error e;
                if (parse_in(t[i].text, t[i].environment, &s, &e) == 0)
                        fail_msg("row %zu was taken", i);
                assert_int_equal(e.kind, ERROR_CONFIG);
                if (!strstr(e.message, t[i].where) || !strstr(e.message, t[i].expected))
                        fail_msg("row %zu: %s", i, e.message);
                assert_true(e.hint[0] != '\0');
                assert_null(strstr(e.message, "S3CRET"));
                assert_null(strstr(e.hint, "S3CRET"));
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(container),
            cmocka_unit_test(imds),
            cmocka_unit_test(refusals),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
