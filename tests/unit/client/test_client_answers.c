// SPDX-License-Identifier: Apache-2.0
// Invalid answers, and refusals.
#include "clients/c/keyfob.h"

#include "tests/unit/client/agent.h"

static void refuses_invalid_answers(void **state)
{
        static const struct {
                const char *name;
                struct agent_step step;
                enum keyfob_status want;
        } rows[] = {
            {"nothing", {"", AGENT_CLOSE, 0, NULL, 0}, KEYFOB_BAD_ANSWER},
            {"silence", {"", AGENT_HANG, 0, NULL, 0}, KEYFOB_TIMED_OUT},
            {"half a head, then silence", {"HTTP/1.1 200 OK\r\nConte", AGENT_HANG, 0, NULL, 0}, KEYFOB_TIMED_OUT},
            {"half a body, then silence", {OK_HEAD, AGENT_HANG, 0, "{\"Version\"", 100}, KEYFOB_TIMED_OUT},
            {"half a head", {"HTTP/1.1 200 OK\r\nConte", AGENT_CLOSE, 0, NULL, 0}, KEYFOB_BAD_ANSWER},
            {"half a body", {OK_HEAD, AGENT_CLOSE, 0, DOCUMENT, 1}, KEYFOB_BAD_ANSWER},
            {"no length", {"HTTP/1.1 200 OK\r\n\r\n" DOCUMENT, AGENT_CLOSE, 0, NULL, 0}, KEYFOB_BAD_ANSWER},
            {"too much", {OK_HEAD, AGENT_CLOSE, 0, DOCUMENT, -1}, KEYFOB_BAD_ANSWER},
            {"two answers", {OK_HEAD, AGENT_CLOSE, 0, DOCUMENT OK_HEAD, 1 - (int)sizeof(OK_HEAD)}, KEYFOB_BAD_ANSWER},
            {"garbage", {"SSH-2.0-OpenSSH_9.2\r\n", AGENT_CLOSE, 0, NULL, 0}, KEYFOB_BAD_ANSWER},
            {"huge", {OK_HEAD "Content-Length: 99999999999\r\n\r\n", AGENT_HANG, 0, NULL, 0}, KEYFOB_BAD_ANSWER},
            {"no JSON", {OK_HEAD, AGENT_CLOSE, 0, "hello", 0}, KEYFOB_BAD_ANSWER},
            {"empty", {OK_HEAD, AGENT_CLOSE, 0, "", 0}, KEYFOB_BAD_ANSWER},
            {"no keys", {OK_HEAD, AGENT_CLOSE, 0, "{\"Version\":1}", 0}, KEYFOB_BAD_ANSWER},
            {"a key with the end of a line",
             {OK_HEAD, AGENT_CLOSE, 0, "{\"Version\":1,\"AccessKeyId\":\"A\\r\\nX: y\",\"SecretAccessKey\":\"s\"}", 0},
             KEYFOB_BAD_ANSWER},
            {"empty key",
             {OK_HEAD, AGENT_CLOSE, 0, "{\"Version\":1,\"AccessKeyId\":\"\",\"SecretAccessKey\":\"s\"}", 0},
             KEYFOB_BAD_ANSWER},
        };
        (void)state;
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct agent agent;
                struct keyfob_credentials c;
                struct keyfob_error error;
                agent_start(&agent, &rows[i].step, 1);
                struct keyfob_client *client = connect_to(&agent, rows[i].want == KEYFOB_TIMED_OUT ? 50 : 0);
                enum keyfob_status status = keyfob_get_credentials(client, "default", &c, &error);
                if (status != rows[i].want)
                        fail_msg("%s: %d %s", rows[i].name, (int)status, error.detail);
                assert_int_equal(error.status, status);
                assert_true(error.detail[0] != 0);
                assert_null(c.access_key_id);
                keyfob_credentials_clear(&c);
                keyfob_disconnect(client);
                assert_true(agent_end(&agent));
                agent_free(&agent);
        }
}

static void skips_interim_answers(void **state)
{
        static const struct agent_step script[] = {
            {"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", AGENT_CLOSE, 3, NULL, 0}};
        struct agent agent;
        struct keyfob_response response;
        (void)state;
        agent_start(&agent, script, 1);
        struct keyfob_client *client = connect_to(&agent, 0);
        assert_int_equal(keyfob_request(client, "GET", "/livez", NULL, &response, NULL), KEYFOB_OK);
        assert_int_equal(response.status, 200);
        assert_int_equal(response.body_size, 2);
        keyfob_disconnect(client);
        assert_true(agent_end(&agent));
        agent_free(&agent);
}

#define PROBLEM_HEAD "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/problem+json\r\n"

static void returns_the_agents_error(void **state)
{
        static const struct {
                const char *head, *body;
                int http_status, retry_after_s;
                const char *code, *detail, *hint;
        } rows[] = {
            {PROBLEM_HEAD,
             "{\"title\":\"Credentials unavailable\",\"code\":\"credentials_unavailable\","
             "\"detail\":\"none yet\",\"hint\":\"wait\",\"retry_after\":7}",
             503, 7, "credentials_unavailable", "none yet", "wait"},
            {PROBLEM_HEAD, "{\"title\":\"Title\"}", 503, 0, "", "Title", ""},
            {PROBLEM_HEAD, "{\"detail\":\"a\\u001b[2J\xc3\xa4\\u009b2J\"}", 503, 0, "", "a?[2J\xc3\xa4??2J", ""},
            {"HTTP/1.1 404 Not Found\r\n", "nope", 404, 0, "", "the agent answered with HTTP status 404",
             "check that a keyfob agent listens on this socket, and read its log"},
            {"HTTP/1.1 500 Oh\r\n", "{\"detail\":7,\"code\":1}", 500, 0, "", "the agent answered with HTTP status 500",
             "check that a keyfob agent listens on this socket, and read its log"},
        };
        (void)state;
        for (size_t i = 0; i < LENGTH(rows); i++) {
                const struct agent_step script[] = {{rows[i].head, AGENT_CLOSE, 0, rows[i].body, 0}};
                struct agent agent;
                struct keyfob_credentials c;
                struct keyfob_error error;
                agent_start(&agent, script, 1);
                struct keyfob_client *client = connect_to(&agent, 0);
                assert_int_equal(keyfob_get_credentials(client, "default", &c, &error), KEYFOB_REFUSED);
                assert_int_equal(error.http_status, rows[i].http_status);
                assert_int_equal(error.retry_after_s, rows[i].retry_after_s);
                assert_string_equal(error.code, rows[i].code);
                assert_string_equal(error.detail, rows[i].detail);
                assert_string_equal(error.hint, rows[i].hint);
                keyfob_disconnect(client);
                assert_true(agent_end(&agent));
                agent_free(&agent);
        }
}

static void reads_a_refusal_sent_before_the_whole_request(void **state)
{
        static const struct agent_step script[] = {{"HTTP/1.1 413 Content Too Large\r\nConnection: close\r\n",
                                                    AGENT_CLOSE_UNREAD, 0, "{\"detail\":\"too large\"}", 0}};
        const size_t size = 1000000; // more than a socket holds
        struct agent agent;
        struct keyfob_response response;
        struct keyfob_error error;
        (void)state;
        char *body = malloc(size + 1);
        assert_non_null(body);
        memset(body, ' ', size);
        body[size] = 0;
        agent_start(&agent, script, 1);
        struct keyfob_client *client = connect_to(&agent, 0);
        assert_int_equal(keyfob_request(client, "POST", "/v1/profiles/x/sign", body, &response, &error),
                         KEYFOB_REFUSED);
        assert_int_equal(error.http_status, 413);
        assert_string_equal(error.detail, "too large");
        keyfob_disconnect(client);
        assert_true(agent_end(&agent));
        agent_free(&agent);
        free(body);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(refuses_invalid_answers),
            cmocka_unit_test(skips_interim_answers),
            cmocka_unit_test(returns_the_agents_error),
            cmocka_unit_test(reads_a_refusal_sent_before_the_whole_request),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
