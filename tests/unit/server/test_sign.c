// SPDX-License-Identifier: Apache-2.0
// POST …/sign: known signatures, what is chosen for the caller, waits.
#include "tests/unit/server/fixture.h"

#define BODY_HASH "616eb59224eb795b641b4c541ad9ee8b939a1e8798f73b54fce66bb79ddbb992"
#define ABC_HASH "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define EMPTY_HASH "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
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
        serve_credentials(&f, &c);
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
        use_long_term(serve_profile(&f, &c));
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
static void writes_the_head_for_each_kind_of_connection(void **state)
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
                use_long_term(serve_profile(&f, &c));
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

static void chooses_service_and_region_in_order(void **state)
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
            // a host without a region; a region in the host, with and without a known service
            {"https://iam.amazonaws.com/", "", NULL, NULL, "eu-west-3", "/us-east-1/iam/"},
            {"https://iam.amazonaws.com/", ",\"region\":\"us-east-1\"", NULL, NULL, NULL, "/us-east-1/iam/"},
            {"https://iam.amazonaws.com/", ",\"service\":\"iam\"", NULL, NULL, "eu-west-3", "/us-east-1/iam/"},
            {"https://db.x.us-west-2.rds.amazonaws.com:3306/", ",\"service\":\"rds-db\"", NULL, NULL, "eu-west-3",
             "/us-west-2/rds-db/"},
            {"https://new.us-west-2.amazonaws.com/", ",\"service\":\"new\"", NULL, NULL, "eu-west-3",
             "/us-west-2/new/"},
            {"https://new.us-west-2.amazonaws.com/", "", "new", NULL, "eu-west-3", "/us-west-2/new/"},
            {"https://new.us-west-2.amazonaws.com/", "", NULL, NULL, "eu-west-3", NULL},
            // a bucket on the global name
            {"https://bkt.s3.amazonaws.com/k", "", NULL, NULL, "us-west-2", "/us-west-2/s3/"},
            {"https://bkt.s3.amazonaws.com/k", "", NULL, "eu-west-2", "us-west-2", "/eu-west-2/s3/"},
            {"https://bkt.s3.amazonaws.com/k", "", NULL, NULL, NULL, "/us-east-1/s3/"},
            {"https://s3.amazonaws.com/", "", NULL, NULL, "us-west-2", "/us-east-1/s3/"},
            // the Host header is the name that is signed
            {"https://10.0.0.5/x", ",\"headers\":{\"host\":\"bedrock-runtime.us-east-1.amazonaws.com\"}", NULL, NULL,
             "eu-west-3", "/us-east-1/bedrock/"},
            {"https://sts.us-west-2.amazonaws.com/x",
             ",\"headers\":{\"a\":\"b\",\"HOST\":\" Bedrock-Runtime.US-EAST-1.AmazonAWS.com.:443 \"}", NULL, NULL,
             "eu-west-3", "/us-east-1/bedrock/"},
            {"https://sts.us-west-2.amazonaws.com/x", ",\"headers\":{\"host\":\"gateway.internal\"}", NULL, NULL,
             "eu-west-3", NULL},
            // one host, two APIs
            {"https://maps.geo.us-east-1.amazonaws.com/maps/v0/maps/m", "", NULL, NULL, NULL, "/us-east-1/geo/"},
            {"https://gateway.internal:8443/x", ",\"service\":\"mine\"", NULL, NULL, "eu-west-1", "/eu-west-1/mine/"},
            {"https://gateway.internal/x", "", "mine", NULL, "eu-west-1", "/eu-west-1/mine/"},
            {"https://gateway.internal/x", "", NULL, NULL, "eu-west-1", NULL},
            {"https://gateway.internal/x", ",\"service\":\"mine\"", NULL, NULL, NULL, NULL},
        };
        struct fixture f;
        struct client c;
        serve_credentials(&f, &c);
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

static void test_payload_defaults(void **state)
{
        (void)state;
        struct fixture f;
        struct client c;
        use_long_term(serve_profile(&f, &c));
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

// x-amz-content-sha256 among the headers says how the payload is signed, whatever the payload is.
static void test_payload_by_header(void **state)
{
        (void)state;
        static const struct {
                const char *url, *literal, *more;
                int status;
        } rows[] = {
            {"https://b.s3.eu-west-1.amazonaws.com/k", "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "", 200},
            {"https://b.s3.eu-west-1.amazonaws.com/k", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "", 200},
            {"https://b.s3.eu-west-1.amazonaws.com/k", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER", "", 200},
            {"https://b.s3.eu-west-1.amazonaws.com/k", "UNSIGNED-PAYLOAD", "", 200},
            {"https://b.s3.eu-west-1.amazonaws.com/k", " UNSIGNED-PAYLOAD ", ",\"payload_text\":\"x\"", 200},
            {"https://b.s3.eu-west-1.amazonaws.com/k", "UNSIGNED-PAYLOAD", ",\"unsigned_payload\":true", 200},
            {"https://b.s3.eu-west-1.amazonaws.com/k", ABC_HASH, "", 200},
            {"https://b.s3.eu-west-1.amazonaws.com/k", ABC_HASH, ",\"payload_text\":\"abc\"", 200},
            {"https://b.s3.eu-west-1.amazonaws.com/k", ABC_HASH, ",\"payload_text\":\"abd\"", 400},
            {"https://b.s3.eu-west-1.amazonaws.com/k", ABC_HASH, ",\"unsigned_payload\":true", 400},
            {"https://b.s3.eu-west-1.amazonaws.com/k", "UNSIGNED-PAYLOAD", ",\"payload_sha256\":\"" ABC_HASH "\"", 400},
            {"https://b.s3.eu-west-1.amazonaws.com/k", "unsigned-payload", "", 400},
            {BEDROCK_URL, "STREAMING-AWS4-HMAC-SHA256-EVENTS", "", 200},
            {BEDROCK_URL, "UNSIGNED-PAYLOAD", "", 403},
            {BEDROCK_URL, "UNSIGNED-PAYLOAD", ",\"payload_text\":\"x\"", 403},
            {BEDROCK_URL, "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "", 403},
        };
        struct fixture f;
        struct client c;
        serve_credentials(&f, &c);
        for (size_t i = 0; i < LENGTH(rows); i++) {
                char body[512];
                snprintf(body, sizeof(body),
                         "{\"method\":\"PUT\",\"url\":\"%s\",\"headers\":{\"X-Amz-Content-Sha256\":\"%s\"}%s}",
                         rows[i].url, rows[i].literal, rows[i].more);
                if (client_post(&c, SIGN, body) != rows[i].status)
                        fail_msg("%s: %s", body, client_body(&c));
                if (rows[i].status == 200) {
                        ASSERT_BODY_HAS(&c, "x-amz-content-sha256;");
                        expect_member(&c, "headers/x-amz-content-sha256", "missing"); // the caller has it
                }
        }
        stop(&f, &c);
}

// What some services want and others do not.
static void test_rules_of_services(void **state)
{
        (void)state;
        static const struct {
                const char *service, *method, *more;
                const char *content_sha256, *signed_headers;
        } rows[] = {
            {"aoss", "GET", "", EMPTY_HASH, "host;x-amz-content-sha256;x-amz-date;x-amz-security-token"},
            {"aoss", "POST", ",\"payload_text\":\"abc\",\"headers\":{\"Content-Length\":\"3\"}", ABC_HASH,
             "host;x-amz-content-sha256;x-amz-date;x-amz-security-token"},
            {"aoss", "POST", ",\"unsigned_payload\":true", "UNSIGNED-PAYLOAD",
             "host;x-amz-content-sha256;x-amz-date;x-amz-security-token"},
            {"es", "POST", ",\"payload_text\":\"abc\",\"headers\":{\"Content-Length\":\"3\"}", "missing",
             "content-length;host;x-amz-date;x-amz-security-token"},
            {"vpc-lattice-svcs", "GET", "", "UNSIGNED-PAYLOAD",
             "host;x-amz-content-sha256;x-amz-date;x-amz-security-token"},
            {"vpc-lattice-svcs", "POST", "", "UNSIGNED-PAYLOAD",
             "host;x-amz-content-sha256;x-amz-date;x-amz-security-token"},
            {"vpc-lattice-svcs", "POST", ",\"payload_text\":\"abc\"", "UNSIGNED-PAYLOAD",
             "host;x-amz-content-sha256;x-amz-date;x-amz-security-token"},
            {"vpc-lattice-svcs", "POST", ",\"payload_sha256\":\"" ABC_HASH "\"", "UNSIGNED-PAYLOAD",
             "host;x-amz-content-sha256;x-amz-date;x-amz-security-token"},
            {"lambda", "POST", ",\"unsigned_payload\":true", "UNSIGNED-PAYLOAD",
             "host;x-amz-content-sha256;x-amz-date;x-amz-security-token"},
        };
        struct fixture f;
        struct client c;
        serve_credentials(&f, &c);
        for (size_t i = 0; i < LENGTH(rows); i++) {
                char body[512];
                snprintf(body, sizeof(body),
                         "{\"method\":\"%s\",\"url\":\"https://h.example/x\",\"service\":\"%s\",\"region\":\"r\"%s}",
                         rows[i].method, rows[i].service, rows[i].more);
                if (client_post(&c, SIGN, body) != 200)
                        fail_msg("%s: %s", body, client_body(&c));
                expect_member(&c, "headers/x-amz-content-sha256", rows[i].content_sha256);
                expect_member(&c, "signed_headers", rows[i].signed_headers);
        }
        stop(&f, &c);
}

// The answer has a URL only where clients do not send the one that was given.
static void test_url_to_send(void **state)
{
        (void)state;
        static const struct {
                const char *url, *service, *expected;
        } rows[] = {
            {"https://h.example/a?k=a/b&c", "es", "missing"},
            {"https://h.example/a+b", "es", "missing"},
            {"https://h.example/a+b", "s3", "https://h.example/a%20b"},
            {"https://H.example:443/\u00e9\\\"?\u00e9=+", "es", "https://h.example/%C3%A9\\\"?%C3%A9=+"},
            {"https://127.1/x", "es", "https://127.0.0.1/x"},
        };
        struct fixture f;
        struct client c;
        serve_credentials(&f, &c);
        for (size_t i = 0; i < LENGTH(rows); i++) {
                char body[512];
                snprintf(body, sizeof(body), "{\"method\":\"GET\",\"url\":\"%s\",\"service\":\"%s\",\"region\":\"r\"}",
                         rows[i].url, rows[i].service);
                assert_int_equal(client_post(&c, SIGN, body), 200);
                expect_member(&c, "url", rows[i].expected);
                expect_member(&c, "generation", "1");
        }
        stop(&f, &c);
}

// The order is kept while its profile has nothing, although its bytes are gone and others came meanwhile.
static void test_sign_waits(void **state)
{
        (void)state;
        struct fixture f;
        struct client c;
        struct scripted *s = serve_profile(&f, &c);
        s->script = SCRIPT_HANG;
        use_long_term(s);
        struct client other = client_open(&f);
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
        struct scripted *s = serve_profile(&f, &c);
        s->script = SCRIPT_FAIL;
        error_set(&s->error, ERROR_CONFIG, "the token file is missing");
        client_post(&c, SIGN "?wait=5", "{\"method\":\"GET\",\"url\":\"" STS_URL "\"}");
        expect_problem(&c, 502, "upstream_error");
        s->script = SCRIPT_HANG;
        f.now_ms += 600000;
        f.clock.speed = FAST;
        client_post(&c, SIGN "?wait=1", "{\"method\":\"GET\",\"url\":\"" STS_URL "\"}");
        expect_problem(&c, 502, "upstream_error"); // the last error is the reason
        stop(&f, &c);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_vector_with_token),
            cmocka_unit_test(test_vector_without_token),
            cmocka_unit_test(writes_the_head_for_each_kind_of_connection),
            cmocka_unit_test(chooses_service_and_region_in_order),
            cmocka_unit_test(test_payload_defaults),
            cmocka_unit_test(test_payload_by_header),
            cmocka_unit_test(test_rules_of_services),
            cmocka_unit_test(test_url_to_send),
            cmocka_unit_test(test_sign_waits),
            cmocka_unit_test(test_sign_without_credentials),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
