// SPDX-License-Identifier: Apache-2.0
// POST …/eventstream: one message, what it needs, the credentials that it goes with.
#include "tests/unit/server/fixture.h"

#define EVENTSTREAM "/v1/profiles/a/eventstream"
#define STREAM_URL                                                                                                     \
        "https://bedrock-runtime.us-east-1.amazonaws.com/model/amazon.nova-sonic-v1%3A0/"                              \
        "invoke-with-bidirectional-stream"
#define SEED "8f85c41242abb2a975a5f08d4e1bedfecf69a7eacb5192a29d8673aa202b6d1c"
#define INNER_HASH "42d803fa6ab33e57ea984639ccfdf8ba612ac6d2cbb36e99cfce0efc4ca0521d"
#define FIRST "26fc75a5de67c133055a5c4832db9631e67aa8027b3cf02606d1159f4a9f3922"
#define START "{\"url\":\"" STREAM_URL "\",\"prior_signature\":\""
#define DATE ",\"date_ms\":1788264001000"
#define INNER                                                                                                          \
        "AAAAawAAAEtqzgEtDTptZXNzYWdlLXR5cGUHAAVldmVudAs6ZXZlbnQtdHlwZQcABWNodW5rDTpjb250ZW50LXR5cGUHABBhcHBsaWNhdGlv" \
        "bi9qc29ueyJieXRlcyI6ImUzMD0ifdGoea0="

// Computed with botocore's serializer and an implementation apart from this one.
static void test_vectors(void **state)
{
        (void)state;
        static const struct {
                const char *body, *signature;
        } rows[] = {
            {START SEED "\",\"payload_sha256\":\"" INNER_HASH "\"" DATE "}", FIRST},
            {START SEED "\",\"payload\":\"" INNER "\"" DATE ",\"generation\":1}", FIRST},
            {START SEED "\",\"payload\":\"" INNER "\"" DATE ",\"service\":\"bedrock\",\"region\":\"us-east-1\"}",
             FIRST},
            {START FIRST "\",\"payload_text\":\"\",\"date_ms\":1788264002000}",
             "46eddd15e569b9950fedc94318fa9ca4efce3e3c4ad94947e4099ea57c023b06"},
        };
        struct fixture f;
        struct client c;
        serve_credentials(&f, &c);
        for (size_t i = 0; i < LENGTH(rows); i++) {
                if (client_post(&c, EVENTSTREAM, rows[i].body) != 200)
                        fail_msg("%s: %s", rows[i].body, client_body(&c));
                expect_member(&c, "signature", rows[i].signature);
                expect_member(&c, "generation", "1");
                expect_member(&c, "expiration", "2026-09-01T13:16:40Z");
        }
        expect_member(&c, "date_ms", "1788264002000");
        expect_member(&c, "headers",
                      "BTpkYXRlCAAAAaBc1zHQEDpjaHVuay1zaWduYXR1cmUGACBG7d0V5Wm5lQ/t"
                      "yUMY+pyk784+PErZSUfkCZ6lfAI7Bg==");
        assert_int_equal(client_post(&c, EVENTSTREAM, START SEED "\",\"payload_text\":\"\"}"), 200);
        expect_member(&c, "date_ms", "1788265000000"); // now
        stop(&f, &c);
}

static void test_refused(void **state)
{
        (void)state;
        static const struct {
                const char *body, *words;
        } rows[] = {
            {"{}", "\\\"url\\\" is missing"},
            {"{\"url\":\"" STREAM_URL "\"}", "\\\"prior_signature\\\" is missing"},
            {START SEED "0\"}", "invalid \\\"prior_signature\\\""},
            {START "\"}", "invalid \\\"prior_signature\\\""},
            {START SEED "\"}", "signed with its payload"},
            {START SEED "\",\"method\":\"POST\"}", "unknown member \\\"method\\\""},
            {START SEED "\",\"time\":\"20260901T120000Z\"}",
             "use url, payload_sha256, payload, payload_text, service, region, prior_signature, date_ms, generation"},
            {START SEED "\",\"payload_text\":\"\",\"date_ms\":-1}", "invalid \\\"date_ms\\\""},
            {START SEED "\",\"payload_text\":\"\",\"date_ms\":253402300800000}", "invalid \\\"date_ms\\\""},
            {START SEED "\",\"payload_text\":\"\",\"generation\":0}", "invalid \\\"generation\\\""},
            {START SEED "\",\"payload_text\":\"\",\"region\":\"a/b\"}", "region"},
        };
        struct fixture f;
        struct client c;
        serve_credentials(&f, &c);
        for (size_t i = 0; i < LENGTH(rows); i++) {
                client_post(&c, EVENTSTREAM, rows[i].body);
                expect_problem(&c, 400, "invalid_request");
                if (!client_body_has(&c, rows[i].words))
                        fail_msg("%s: %s", rows[i].body, client_body(&c));
        }
        client_post(&c, SIGN, "{\"method\":\"GET\",\"url\":\"" STS_URL "\",\"date_ms\":1}");
        expect_problem(&c, 400, "invalid_request");
        char *hosts[] = {"h.example"};
        f.profiles[0].sign.hosts = hosts;
        f.profiles[0].sign.hosts_count = 1;
        client_post(&c, EVENTSTREAM, START SEED "\",\"payload_text\":\"\"}");
        expect_problem(&c, 403, "target_not_allowed");
        stop(&f, &c);
}

// A stream goes on with the credentials that it began with, or not at all.
static void test_generation(void **state)
{
        (void)state;
        struct fixture f;
        struct client c;
        serve_credentials(&f, &c);
        assert_int_equal(client_post(&c, EVENTSTREAM, START SEED "\",\"payload_text\":\"\",\"generation\":1}"), 200);
        assert_int_equal(client_post(&c, "/v1/profiles/a/refresh", ""), 200);
        client_post(&c, EVENTSTREAM, START SEED "\",\"payload_text\":\"\",\"generation\":1}");
        expect_problem(&c, 409, "generation_gone");
        assert_int_equal(client_post(&c, EVENTSTREAM, START SEED "\",\"payload_text\":\"\"}"), 200);
        expect_member(&c, "generation", "2");
        stop(&f, &c);
}

static void test_wait(void **state)
{
        (void)state;
        struct fixture f;
        struct client c;
        serve_profile(&f, &c);
        assert_int_equal(client_post(&c, EVENTSTREAM, START SEED "\",\"payload\":\"" INNER "\"" DATE "}"), 200);
        expect_member(&c, "signature", FIRST);
        stop(&f, &c);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_vectors),
            cmocka_unit_test(test_refused),
            cmocka_unit_test(test_generation),
            cmocka_unit_test(test_wait),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
