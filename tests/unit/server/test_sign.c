// SPDX-License-Identifier: Apache-2.0
// POST …/sign and …/presign: known signatures, what is chosen for the caller, what is refused.
#include "tests/unit/server/fixture.h"

#define SIGN "/v1/profiles/a/sign"
#define PRESIGN "/v1/profiles/a/presign"
#define STS_URL "https://sts.us-east-1.amazonaws.com/"
#define BEDROCK_URL                                                                                                    \
        "https://bedrock-runtime.us-east-1.amazonaws.com/model/anthropic.claude-3-5-sonnet-20240620-v1%3A0/invoke"
#define BODY_HASH "616eb59224eb795b641b4c541ad9ee8b939a1e8798f73b54fce66bb79ddbb992"
#define BODY_TEXT                                                                                                      \
        "{\\\"anthropic_version\\\":\\\"bedrock-2023-05-31\\\",\\\"max_tokens\\\":16,\\\"messages\\\":[{\\\"role\\\":" \
        "\\\"user\\\",\\\"content\\\":\\\"hi\\\"}]}"
#define BODY_BASE64                                                                                                    \
        "eyJhbnRocm9waWNfdmVyc2lvbiI6ImJlZHJvY2stMjAyMy0wNS0zMSIsIm1heF90b2tlbnMiOjE2LCJtZXNzYWdlcyI6W3sicm9sZSI6InVz" \
        "ZXIiLCJjb250ZW50IjoiaGkifV19"
#define BEDROCK_HEADERS "\"headers\":{\"Accept\":\"application/json\",\"Content-Type\":\"application/json\"}"
#define BEDROCK_START                                                                                                  \
        "{\"method\":\"POST\",\"url\":\"" BEDROCK_URL "\"," BEDROCK_HEADERS ",\"time\":\"20260901T120000Z\","
#define BEDROCK_SIGNATURE "18c74309f6a84b289e3e3322c4d7180a0d839f0de105880aeebb5a9730c4f755"

static struct scripted *start(struct fixture *f, struct client *c)
{
        fixture_start(f);
        struct scripted *s = fixture_add(f, "a", false);
        *c = client_open(f);
        return s;
}

static void stop(struct fixture *f, struct client *c)
{
        client_close(c);
        fixture_stop(f);
}

// Long-term keys, without a token.
static void use_long_term(struct scripted *s)
{
        s->access_key_id = "AKIDEXAMPLE";
        s->token = NULL;
}

static void test_vector_with_token(void **state)
{
        (void)state;
        struct fixture f;
        struct client c;
        start(&f, &c);
        fixture_fetch_all(&f);
        assert_int_equal(
            client_post(&c, SIGN,
                        "{\"method\":\"POST\",\"url\":\"" STS_URL "\",\"headers\":{\"Content-Type\":"
                        "\"application/x-www-form-urlencoded; charset=utf-8\"},\"payload_sha256\":"
                        "\"AB821AE955788B0E33EBD34C208442CCFC2D406E2EDC5E7A39BD6458FBB4F843\",\"service\":\"sts\","
                        "\"region\":\"us-east-1\",\"algorithm\":\"sigv4\",\"time\":\"2026-09-01T12:00:00Z\"}"),
            200);
        expect_member(&c, "headers/authorization",
                      "AWS4-HMAC-SHA256 Credential=ASIAEXAMPLEKEYID0001/20260901/us-east-1/sts/aws4_request, "
                      "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, "
                      "Signature=f034c1f830a484f6be87ca1144c5078c46af568712b69bbc45503e435d9311d6");
        expect_member(&c, "headers/x-amz-date", "20260901T120000Z");
        expect_member(&c, "headers/x-amz-security-token", TOKEN);
        expect_member(&c, "headers/x-amz-content-sha256", "missing");
        expect_member(&c, "signed_headers", "content-type;host;x-amz-date;x-amz-security-token");
        expect_member(&c, "expiration", "2026-09-01T12:05:00Z");
        expect_member(&c, "generation", "1");
        stop(&f, &c);
}

// One request, said in several ways: one signature.
static void test_vector_without_token(void **state)
{
        (void)state;
        static const char *const bodies[] = {
            BEDROCK_START "\"payload_sha256\":\"" BODY_HASH "\",\"service\":\"bedrock\",\"region\":\"us-east-1\"}",
            BEDROCK_START "\"payload_sha256\":\"" BODY_HASH "\"}", // service and region from the host
            BEDROCK_START "\"payload_text\":\"" BODY_TEXT "\"}",
            BEDROCK_START "\"payload\":\"" BODY_BASE64 "\",\"unsigned_payload\":false}",
            "{\"\\u006dethod\":\"P\\u004fST\",\"url\":\"https:\\/\\/Bedrock-Runtime.us-east-1.amazonaws.com\\/model\\/"
            "anthropic.claude-3-5-sonnet-20240620-v1%3A0\\/invoke\",\"headers\":{\"\\u0041ccept\":[\"application/"
            "json\"]"
            ",\"Content-Type\":\"application\\/json\"},\"time\":\"2026-09-01T14:00:00+02:00\",\"payload_text\":"
            "\"" BODY_TEXT "\"}",
        };
        struct fixture f;
        struct client c;
        use_long_term(start(&f, &c));
        fixture_fetch_all(&f);
        for (size_t i = 0; i < LENGTH(bodies); i++) {
                assert_int_equal(client_post(&c, SIGN, bodies[i]), 200);
                expect_member(&c, "headers/authorization",
                              "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260901/us-east-1/bedrock/aws4_request, "
                              "SignedHeaders=accept;content-type;host;x-amz-date, Signature=" BEDROCK_SIGNATURE);
                expect_member(&c, "headers/x-amz-security-token", "missing");
        }
        stop(&f, &c);
}

// The answer is sent in one piece; only the usual head is ready for that.
static void test_heads(void **state)
{
        (void)state;
        static const struct {
                const char *version, *header, *line;
        } rows[] = {
            {"1.1", "", "Cache-Control: no-store\n"},
            {"1.1", "Connection: close\r\n", "Connection: close\n"},
            {"1.0", "Connection: keep-alive\r\n", "Connection: keep-alive\n"},
        };
        static const char body[] = BEDROCK_START "\"payload_sha256\":\"" BODY_HASH "\"}";
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct fixture f;
                struct client c;
                char request[2048];
                use_long_term(start(&f, &c));
                fixture_fetch_all(&f);
                snprintf(request, sizeof(request),
                         "POST " SIGN " HTTP/%s\r\nHost: x\r\n%sContent-Length: %zu\r\n\r\n%s", rows[i].version,
                         rows[i].header, sizeof(body) - 1, body);
                assert_int_equal(client_ask(&c, request), 200);
                assert_true(client_head_has(&c, "Content-Type: application/json\n"));
                assert_true(client_head_has(&c, rows[i].line));
                expect_member(&c, "signed_headers", "accept;content-type;host;x-amz-date");
                stop(&f, &c);
        }
}

static void test_scope(void **state)
{
        (void)state;
        static const struct {
                const char *url, *body_service, *sign_service, *sign_region, *region;
                const char *scope; // NULL: refused
        } rows[] = {
            {STS_URL, "", NULL, NULL, NULL, "/us-east-1/sts/"},
            {STS_URL, "", NULL, NULL, "eu-west-1", "/us-east-1/sts/"},
            {STS_URL, "", "other", "eu-west-2", "eu-west-1", "/eu-west-2/other/"},
            {STS_URL, ",\"service\":\"mine\",\"region\":\"ap-south-1\"", "other", "eu-west-2", NULL,
             "/ap-south-1/mine/"},
            {STS_URL, ",\"region\":\"ap-south-1\"", NULL, NULL, NULL, "/ap-south-1/sts/"},
            {"https://gateway.internal:8443/x", ",\"service\":\"mine\"", NULL, NULL, "eu-west-1", "/eu-west-1/mine/"},
            {"https://gateway.internal/x", "", "mine", NULL, "eu-west-1", "/eu-west-1/mine/"},
            {"https://gateway.internal/x", "", NULL, NULL, "eu-west-1", NULL},
            {"https://gateway.internal/x", ",\"service\":\"mine\"", NULL, NULL, NULL, NULL},
        };
        struct fixture f;
        struct client c;
        start(&f, &c);
        fixture_fetch_all(&f);
        for (size_t i = 0; i < LENGTH(rows); i++) {
                char body[512];
                f.profiles[0].sign.service = rows[i].sign_service;
                f.profiles[0].sign.region = rows[i].sign_region;
                f.profiles[0].region = rows[i].region;
                snprintf(body, sizeof(body), "{\"method\":\"GET\",\"url\":\"%s\"%s}", rows[i].url,
                         rows[i].body_service);
                client_post(&c, SIGN, body);
                if (rows[i].scope) {
                        assert_int_equal(c.status, 200);
                        ASSERT_BODY_HAS(&c, rows[i].scope);
                } else {
                        expect_problem(&c, 400, "invalid_request");
                        ASSERT_BODY_HAS(&c, "\"hint\":");
                }
        }
        stop(&f, &c);
}

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
            {"{\"method\":\"GET\",\"url\":\"" STS_URL "\",\"algorithm\":\"sigv4a\"}", 400, "invalid_request", "sigv4a"},
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
            {"{\"method\":\"POST\",\"url\":\"" STS_URL "\",\"unsigned_payload\":\"yes\"}", 400, "invalid_request",
             "true or false"},
            {"{\"method\":\"POST\",\"url\":\"" STS_URL "\",\"unsigned_payload\":true}", 403, "unsigned_not_allowed",
             "sts"},
            {"{\"method\":\"POST\",\"url\":\"" BEDROCK_URL "\",\"unsigned_payload\":true}", 403, "unsigned_not_allowed",
             "bedrock"},
        };
        struct fixture f;
        struct client c;
        start(&f, &c);
        fixture_fetch_all(&f);
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

static void test_payload_defaults(void **state)
{
        (void)state;
        struct fixture f;
        struct client c;
        use_long_term(start(&f, &c));
        fixture_fetch_all(&f);
        // an empty body where there is none
        assert_int_equal(client_post(&c, SIGN,
                                     "{\"method\":\"GET\",\"url\":\"https://bedrock.us-east-1.amazonaws.com/"
                                     "foundation-models?byProvider=Anthropic&byOutputModality=TEXT\","
                                     "\"time\":\"20260901T120000Z\"}"),
                         200);
        ASSERT_BODY_HAS(&c, "Signature=86045085247af43cbba5d0a5f93bb0a17b3be6d308def95c2e32cbef66be9c24");
        // unsigned where that is taken; the header says so
        assert_int_equal(client_post(&c, SIGN,
                                     "{\"method\":\"PUT\",\"url\":\"https://b.s3.eu-west-1.amazonaws.com/k\","
                                     "\"unsigned_payload\":true}"),
                         200);
        expect_member(&c, "headers/x-amz-content-sha256", "UNSIGNED-PAYLOAD");
        assert_int_equal(client_post(&c, SIGN,
                                     "{\"method\":\"POST\",\"url\":\"https://x.vpc-lattice-svcs.eu-west-1.on.aws/\","
                                     "\"service\":\"vpc-lattice-svcs\",\"region\":\"eu-west-1\","
                                     "\"unsigned_payload\":true}"),
                         200);
        expect_member(&c, "headers/x-amz-content-sha256", "UNSIGNED-PAYLOAD");
        assert_int_equal(
            client_post(&c, SIGN, "{\"method\":\"GET\",\"url\":\"https://b.s3.eu-west-1.amazonaws.com/k\"}"), 200);
        expect_member(&c, "headers/x-amz-content-sha256",
                      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        stop(&f, &c);
}

static void test_policy(void **state)
{
        (void)state;
        static const struct {
                const char *url, *headers;
                bool allowed;
        } rows[] = {
            {"https://bedrock-runtime.us-east-1.amazonaws.com/model/x/invoke", "", true},
            {"https://BEDROCK-runtime.us-east-1.amazonaws.com:8443/model/x", "", true},
            {"https://a.example.com/model/x", "", true},
            {"https://a.b.example.com/model", "", true},
            {"https://example.com/model/x", "", false},
            {"https://badexample.com/model/x", "", false},
            {"https://sts.us-east-1.amazonaws.com/model/x", "", false},
            {"https://a.example.com/model/x", "\"Host\":\"sts.us-east-1.amazonaws.com\"", false},
            {"https://a.example.com/model/x", "\"host\":\"b.example.com\"", true},
            {"https://a.example.com/models", "", false},
            {"https://a.example.com/", "", false},
            {"https://a.example.com/model/../x", "", false},
            {"https://a.example.com/model/%2e%2E/x", "", false},
            {"https://a.example.com/model/x%2F..%2f../y", "", false},
            {"https://a.example.com/model/./x", "", false},
            {"https://a.example.com/model/...", "", true},
            {"https://a.example.com/exact/", "", true},
            {"https://a.example.com/exact", "", false},
        };
        char *hosts[] = {"bedrock-runtime.us-east-1.amazonaws.com", "*.example.com"};
        char *paths[] = {"/model", "/exact/"};
        struct fixture f;
        struct client c;
        start(&f, &c);
        fixture_fetch_all(&f);
        f.profiles[0].sign.hosts = hosts;
        f.profiles[0].sign.hosts_count = 2;
        f.profiles[0].sign.paths = paths;
        f.profiles[0].sign.paths_count = 2;
        for (size_t i = 0; i < LENGTH(rows); i++) {
                char body[512];
                snprintf(body, sizeof(body),
                         "{\"method\":\"GET\",\"url\":\"%s\",\"headers\":{%s},\"service\":\"s\",\"region\":\"r\"}",
                         rows[i].url, rows[i].headers);
                client_post(&c, SIGN, body);
                if (!rows[i].allowed)
                        expect_problem(&c, 403, "target_not_allowed");
                else if (c.status != 200)
                        fail_msg("%s: %s", rows[i].url, client_body(&c));
        }
        stop(&f, &c);
}

static void test_limits(void **state)
{
        (void)state;
        struct fixture f;
        struct client c;
        start(&f, &c);
        fixture_fetch_all(&f);
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

// The order is kept while its profile has nothing, although its bytes are gone and others came meanwhile.
static void test_sign_waits(void **state)
{
        (void)state;
        struct fixture f;
        struct client c;
        struct scripted *s = start(&f, &c);
        s->script = SCRIPT_HANG;
        use_long_term(s);
        struct client other = client_open(&f);
        f.clock.speed = 1;
        struct buffer request;
        buffer_init(&request, 65536);
        const char *body = BEDROCK_START "\"payload_text\":\"" BODY_TEXT "\"}";
        (void)buffer_printf(&request, "POST " SIGN " HTTP/1.1\r\nContent-Length: %zu\r\n\r\n", strlen(body));
        (void)buffer_put_str(&request, body);
        client_send_bytes(&c, buffer_slice(&request));
        settle(&f);
        for (int i = 0; i < 10; i++)
                assert_int_equal(client_get(&other, "/livez"), 200);
        s->script = SCRIPT_GIVE;
        script_release(s);
        assert_int_equal(client_answer(&c), 200);
        ASSERT_BODY_HAS(&c, BEDROCK_SIGNATURE);
        buffer_free(&request);
        client_close(&other);
        stop(&f, &c);
}

static void test_sign_without_credentials(void **state)
{
        (void)state;
        struct fixture f;
        struct client c;
        struct scripted *s = start(&f, &c);
        s->script = SCRIPT_FAIL;
        error_set(&s->error, ERROR_CONFIG, "the token file is missing");
        client_post(&c, SIGN "?wait=5", "{\"method\":\"GET\",\"url\":\"" STS_URL "\"}");
        expect_problem(&c, 502, "upstream_error");
        s->script = SCRIPT_HANG;
        f.now_ms += 600000;
        client_post(&c, SIGN "?wait=1", "{\"method\":\"GET\",\"url\":\"" STS_URL "\"}");
        expect_problem(&c, 502, "upstream_error"); // the last error is the reason
        stop(&f, &c);
}

static void test_presign(void **state)
{
        (void)state;
        struct fixture f;
        struct client c;
        struct scripted *s = start(&f, &c);
        fixture_fetch_all(&f);
        assert_int_equal(client_post(&c, PRESIGN, "{\"method\":\"GET\",\"url\":\"" STS_URL "?a=b\"}"), 200);
        ASSERT_BODY_HAS(&c, "X-Amz-Signature=");
        ASSERT_BODY_HAS(&c, "X-Amz-Expires=900");
        expect_member(&c, "expires_in", "900");
        expect_member(&c, "cut", "false");
        expect_member(&c, "expiration", "2026-09-01T12:31:40Z");
        // S3 as S3 has it
        assert_int_equal(
            client_post(&c, PRESIGN,
                        "{\"method\":\"PUT\",\"url\":\"https://b.s3.eu-west-1.amazonaws.com/k\",\"expires_in\":60}"),
            200);
        client_post(&c, PRESIGN, "{\"method\":\"PUT\",\"url\":\"" STS_URL "\"}");
        expect_problem(&c, 400, "invalid_request");
        // longer than the credentials live: cut, for fresh ones would not last either
        assert_int_equal(client_post(&c, PRESIGN, "{\"method\":\"GET\",\"url\":\"" STS_URL "\",\"expires_in\":604800}"),
                         200);
        expect_member(&c, "expires_in", "3600");
        expect_member(&c, "cut", "true");
        expect_member(&c, "expiration", "2026-09-01T13:16:40Z");
        assert_int_equal(s->starts, 1);
        // later: a refresh gives the whole hour
        f.now_ms += 600000;
        assert_int_equal(client_post(&c, PRESIGN, "{\"method\":\"GET\",\"url\":\"" STS_URL "\",\"expires_in\":3600}"),
                         200);
        expect_member(&c, "expires_in", "3600");
        expect_member(&c, "cut", "false");
        expect_member(&c, "generation", "2");
        assert_int_equal(s->starts, 2);
        // and where it fails, what is held is used
        f.now_ms += 600000;
        s->script = SCRIPT_FAIL;
        error_set(&s->error, ERROR_TRANSIENT, "no route");
        assert_int_equal(client_post(&c, PRESIGN, "{\"method\":\"GET\",\"url\":\"" STS_URL "\",\"expires_in\":3600}"),
                         200);
        expect_member(&c, "expires_in", "3000");
        expect_member(&c, "cut", "true");
        assert_int_equal(s->starts, 3);
        static const char *const bad[] = {"0", "604801", "1.5", "\"60\"", "-1"};
        for (size_t i = 0; i < LENGTH(bad); i++) {
                char body[256];
                snprintf(body, sizeof(body), "{\"method\":\"GET\",\"url\":\"" STS_URL "\",\"expires_in\":%s}", bad[i]);
                client_post(&c, PRESIGN, body);
                expect_problem(&c, 400, "invalid_request");
        }
        client_post(&c, PRESIGN, "{\"method\":\"GET\",\"url\":\"" STS_URL "\",\"time\":\"2027-01-01T00:00:00Z\"}");
        expect_problem(&c, 400, "invalid_request");
        stop(&f, &c);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_vector_with_token),
            cmocka_unit_test(test_vector_without_token),
            cmocka_unit_test(test_heads),
            cmocka_unit_test(test_scope),
            cmocka_unit_test(test_refused_orders),
            cmocka_unit_test(test_payload_defaults),
            cmocka_unit_test(test_policy),
            cmocka_unit_test(test_limits),
            cmocka_unit_test(test_sign_waits),
            cmocka_unit_test(test_sign_without_credentials),
            cmocka_unit_test(test_presign),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
