// SPDX-License-Identifier: Apache-2.0
// What a profile takes from the environment of a job of GitHub Actions.
#include "sidecar/config/profile.h"

#include "tests/unit/config/support.h"

#define JOB                                                                                                            \
        "{\"profiles\": {\"p\": {\"type\": \"web_identity\", " ROLE                                                    \
        ", \"web_identity_token_source\": \"github_actions\"%s}}}"
#define URL "ACTIONS_ID_TOKEN_REQUEST_URL="
#define TOKEN "ACTIONS_ID_TOKEN_REQUEST_TOKEN="

struct job {
        char region[32], url[256], token[256], text[512];
        struct settings *settings;
        struct error e;
        int r;
};

static void read_job(struct job *j, const char *url, const char *token, const char *more)
{
        char *environment[4] = {j->region};
        size_t n = 1;
        (void)snprintf(j->region, sizeof(j->region), "AWS_REGION=us-east-1");
        (void)snprintf(j->text, sizeof(j->text), JOB, more);
        (void)snprintf(j->url, sizeof(j->url), URL "%s", url ? url : "");
        (void)snprintf(j->token, sizeof(j->token), TOKEN "%s", token ? token : "");
        if (url)
                environment[n++] = j->url;
        if (token)
                environment[n++] = j->token;
        j->settings = NULL;
        j->r = parse_with(j->text, environment, NULL, &j->settings, &j->e);
}

static void test_taken(void **state)
{
        (void)state;
        static const struct {
                const char *url, *more, *audience;
        } t[] = {
            {"https://pipelines.actions.githubusercontent.com/x/idtoken?api-version=2.0", "", "sts.amazonaws.com"},
            {"https://h/token", ", \"audience\": \"sts.amazonaws.com.cn\"", "sts.amazonaws.com.cn"},
            {"http://127.0.0.1:8080/t?a=b", "", "sts.amazonaws.com"},
        };
        for (size_t i = 0; i < ROWS(t); i++) {
                struct job j;
                read_job(&j, t[i].url, "job-token", t[i].more);
                if (j.r < 0)
                        fail_msg("%s: %s", t[i].url, j.e.message);
                const struct profile *p = settings_find(j.settings, "p");
                assert_string_equal(p->web_identity.request_url, t[i].url);
                assert_string_equal(p->web_identity.audience, t[i].audience);
                assert_true(slice_eq(secret_expose(&p->web_identity.request_token), SLICE("job-token")));
                assert_null(p->web_identity_token_file);
                settings_release(j.settings);
        }
}

static void test_refused(void **state)
{
        (void)state;
        static const struct {
                const char *url, *token, *message, *hint;
        } t[] = {
            {NULL, NULL,
             "profiles.p.web_identity_token_source: found no ACTIONS_ID_TOKEN_REQUEST_URL in the environment",
             "\"permissions: id-token: write\""},
            {"https://h/t", NULL, "found no ACTIONS_ID_TOKEN_REQUEST_TOKEN", "id-token: write"},
            {"https://h/t", "", "found no ACTIONS_ID_TOKEN_REQUEST_TOKEN", "id-token: write"},
            {NULL, "CANARY", "found no ACTIONS_ID_TOKEN_REQUEST_URL", "id-token: write"},
            {"http://h/CANARY", "CANARY", "environment: ACTIONS_ID_TOKEN_REQUEST_URL: found an invalid value",
             "as GitHub"},
            {"h/CANARY", "CANARY", "an invalid value", "as GitHub"},
            {"https://h/t?a b", "CANARY", "an invalid value", "as GitHub"},
            {"https://h/t?a#b", "CANARY", "an invalid value", "as GitHub"},
            {"https://u:CANARY@h/t", "CANARY", "an invalid value", "as GitHub"},
            {"https://h/t", "CANARY\r\nx: y", "environment: ACTIONS_ID_TOKEN_REQUEST_TOKEN: found an invalid value",
             "as GitHub"},
        };
        for (size_t i = 0; i < ROWS(t); i++) {
                struct job j;
                read_job(&j, t[i].url, t[i].token, "");
                if (j.r == 0 || j.e.kind != ERROR_CONFIG || !strstr(j.e.message, t[i].message) ||
                    !strstr(j.e.hint, t[i].hint) || strstr(j.e.message, "CANARY") || strstr(j.e.hint, "CANARY"))
                        fail_msg("%zu: %s (%s)", i, j.e.message, j.e.hint);
        }
}

static void test_of_no_matter_to_a_file(void **state)
{
        (void)state;
        struct settings *s = parse_good("{\"profiles\": {\"p\": {" WEB_BODY "}}}");
        assert_null(settings_find(s, "p")->web_identity.request_url);
        assert_null(settings_find(s, "p")->web_identity.audience);
        settings_release(s);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_taken),
            cmocka_unit_test(test_refused),
            cmocka_unit_test(test_of_no_matter_to_a_file),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
