// SPDX-License-Identifier: Apache-2.0
// Requests that wait for credentials, and what they get where there are none.
#include "tests/unit/server/fixture.h"

static struct error transient(bool timed_out)
{
        struct error e;
        error_set(&e, ERROR_TRANSIENT, "connect to sts: refused");
        e.timed_out = timed_out;
        return e;
}

static void long_poll_returns_the_next_generation(void **state)
{
        (void)state;
        struct fixture f;
        struct client c;
        struct scripted *s = serve_credentials(&f, &c);
        struct client admin = client_open(&f);

        // answered by a rotation
        client_send_get(&c, CREDENTIALS "?wait=60", "If-None-Match: \"1\"\r\n");
        settle(&f);
        assert_false(client_receive(&c));
        s->access_key_id = "ASIAEXAMPLEKEYID0002";
        assert_int_equal(client_post(&admin, "/v1/profiles/a/refresh", ""), 200);
        expect_member(&admin, "generation", "2");
        assert_int_equal(client_answer(&c), 200);
        expect_member(&c, "AccessKeyId", "ASIAEXAMPLEKEYID0002");
        assert_true(client_head_has(&c, "ETag: \"2-00000abc\"\n"));

        // not by a refresh that fails while what is held is good
        s->script = SCRIPT_FAIL;
        s->error = denied_by_sts();
        client_send_get(&c, CREDENTIALS "?wait=60", "If-None-Match: \"2-00000abc\"\r\n");
        settle(&f);
        client_post(&admin, "/v1/profiles/a/refresh", "");
        expect_problem(&admin, 502, "upstream_error");
        settle(&f);
        assert_false(client_receive(&c));
        s->script = SCRIPT_GIVE;
        assert_int_equal(client_post(&admin, "/v1/profiles/a/refresh", ""), 200);
        assert_int_equal(client_answer(&c), 200);
        assert_true(client_head_has(&c, "ETag: \"3-00000abc\"\n"));

        // nor by anything: 304 when the time is up
        f.clock.speed = FAST;
        assert_int_equal(client_get_with(&c, CREDENTIALS "?wait=30", "If-None-Match: \"3\"\r\n"), 304);
        // an older tag does not wait
        assert_int_equal(client_get_with(&c, CREDENTIALS "?wait=60", "If-None-Match: \"1\"\r\n"), 200);
        // nor does no tag
        assert_int_equal(client_get(&c, CREDENTIALS "?wait=60"), 200);
        client_close(&c);
        client_close(&admin);
        fixture_stop(&f);
}

// Nothing is held: what the wait ends with.
static void waits_until_a_fetch_ends_or_the_time_is_up(void **state)
{
        (void)state;
        struct fixture f;
        fixture_start(&f);
        struct scripted *s = fixture_add(&f, "a", true);
        s->script = SCRIPT_HANG;
        struct client c = client_open(&f);
        struct client other = client_open(&f);
        f.clock.speed = FAST;

        client_get(&c, CREDENTIALS "?wait=0"); // does not wait, but starts
        expect_problem(&c, 503, "credentials_unavailable");
        assert_true(client_head_has(&c, "Retry-After: "));
        TURN_UNTIL(&f, s->starts == 1);
        client_get(&c, CREDENTIALS); // 10 s of the clock
        expect_problem(&c, 503, "credentials_unavailable");
        expect_member(&c, "profile", "a");
        expect_member(&c, "retry_after", "1");
        client_get(&c, CREDENTIALS "?wait=2");
        expect_problem(&c, 503, "credentials_unavailable");

        // two wait on one fetch
        f.clock.speed = 1;
        client_send_get(&c, CREDENTIALS, "");
        client_send_get(&other, CREDENTIALS, "If-None-Match: \"9\"\r\n");
        settle(&f);
        s->script = SCRIPT_GIVE;
        script_release(s);
        assert_int_equal(client_answer(&c), 200);
        assert_int_equal(client_answer(&other), 200);
        assert_int_equal(s->starts, 1);
        client_close(&c);
        client_close(&other);
        fixture_stop(&f);
}

// What clients may have been promised by proto/openapi.yaml.
static void waits_for_ten_seconds_unless_the_request_says_otherwise(void **state)
{
        (void)state;
        assert_int_equal(api_native.default_wait_ms, 10 * 1000);
}

// However far away the next refresh is.
static void asks_clients_to_come_back_within_a_minute(void **state)
{
        (void)state;
        struct fixture f;
        struct client c;
        struct scripted *s = serve_profile(&f, &c);
        s->script = SCRIPT_FAIL;
        s->error = denied_by_sts();
        f.random = UINT32_MAX; // the longest waits: up to 300 s
        long longest = 0;
        for (int i = 0; i < 12; i++) {
                client_get(&c, CREDENTIALS);
                expect_problem(&c, 502, "upstream_error");
                const char *found = strstr((const char *)c.head.p, "Retry-After: ");
                assert_non_null(found);
                long seconds = strtoll(found + strlen("Retry-After: "), NULL, 10);
                assert_in_range(seconds, 1, 60);
                longest = seconds > longest ? seconds : longest;
                f.now_ms += 1000000;
        }
        assert_int_equal(longest, 60);
        stop(&f, &c);
}

static void returns_the_error_that_ended_the_fetch(void **state)
{
        (void)state;
        struct fixture f;
        fixture_start(&f);
        struct scripted *s = fixture_add(&f, "a", true);
        struct client c = client_open(&f);
        s->script = SCRIPT_FAIL;

        s->error = denied_by_sts();
        client_get(&c, CREDENTIALS);
        expect_problem(&c, 502, "upstream_error");
        expect_member(&c, "upstream/service", "sts");
        expect_member(&c, "upstream/code", "AccessDenied");
        expect_member(&c, "upstream/message", "User is \\\"not\\\" authorized");
        expect_member(&c, "upstream/request_id", "req-1");
        expect_member(&c, "hint", "check the trust policy");
        assert_true(client_head_has(&c, "Retry-After: "));
        client_get(&c, CREDENTIALS "?wait=0"); // from memory
        expect_problem(&c, 502, "upstream_error");

        f.now_ms += 400000;
        s->error = transient(true); // may pass: it is told when the wait ends, which it has to be there for
        client_get(&c, CREDENTIALS "?wait=1");
        expect_problem(&c, 504, "upstream_timeout");
        expect_member(&c, "upstream", "missing");
        f.now_ms += 400000;
        s->error = transient(false);
        client_get(&c, CREDENTIALS "?wait=1");
        expect_problem(&c, 503, "credentials_unavailable");

        f.now_ms += 400000;
        s->script = SCRIPT_GIVE;
        assert_int_equal(client_get(&c, CREDENTIALS), 200);
        stop(&f, &c);
}

static void does_not_serve_expired_credentials(void **state)
{
        (void)state;
        struct fixture f;
        struct client c;
        struct scripted *s = serve_credentials(&f, &c);
        s->script = SCRIPT_FAIL;
        s->error = denied_by_sts();
        f.now_ms += (int64_t)(3600 - 61) * 1000;
        assert_int_equal(client_get(&c, CREDENTIALS), 200);
        assert_int_equal(s->starts, 1);
        f.now_ms += 57000;
        client_get(&c, CREDENTIALS);
        assert_int_not_equal(c.status, 200);
        assert_false(client_body_has(&c, SECRET));
        stop(&f, &c);
}

// What is valid is served, after something better was sought.
static void serves_credentials_in_their_last_minute(void **state)
{
        (void)state;
        struct fixture f;
        struct client c;
        struct scripted *s = serve_credentials(&f, &c);
        s->script = SCRIPT_FAIL;
        s->error = denied_by_sts();
        f.now_ms += (int64_t)(3600 - 50) * 1000;
        assert_int_equal(client_get(&c, CREDENTIALS), 200);
        assert_true(client_body_has(&c, SECRET));
        assert_true(client_head_has(&c, "ETag: \"1-00000abc\"\n"));
        assert_int_equal(s->starts, 2);
        client_get(&c, "/v1/profiles/a");
        expect_member(&c, "state", "expiring");
        expect_member(&c, "last_error/detail", "profile a: STS AssumeRole: not authorized");
        assert_int_equal(client_get(&c, CREDENTIALS "?wait=0"), 200);
        assert_int_equal(s->starts, 2); // 5 s are not over
        assert_int_equal(client_get(&c, "/readyz"), 200);
        client_get(&c, "/readyz?min_ttl=60");
        assert_int_equal(c.status, 503);

        // Signatures do not outlive them, and say so.
        static const char get[] = "{\"method\":\"GET\",\"url\":\"https://s3.us-east-1.amazonaws.com/b/k\"";
        char body[256];
        snprintf(body, sizeof(body), "%s}", get);
        assert_int_equal(client_post(&c, "/v1/profiles/a/sign", body), 200);
        snprintf(body, sizeof(body), "%s,\"expires_in\":900}", get);
        assert_int_equal(client_post(&c, "/v1/profiles/a/presign", body), 200);
        expect_member(&c, "expires_in", "50");
        expect_member(&c, "cut", "true");

        // Who holds them already is told when there are others.
        assert_int_equal(client_get_with(&c, CREDENTIALS, "If-None-Match: \"1-00000abc\"\r\n"), 304);
        client_send_get(&c, CREDENTIALS "?wait=60", "If-None-Match: \"1-00000abc\"\r\n");
        settle(&f);
        assert_false(client_receive(&c));
        s->script = SCRIPT_GIVE;
        f.now_ms += 6000;
        struct client other = client_open(&f);
        assert_int_equal(client_get(&other, CREDENTIALS), 200);
        assert_true(client_head_has(&other, "ETag: \"2-00000abc\"\n"));
        assert_int_equal(client_answer(&c), 200);
        assert_true(client_head_has(&c, "ETag: \"2-00000abc\"\n"));

        client_get(&c, "/metrics");
        assert_true(client_body_has(&c, "\nkeyfob_served_expiring_total{profile=\"a\"} 4\n"));
        assert_true(client_body_has(&c, "\nkeyfob_served_expired_total 0\n"));
        client_close(&other);
        stop(&f, &c);
}

// A request that does not wait starts the search.
static void serves_the_last_minute_without_a_wait(void **state)
{
        (void)state;
        struct fixture f;
        struct client c;
        struct scripted *s = serve_credentials(&f, &c);
        s->script = SCRIPT_HANG;
        f.now_ms += (int64_t)(3600 - 50) * 1000;
        assert_int_equal(client_get(&c, CREDENTIALS "?wait=0"), 200);
        TURN_UNTIL(&f, s->starts == 2);
        f.clock.speed = FAST;
        assert_int_equal(client_get(&c, CREDENTIALS), 200); // 2 s
        assert_int_equal(client_get(&c, CREDENTIALS "?wait=1"), 200);
        stop(&f, &c);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(long_poll_returns_the_next_generation),
            cmocka_unit_test(waits_until_a_fetch_ends_or_the_time_is_up),
            cmocka_unit_test(waits_for_ten_seconds_unless_the_request_says_otherwise),
            cmocka_unit_test(asks_clients_to_come_back_within_a_minute),
            cmocka_unit_test(returns_the_error_that_ended_the_fetch),
            cmocka_unit_test(does_not_serve_expired_credentials),
            cmocka_unit_test(serves_credentials_in_their_last_minute),
            cmocka_unit_test(serves_the_last_minute_without_a_wait),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
