// SPDX-License-Identifier: Apache-2.0
// Signatures, and invalid answers in their place.
#include "clients/c/keyfob.h"

#include "tests/unit/client/agent.h"

static void returns_the_headers_of_a_signature(void **state)
{
        static const struct agent_step script[] = {
            {OK_HEAD, AGENT_STAY, 0,
             "{\"headers\":{\"authorization\":\"AWS4-HMAC-SHA256 C\",\"x-amz-date\":\"D\\u0041\"},"
             "\"signed_headers\":\"host;x-amz-date\",\"generation\":1}",
             0},
            {OK_HEAD, AGENT_CLOSE, 0, "{\"headers\":{}}", 0}};
        static const struct keyfob_header headers[] = {{"content-type", "text/plain"}, {"x-empty", ""}};
        static const struct keyfob_sign_request request = {
            .method = "POST",
            .url = "https://h/a\"b",
            .headers = headers,
            .headers_count = 2,
            .payload = "hello",
            .payload_size = 5,
            .service = "s3",
        };
        struct agent agent;
        struct keyfob_signature signature;
        struct keyfob_error error;
        (void)state;
        agent_start(&agent, script, 2);
        struct keyfob_client *client = connect_to(&agent, 0);
        assert_int_equal(keyfob_sign(client, "default", &request, &signature, &error), KEYFOB_OK);
        assert_int_equal(signature.headers_count, 2);
        assert_string_equal(signature.headers[0].name, "authorization");
        assert_string_equal(signature.headers[0].value, "AWS4-HMAC-SHA256 C");
        assert_string_equal(signature.headers[1].name, "x-amz-date");
        assert_string_equal(signature.headers[1].value, "DA");
        assert_null(signature.url);
        assert_non_null(strstr(agent.log, "POST /v1/profiles/default/sign HTTP/1.1\r\n"));
        assert_non_null(strstr(agent.log, "\r\n\r\n{\"method\":\"POST\",\"url\":\"https://h/a\\\"b\",\"headers\":{"
                                          "\"content-type\":\"text/plain\",\"x-empty\":\"\"},"
                                          "\"payload\":\"aGVsbG8=\",\"service\":\"s3\"}"));
        keyfob_signature_clear(&signature);
        assert_null(signature.headers);
        struct keyfob_sign_request hashed = {
            .method = "GET", .url = "https://h/", .payload_sha256 = "00", .region = "r"};
        assert_int_equal(keyfob_sign(client, "default", &hashed, &signature, &error), KEYFOB_BAD_ANSWER);
        keyfob_signature_clear(&signature);
        keyfob_disconnect(client);
        assert_true(agent_end(&agent));
        assert_non_null(strstr(agent.log, "{\"method\":\"GET\",\"url\":\"https://h/\",\"payload_sha256\":\"00\","
                                          "\"region\":\"r\"}"));
        agent_free(&agent);
}

// As through the socket, where each name has one list: in the order in which the caller gave them.
static void joins_the_values_of_a_name(void **state)
{
        static const struct agent_step script[] = {
            {OK_HEAD, AGENT_CLOSE, 0, "{\"headers\":{\"authorization\":\"A\"},\"url\":\"https://h/%C3%A9\"}", 0}};
        static const struct keyfob_header headers[] = {{"x-a", "1"}, {"x-b", "3"}, {"X-A", "2"}, {"x-a", "\"4\""}};
        static const struct keyfob_sign_request request = {
            .method = "GET", .url = "https://H/\xc3\xa9", .headers = headers, .headers_count = 4};
        struct agent agent;
        struct keyfob_signature signature;
        (void)state;
        agent_start(&agent, script, 1);
        struct keyfob_client *client = connect_to(&agent, 0);
        assert_int_equal(keyfob_sign(client, "default", &request, &signature, NULL), KEYFOB_OK);
        assert_int_equal(signature.headers_count, 1);
        assert_string_equal(signature.headers[0].value, "A");
        assert_string_equal(signature.url, "https://h/%C3%A9");
        keyfob_signature_clear(&signature);
        assert_null(signature.url);
        keyfob_disconnect(client);
        assert_true(agent_end(&agent));
        assert_non_null(strstr(agent.log, "\"headers\":{\"x-a\":[\"1\",\"2\",\"\\\"4\\\"\"],\"x-b\":\"3\"},"));
        agent_free(&agent);
}

// What another process on the socket might send must not become a part of the caller's requests.
static void refuses_invalid_signatures(void **state)
{
        static const char *const bodies[] = {
            "{}",
            "[]",
            "{\"headers\":{}}",
            "{\"headers\":[\"authorization\"]}",
            "{\"headers\":{\"authorization\":1}}",
            "{\"headers\":{\"\":\"x\"}}",
            "{\"headers\":{\"a b\":\"x\"}}",
            "{\"headers\":{\"a\":\"x\\r\\nEvil: y\"}}",
            "{\"headers\":{\"a\\nEvil\":\"x\"}}",
            "{\"headers\":{\"a\":\"\\u007f\"}}",
            "{\"headers\":{\"authorization\":\"x\"} ",
            "{\"headers\":{\"authorization\":\"x\"},\"url\":7}",
            "{\"headers\":{\"authorization\":\"x\"},\"url\":\"https://x/\\n\"}",
        };
        static const struct keyfob_sign_request request = {.method = "GET", .url = "https://h/"};
        (void)state;
        for (size_t i = 0; i < LENGTH(bodies); i++) {
                const struct agent_step script[] = {{OK_HEAD, AGENT_CLOSE, 0, bodies[i], 0}};
                struct agent agent;
                struct keyfob_signature signature;
                agent_start(&agent, script, 1);
                struct keyfob_client *client = connect_to(&agent, 0);
                assert_int_equal(keyfob_sign(client, "default", &request, &signature, NULL), KEYFOB_BAD_ANSWER);
                assert_null(signature.headers);
                keyfob_disconnect(client);
                assert_true(agent_end(&agent));
                agent_free(&agent);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(returns_the_headers_of_a_signature),
            cmocka_unit_test(joins_the_values_of_a_name),
            cmocka_unit_test(refuses_invalid_signatures),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
