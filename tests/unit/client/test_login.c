// SPDX-License-Identifier: Apache-2.0
#include "clients/c/keyfob.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/client/agent.h"
#include "tests/unit/unit.h"

#define OK_HEAD "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
#define REFUSED "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/problem+json\r\n"
#define PENDING                                                                                                        \
        "{\"kind\":\"sso\",\"profile\":\"dev\",\"state\":\"pending\",\"start_url\":\"https://x/start\","               \
        "\"verification_uri\":\"https://v/\",\"verification_uri_complete\":\"https://v/?c=1\",\"user_code\":"          \
        "\"AB\\u001b-CD\",\"expires_in\":600,\"interval\":5,\"unknown\":[]}\n"
#define FAILED                                                                                                         \
        "{\"kind\":\"sso\",\"profile\":\"dev\",\"state\":\"failed\",\"error\":{\"kind\":\"denied\",\"detail\":\"no\"," \
        "\"hint\":\"again\"}}"

struct answer {
        enum keyfob_status status;
        struct keyfob_login login;
        struct keyfob_error error;
        char request[1024];
};

// Begins a login, or asks for its status.
static void ask(const char *head, const char *body, bool begins, const char *code, struct answer *ret)
{
        const struct agent_step script[] = {{head, AGENT_CLOSE, 0, body, 0}};
        struct agent agent;
        agent_start(&agent, script, 1);
        struct keyfob_options options = {.socket = agent.path};
        struct keyfob_client *client = keyfob_connect(&options, &ret->error);
        assert_non_null(client);
        ret->status = begins ? keyfob_login_begin(client, "dev", code, &ret->login, &ret->error)
                             : keyfob_login_status(client, "dev", &ret->login, &ret->error);
        keyfob_disconnect(client);
        assert_true(agent_end(&agent));
        (void)snprintf(ret->request, sizeof(ret->request), "%s", agent.log);
        agent_free(&agent);
}

static void reads_a_login_in_a_browser(void **state)
{
        struct answer a;
        (void)state;
        ask(OK_HEAD, PENDING, true, NULL, &a);
        assert_int_equal(a.status, KEYFOB_OK);
        assert_string_equal(a.request, "POST /v1/profiles/dev/login HTTP/1.1\r\nHost: keyfob\r\n"
                                       "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}");
        assert_int_equal(a.login.kind, KEYFOB_LOGIN_SSO);
        assert_int_equal(a.login.state, KEYFOB_LOGIN_PENDING);
        assert_string_equal(a.login.profile, "dev");
        assert_string_equal(a.login.verification_uri, "https://v/");
        assert_string_equal(a.login.verification_uri_complete, "https://v/?c=1");
        assert_string_equal(a.login.user_code, "AB?-CD"); // without the control character
        assert_int_equal(a.login.expires_in_s, 600);
        assert_int_equal(a.login.interval_s, 5);

        ask(OK_HEAD, FAILED, false, NULL, &a);
        assert_int_equal(a.status, KEYFOB_OK);
        assert_string_equal(a.request, "GET /v1/profiles/dev/login HTTP/1.1\r\nHost: keyfob\r\n\r\n");
        assert_int_equal(a.login.state, KEYFOB_LOGIN_FAILED);
        assert_string_equal(a.login.detail, "no");
        assert_string_equal(a.login.hint, "again");
        assert_string_equal(a.login.user_code, "");

        ask(OK_HEAD, "{\"kind\":\"aws_login\",\"profile\":\"dev\",\"state\":\"idle\"}", false, NULL, &a);
        assert_int_equal(a.status, KEYFOB_OK);
        assert_int_equal(a.login.kind, KEYFOB_LOGIN_AWS);
        assert_int_equal(a.login.state, KEYFOB_LOGIN_IDLE);
}

static void sends_an_mfa_code(void **state)
{
        struct answer a;
        (void)state;
        ask(OK_HEAD, "{\"kind\":\"mfa\",\"profile\":\"admin\",\"state\":\"complete\",\"mfa_serial\":\"arn:x\"}", true,
            "123456", &a);
        assert_int_equal(a.status, KEYFOB_OK);
        assert_non_null(strstr(a.request, "\r\n\r\n{\"token_code\":\"123456\"}"));
        assert_int_equal(a.login.kind, KEYFOB_LOGIN_MFA);
        assert_int_equal(a.login.state, KEYFOB_LOGIN_COMPLETE);
        assert_string_equal(a.login.mfa_serial, "arn:x");

        ask(REFUSED, "{\"code\":\"mfa_required\",\"detail\":\"wrong\",\"hint\":\"next\"}", true, "123456", &a);
        assert_int_equal(a.status, KEYFOB_REFUSED);
        assert_string_equal(a.error.code, "mfa_required");
        assert_int_equal(a.login.kind, KEYFOB_LOGIN_NONE);
}

static void refuses_invalid_answers(void **state)
{
        static const char *const bodies[] = {"",
                                             "[]",
                                             "{}",
                                             "{\"kind\":\"other\"}",
                                             "{\"kind\":1}",
                                             "{\"kind\":\"sso\"}",
                                             "{\"kind\":\"sso\",\"state\":\"other\"}",
                                             "{\"kind\":\"sso\",\"state\":\"idle\"} x"};
        struct answer a;
        (void)state;
        for (size_t i = 0; i < LENGTH(bodies); i++) {
                ask(OK_HEAD, bodies[i], false, NULL, &a);
                assert_int_equal(a.status, KEYFOB_BAD_ANSWER);
                assert_int_equal(a.login.kind, KEYFOB_LOGIN_NONE);
        }
        ask(OK_HEAD, "{\"kind\":\"none\"}", false, NULL, &a);
        assert_int_equal(a.status, KEYFOB_OK);
        // A text that does not fit, or a member of another type, is left out.
        ask(OK_HEAD,
            "{\"kind\":\"sso\",\"state\":\"pending\",\"interval\":-1,\"expires_in\":1.5,\"verification_uri\":1,"
            "\"user_code\":\"1234567890123456789012345678901234567890123456789012345678901234567890\"}",
            false, NULL, &a);
        assert_int_equal(a.status, KEYFOB_OK);
        assert_int_equal(a.login.interval_s, 0);
        assert_int_equal(a.login.expires_in_s, 0);
        assert_string_equal(a.login.user_code, "");
        assert_string_equal(a.login.verification_uri, "");
        // So is what does not look like what it opens.
        static const char *const addresses[] = {"javascript:alert(1)", "https://aws.amazon.com@v/",
                                                "https://v/\\u202ee",  "https://\\u0430ws.amazon.com/",
                                                "https://v/\\n",       "https://v/ x"};
        for (size_t i = 0; i < LENGTH(addresses); i++) {
                char body[256];
                snprintf(body, sizeof(body),
                         "{\"kind\":\"sso\",\"state\":\"pending\",\"verification_uri\":\"%s\","
                         "\"verification_uri_complete\":\"%s\",\"user_code\":\"A-B\"}",
                         addresses[i], addresses[i]);
                ask(OK_HEAD, body, false, NULL, &a);
                assert_int_equal(a.status, KEYFOB_OK);
                assert_string_equal(a.login.verification_uri, "");
                assert_string_equal(a.login.verification_uri_complete, "");
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(reads_a_login_in_a_browser),
            cmocka_unit_test(sends_an_mfa_code),
            cmocka_unit_test(refuses_invalid_answers),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
