// SPDX-License-Identifier: Apache-2.0
// POST …/sign: what is refused, by its form and by its size.
#include "tests/unit/server/fixture.h"

#define SCOPE ",\"service\":\"s\",\"region\":\"r\""
#define EMPTY_HASH "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static void test_refused_orders(void **state)
{
        (void)state;
        static const struct {
                const char *body;
                int status;
                const char *code, *text;
        } rows[] = {
            {"", 400, "invalid_request", "JSON"},
            {"[]", 400, "invalid_request", "an array"},
            {"{\"method\":\"GET\"", 400, "invalid_request", "line 1"},
            {"{}", 400, "invalid_request", "method"},
            {"{\"method\":\"GET\"}", 400, "invalid_request", "url"},
            {"{\"method\":\"G T\",\"url\":\"" STS_URL "\",\"payload_text\":\"\"}", 400, "invalid_request", "method"},
            {"{\"method\":\"GE\\nT\",\"url\":\"" STS_URL "\"}", 400, "invalid_request", "invalid method: \\\"GE?T\\\""},
            {"{\"method\":\"GET\",\"url\":\"" STS_URL "\",\"headers\":{\"x-a\":\"1\\r\\nx-b: 2\"}}", 400,
             "invalid_request", "the header x-a contains a line break"},
            {"{\"method\":\"GET\",\"url\":\"" STS_URL "\",\"headers\":{\"host\":[\"a\",\"b\"]}}", 400,
             "invalid_request", "host twice"},
            {"{\"method\":\"GET\",\"url\":\"" STS_URL "\",\"headers\":{\"host\":\"a\\r\\nb\"}}", 400, "invalid_request",
             "invalid header host: \\\"a??b"},
            {"{\"method\":\"GET\",\"url\":\"" STS_URL "\",\"headers\":{\"host\":\"\"}" SCOPE "}", 400,
             "invalid_request", "host is empty"},
            {"{\"method\":5,\"url\":\"" STS_URL "\"}", 400, "invalid_request", "a number, not a string"},
            {"{\"method\":\"GET\",\"method\":\"GET\",\"url\":\"" STS_URL "\"}", 400, "invalid_request", "duplicate"},
            {"{\"method\":\"GET\",\"url\":\"" STS_URL "\",\"payload_sha265\":\"00\"}", 400, "invalid_request",
             "payload_sha265"},
            {"{\"method\":\"GET\",\"url\":\"" STS_URL "\",\"expires_in\":5}", 400, "invalid_request", "expires_in"},
            {"{\"method\":\"GET\",\"url\":\"ftp://x/\"}", 400, "invalid_url", "https://"},
            {"{\"method\":\"GET\",\"url\":\"https://u@x/\"}", 400, "invalid_url", "user"},
            {"{\"method\":\"GET\",\"url\":\"https://x/ y\"}", 400, "invalid_url", "blank"},
            {"{\"method\":\"GET\",\"url\":\"" STS_URL "\",\"headers\":[]}", 400, "invalid_request", "headers"},
            {"{\"method\":\"GET\",\"url\":\"" STS_URL "\",\"headers\":{\"a\":1}}", 400, "invalid_request", "headers"},
            {"{\"method\":\"GET\",\"url\":\"" STS_URL "\",\"headers\":{\"a\":[\"b\",{}]}}", 400, "invalid_request",
             "headers"},
            {"{\"method\":\"GET\",\"url\":\"" STS_URL "\",\"headers\":{\"a\":\"b\\u0000\"}}", 400, "invalid_request",
             ""},
            {"{\"method\":\"GET\",\"url\":\"" STS_URL "\",\"headers\":{\"X-Amz-Date\":\"x\"}}", 400, "invalid_request",
             "already"},
            {"{\"method\":\"GET\",\"url\":\"" STS_URL "\",\"algorithm\":\"sigv4b\"}", 400, "invalid_request", "sigv4a"},
            {"{\"method\":\"GET\",\"url\":\"" STS_URL "\",\"region_set\":\"*\"}", 400, "invalid_request", "region_set"},
            {"{\"method\":\"GET\",\"url\":\"" STS_URL "\",\"algorithm\":\"sigv4a\",\"region_set\":\"a,,b\"}", 400,
             "invalid_request", "invalid region set"},
            {"{\"method\":\"GET\",\"url\":\"" STS_URL "\",\"algorithm\":\"sigv4a\",\"region_set\":\"a\\nx-amz-b:c\"}",
             400, "invalid_request", "invalid region set"},
            {"{\"method\":\"GET\",\"url\":\"" STS_URL "\",\"algorithm\":\"sigv4a\",\"region_set\":\"US-EAST-1\"}", 400,
             "invalid_request", "invalid region set"},
            {"{\"method\":\"GET\",\"url\":\"" STS_URL "\",\"algorithm\":\"sigv4a\",\"region_set\":\"us east\"}", 400,
             "invalid_request", "invalid region set"},
            {"{\"method\":\"GET\",\"url\":\"" STS_URL "\",\"algorithm\":\"sigv4a\",\"region_set\":\"a,\"}", 400,
             "invalid_request", "invalid region set"},
            {"{\"method\":\"GET\",\"url\":\"" STS_URL "\",\"algorithm\":\"sigv4a\",\"region_set\":\",a\"}", 400,
             "invalid_request", "invalid region set"},
            {"{\"method\":\"GET\",\"url\":\"" STS_URL
             "\",\"algorithm\":\"sigv4a\",\"region_set\":\"a\",\"region\":\"b\"}",
             400, "invalid_request", "exclude"},
            {"{\"method\":\"GET\",\"url\":\"" STS_URL "\",\"algorithm\":\"sigv4a\",\"region_set\":\"\"}", 400,
             "invalid_request", "empty"},
            {"{\"method\":\"GET\",\"url\":\"" STS_URL "\",\"algorithm\":7}", 400, "invalid_request", "algorithm"},
            {"{\"method\":\"GET\",\"url\":\"" STS_URL "\",\"time\":\"noon\"}", 400, "invalid_request", "time"},
            {"{\"method\":\"POST\",\"url\":\"" STS_URL "\"}", 400, "invalid_request", "payload"},
            {"{\"method\":\"POST\",\"url\":\"" STS_URL "\",\"payload_sha256\":\"abc\"}", 400, "invalid_request", "64"},
            {"{\"method\":\"POST\",\"url\":\"" STS_URL "\",\"payload_sha256\":\"UNSIGNED-PAYLOAD\"}", 400,
             "invalid_request", "64"},
            {"{\"method\":\"POST\",\"url\":\"" STS_URL "\",\"payload\":\"a b\"}", 400, "invalid_request", "base64"},
            {"{\"method\":\"POST\",\"url\":\"" STS_URL "\",\"payload\":\"\",\"payload_text\":\"\"}", 400,
             "invalid_request", "twice"},
            {"{\"method\":\"POST\",\"url\":\"" STS_URL "\",\"payload\":\"\",\"unsigned_payload\":true}", 400,
             "invalid_request", "twice"},
            {"{\"method\":\"POST\",\"url\":\"" STS_URL "\",\"payload_text\":\"\",\"payload_sha256\":\"" EMPTY_HASH
             "\"}",
             400, "invalid_request", "twice"},
            {"{\"method\":\"POST\",\"url\":\"" STS_URL "\",\"payload_sha256\":\"" EMPTY_HASH
             "\",\"payload_text\":\"x\"}",
             400, "invalid_request", "twice"},
            {"{\"method\":\"POST\",\"url\":\"" STS_URL "\",\"unsigned_payload\":\"yes\"}", 400, "invalid_request",
             "true or false"},
            {"{\"method\":\"POST\",\"url\":\"" STS_URL "\",\"unsigned_payload\":true}", 403, "unsigned_not_allowed",
             "sts"},
            {"{\"method\":\"POST\",\"url\":\"" BEDROCK_URL "\",\"unsigned_payload\":true}", 403, "unsigned_not_allowed",
             "bedrock"},
        };
        struct fixture f;
        struct client c;
        serve_credentials(&f, &c);
        for (size_t i = 0; i < LENGTH(rows); i++) {
                client_post(&c, SIGN, rows[i].body);
                expect_problem(&c, rows[i].status, rows[i].code);
                ASSERT_BODY_HAS(&c, rows[i].text);
                assert_false(client_body_has(&c, SECRET));
        }
        client_ask(&c, "POST " SIGN " HTTP/1.1\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}");
        expect_problem(&c, 415, "unsupported_media_type");
        client_ask(&c, "POST " SIGN " HTTP/1.1\r\nContent-Type: Application/JSON; charset=utf-8\r\n"
                       "Content-Length: 2\r\n\r\n{}");
        expect_problem(&c, 400, "invalid_request");
        stop(&f, &c);
}

static void refuses_requests_over_the_limits(void **state)
{
        (void)state;
        struct fixture f;
        struct client c;
        serve_credentials(&f, &c);
        struct buffer b;
        buffer_init(&b, ANSWER_MAX);
        for (size_t count = LIMIT_SIGN_HEADERS_N; count <= LIMIT_SIGN_HEADERS_N + 1; count++) {
                buffer_reset(&b);
                (void)buffer_put_str(&b, "{\"method\":\"GET\",\"url\":\"" STS_URL "\",\"headers\":{");
                for (size_t i = 0; i < count; i++)
                        (void)buffer_printf(&b, "%s\"x-%zu\":\"v\"", i ? "," : "", i);
                (void)buffer_put_str(&b, "}}");
                client_post(&c, SIGN, buffer_c_str(&b));
                if (count > LIMIT_SIGN_HEADERS_N)
                        expect_problem(&c, 400, "invalid_request");
        }
        // a payload that fills the body
        buffer_reset(&b);
        (void)buffer_put_str(&b, "{\"method\":\"PUT\",\"url\":\"" STS_URL "\",\"payload_text\":\"");
        while (b.n < LIMIT_HTTP_BODY - 2)
                (void)buffer_put_byte(&b, 'x');
        (void)buffer_put_str(&b, "\"}");
        assert_int_equal(client_post(&c, SIGN, buffer_c_str(&b)), 200);
        buffer_free(&b);
        stop(&f, &c);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_refused_orders),
            cmocka_unit_test(refuses_requests_over_the_limits),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
