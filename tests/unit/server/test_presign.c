// SPDX-License-Identifier: Apache-2.0
// POST …/presign: how long a URL lives, and what is refreshed for it.
#include "tests/unit/server/fixture.h"

static void presigns_for_15_minutes_by_default(void **state)
{
        (void)state;
        struct fixture f;
        struct client c;
        struct scripted *s = serve_credentials(&f, &c);
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

// A minute after the last refresh another one gives a URL more life; before, it is not worth its call.
static void refreshes_for_a_url_a_minute_after_the_last(void **state)
{
        (void)state;
        static const char hour[] = "{\"method\":\"GET\",\"url\":\"" STS_URL "\",\"expires_in\":3600}";
        struct fixture f;
        struct client c;
        struct scripted *s = serve_credentials(&f, &c);
        f.now_ms += 59000;
        assert_int_equal(client_post(&c, PRESIGN, hour), 200);
        expect_member(&c, "cut", "true");
        assert_int_equal(s->starts, 1);
        f.now_ms += 1000;
        assert_int_equal(client_post(&c, PRESIGN, hour), 200);
        expect_member(&c, "cut", "false");
        assert_int_equal(s->starts, 2);
        stop(&f, &c);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(presigns_for_15_minutes_by_default),
            cmocka_unit_test(refreshes_for_a_url_a_minute_after_the_last),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
