// SPDX-License-Identifier: Apache-2.0
// Logins: which entry takes them, what is answered, what is refused.
#include "sidecar/providers/provider.h"
#include "tests/unit/server/fixture.h"

#define LOGIN "/v1/profiles/a/login"

static struct {
        struct login_status status;
        enum login_state after; // begin
        char code[8];
        unsigned begins, ends;
} person;

static int begin(struct provider *p, struct slice code, struct error *e)
{
        (void)p;
        person.begins++;
        if (slice_eq(code, SLICE("000000")))
                return error_set(e, ERROR_CONFIG, "no code");
        if (code.n > 0 && code.n < sizeof(person.code))
                memcpy(person.code, code.p, code.n);
        person.status.state = person.after;
        return 0;
}

static int end(struct provider *p, struct error *e)
{
        (void)p;
        person.ends++;
        if (person.after == LOGIN_FAILED)
                return error_set(e, ERROR_CONFIG, "HOME is not set");
        person.status.state = LOGIN_ENDING;
        return 0;
}

static void report(const struct provider *p, struct login_status *ret)
{
        (void)p;
        *ret = person.status;
}

static struct scripted *add(struct fixture *f, enum login_kind kind)
{
        static const struct login_ops ops = {begin, report, end};
        memset(&person, 0, sizeof(person));
        person.status.kind = kind;
        person.status.mfa_serial = kind == LOGIN_MFA ? "arn:x" : NULL;
        struct scripted *s = fixture_add(f, "a", true);
        s->provider->base.login = &ops;
        f->profiles[0].mfa_entry = kind == LOGIN_MFA ? f->profiles[0].entry : NULL;
        f->profiles[0].login_entry = kind == LOGIN_SSO ? f->profiles[0].entry : NULL;
        return s;
}

static void test_a_code(void **state)
{
        (void)state;
        struct fixture f;
        fixture_start(&f);
        struct scripted *s = add(&f, LOGIN_MFA);
        struct client c = client_open(&f);
        assert_int_equal(client_get(&c, LOGIN), 200);
        assert_string_equal(client_body(&c),
                            "{\"kind\":\"mfa\",\"profile\":\"a\",\"state\":\"idle\",\"mfa_serial\":\"arn:x\"}\n");
        assert_int_equal(client_post(&c, LOGIN, "{\"token_code\":\"123456\"}"), 200);
        expect_member(&c, "state", "complete");
        assert_string_equal(person.code, "123456");
        assert_int_equal(s->starts, 1);
        assert_int_equal(client_post(&c, LOGIN, "{\"token_code\":\"000000\"}"), 400);
        assert_int_equal(s->starts, 1);

        s->script = SCRIPT_FAIL;
        error_set(&s->error, ERROR_INTERACTION, "wrong");
        s->error.wants_code = true;
        assert_int_equal(client_post(&c, LOGIN, "{\"token_code\":\"654321\"}"), 503);
        expect_problem(&c, 503, "mfa_required");
        assert_false(client_head_has(&c, "Retry-After: 1\n"));
        assert_int_equal(client_get(&c, "/v1/profiles/a/credentials"), 200); // what is held is served
        stop(&f, &c);
}

static void test_a_browser(void **state)
{
        (void)state;
        struct fixture f;
        fixture_start(&f);
        struct scripted *s = add(&f, LOGIN_SSO);
        struct client c = client_open(&f);
        person.after = LOGIN_PENDING;
        person.status.user_code = SLICE("AB-CD");
        person.status.verification_uri = SLICE("https://v/");
        person.status.expires_in_s = 600;
        person.status.interval_s = 5;
        assert_int_equal(client_get(&c, LOGIN), 200);
        expect_member(&c, "state", "idle");
        assert_false(client_body_has(&c, "user_code"));
        assert_int_equal(client_post(&c, LOGIN, "{}"), 200);
        assert_string_equal(client_body(&c),
                            "{\"kind\":\"sso\",\"profile\":\"a\",\"state\":\"pending\",\"verification_uri\":"
                            "\"https://v/\",\"user_code\":\"AB-CD\",\"expires_in\":600,\"interval\":5}\n");
        assert_int_equal(s->starts, 0);

        // Answered once it is past its beginning.
        person.after = LOGIN_STARTING;
        client_send(&c, "POST " LOGIN " HTTP/1.1\r\nContent-Length: 0\r\n\r\n");
        settle(&f);
        assert_int_equal(person.begins, 2);
        struct error failure;
        error_set(&failure, ERROR_DENIED, "RegisterClient: no");
        person.status.state = LOGIN_FAILED;
        person.status.error = &failure;
        provider_login_moved(&s->provider->base);
        assert_int_equal(client_answer(&c), 502);
        expect_member(&c, "detail", "RegisterClient: no");
        assert_int_equal(client_get(&c, LOGIN), 200);
        assert_true(client_body_has(&c, "\"detail\":\"RegisterClient: no\""));

        // A finished one is followed by a fetch.
        person.status.state = LOGIN_COMPLETE;
        person.status.error = NULL;
        provider_login_moved(&s->provider->base);
        settle(&f);
        assert_int_equal(s->starts, 1);
        stop(&f, &c);
}

static void returns_400_for_invalid_bodies(void **state)
{
        (void)state;
        static const char *const bodies[] = {"[]",
                                             "{",
                                             "{\"token_code\":1}",
                                             "{\"token_code\":\"\"}",
                                             "{\"token_code\":\"\\u0031\"}",
                                             "{\"token_code\":\"123456\",\"x\":1}",
                                             "{\"code\":\"123456\"}",
                                             "{}"};
        struct fixture f;
        fixture_start(&f);
        (void)add(&f, LOGIN_MFA);
        struct client c = client_open(&f);
        for (size_t i = 0; i < LENGTH(bodies); i++) {
                assert_int_equal(client_post(&c, LOGIN, bodies[i]), 400);
                expect_problem(&c, 400, "invalid_request");
        }
        assert_int_equal(client_post(&c, LOGIN "?wait=1", "{\"token_code\":\"123456\"}"), 400);
        assert_int_equal(client_get(&c, LOGIN "?wait=1"), 400);
        assert_int_equal(person.begins, 0);
        f.profiles[0].mfa_entry = NULL; // nobody is needed
        assert_int_equal(client_post(&c, LOGIN, "{\"token_code\":\"123456\"}"), 400);
        assert_int_equal(client_get(&c, LOGIN), 200);
        assert_string_equal(client_body(&c), "{\"kind\":\"none\"}\n");
        stop(&f, &c);
}

static void test_a_log_out(void **state)
{
        (void)state;
        struct fixture f;
        fixture_start(&f);
        struct scripted *s = add(&f, LOGIN_SSO);
        struct client c = client_open(&f);
        person.after = LOGIN_IDLE;
        assert_int_equal(client_get(&c, "/v1/profiles/a/credentials"), 200);
        s->script = SCRIPT_FAIL;
        error_set(&s->error, ERROR_INTERACTION, "nobody is logged in");
        client_send(&c, "DELETE " LOGIN " HTTP/1.1\r\n\r\n");
        TURN_UNTIL(&f, person.ends == 1);
        settle(&f);
        person.status.state = LOGIN_IDLE;
        provider_login_moved(&s->provider->base);
        assert_int_equal(client_answer(&c), 200);
        expect_member(&c, "state", "idle");
        assert_int_equal(client_get(&c, "/v1/profiles/a/credentials"), 503);
        expect_problem(&c, 503, "login_required");

        struct error why; // the token is gone, but not revoked
        error_set(&why, ERROR_TRANSIENT, "HTTP 500");
        client_send(&c, "DELETE " LOGIN " HTTP/1.1\r\n\r\n");
        TURN_UNTIL(&f, person.ends == 2);
        person.status.state = LOGIN_IDLE;
        person.status.error = &why;
        provider_login_moved(&s->provider->base);
        assert_int_equal(client_answer(&c), 200);
        expect_member(&c, "error/detail", "HTTP 500");

        client_send(&c, "DELETE " LOGIN " HTTP/1.1\r\n\r\n");
        TURN_UNTIL(&f, person.ends == 3);
        person.status.state = LOGIN_FAILED;
        error_set(&why, ERROR_CONFIG, "cannot remove the file");
        provider_login_moved(&s->provider->base);
        assert_int_equal(client_answer(&c), 502);
        assert_true(client_body_has(&c, "cannot remove the file"));

        person.after = LOGIN_FAILED;
        assert_int_equal(client_ask(&c, "DELETE " LOGIN " HTTP/1.1\r\n\r\n"), 502);
        assert_true(client_body_has(&c, "HOME is not set"));
        assert_int_equal(client_ask(&c, "DELETE " LOGIN "?x=y HTTP/1.1\r\n\r\n"), 400);
        f.profiles[0].login_entry = NULL;
        assert_int_equal(client_ask(&c, "DELETE " LOGIN " HTTP/1.1\r\n\r\n"), 400);
        assert_true(client_body_has(&c, "needs no login"));
        stop(&f, &c);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_a_code),
            cmocka_unit_test(test_a_browser),
            cmocka_unit_test(returns_400_for_invalid_bodies),
            cmocka_unit_test(test_a_log_out),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
