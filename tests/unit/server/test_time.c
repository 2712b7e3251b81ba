// SPDX-License-Identifier: Apache-2.0
// How long the server waits, by its own numbers: other tests set theirs, so as not to wait. And what it gives back of
// requests, which tests/canary.h searches.
#include "sidecar/providers/provider.h"
#include "sidecar/server/state.h"
#include "tests/canary.h"
#include "tests/unit/server/fixture.h"

// The longest time that the loop was asked for. The linker sends our calls here, see cmake/tests.cmake.
static uint64_t longest_ms;

int __real_uv_timer_start(uv_timer_t *timer, uv_timer_cb callback, uint64_t timeout_ms, uint64_t repeat_ms);
int __wrap_uv_timer_start(uv_timer_t *timer, uv_timer_cb callback, uint64_t timeout_ms, uint64_t repeat_ms);
int __wrap_uv_timer_start(uv_timer_t *timer, uv_timer_cb callback, uint64_t timeout_ms, uint64_t repeat_ms)
{
        if (timeout_ms > longest_ms)
                longest_ms = timeout_ms;
        return __real_uv_timer_start(timer, callback, timeout_ms, repeat_ms);
}

static void deadlines_of_connections(void **state)
{
        (void)state;
        struct fixture f;
        fixture_start(&f);
        const struct server_deadlines *d = &f.server->deadlines;
        assert_int_equal(d->idle_ms, 90000);
        assert_int_equal(d->request_ms, 10000);
        assert_int_equal(d->write_ms, 30000);
        assert_int_equal(d->linger_ms, 2000);
        assert_in_range(d->sweep_ms, 1, 1000); // a peer that hangs up is noticed within a second
        fixture_stop(&f);
}

static void requests_wait_for_credentials(void **state)
{
        (void)state;
        static const struct {
                const char *target;
                uint64_t ms;
        } rows[] = {{CREDENTIALS, 10000}, {CREDENTIALS "?wait=25", 25000}, {CREDENTIALS "?wait=60", 60000}};
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct fixture f;
                fixture_start(&f);
                struct scripted *s = fixture_add(&f, "a", true);
                s->script = SCRIPT_HANG;
                struct client c = client_open(&f);
                longest_ms = 0;
                client_send_get(&c, rows[i].target, "");
                TURN_UNTIL(&f, s->starts == 1);
                settle(&f);
                assert_int_equal(longest_ms, rows[i].ms);
                stop(&f, &c);
        }
}

static int begin_login(struct provider *p, struct slice code, struct error *e)
{
        (void)p;
        (void)code;
        (void)e;
        return 0;
}

static void report_login(const struct provider *p, struct login_status *ret)
{
        (void)p;
        *ret = (struct login_status){.kind = LOGIN_SSO, .state = LOGIN_STARTING};
}

static void logins_wait_half_a_minute_for_the_service(void **state)
{
        (void)state;
        static const struct login_ops ops = {.begin = begin_login, .status = report_login};
        struct fixture f;
        fixture_start(&f);
        struct scripted *s = fixture_add(&f, "a", true);
        s->provider->base.login = &ops;
        f.profiles[0].login_entry = f.profiles[0].entry;
        struct client c = client_open(&f);
        longest_ms = 0;
        client_send(
            &c, "POST /v1/profiles/a/login HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}");
        for (int i = 0; i < 100 && longest_ms == 0; i++)
                settle(&f);
        assert_int_equal(longest_ms, 30000);
        stop(&f, &c);
}

// Whole, in two pieces, and while it waits for credentials: what was kept of it is wiped.
static void requests_leave_nothing(void **state)
{
        (void)state;
        static const char body[] = "{\"method\":\"PUT\",\"url\":\"https://sts.us-east-1.amazonaws.com/\","
                                   "\"headers\":{\"x-a\":\"" CANARY "\"},\"payload_text\":\"" CANARY "\\n\"}";
        char request[1024];
        int n = snprintf(request, sizeof(request),
                         "POST /v1/profiles/a/sign HTTP/1.1\r\nContent-Type: application/json\r\nX-A: " CANARY
                         "\r\nContent-Length: %zu\r\n\r\n%s",
                         sizeof(body) - 1, body);
        assert_true(n > 0 && (size_t)n < sizeof(request));
        for (size_t cut = 0; cut < (size_t)n; cut += 60) {
                struct fixture f;
                struct client c;
                struct scripted *s = serve_profile(&f, &c);
                s->script = SCRIPT_HANG;
                TURN_UNTIL(&f, s->starts == 1);
                client_send_bytes(&c, slice_of(request, cut));
                settle(&f);
                client_send_bytes(&c, slice_of(request + cut, (size_t)n - cut));
                settle(&f);
                s->script = SCRIPT_GIVE;
                script_release(s);
                assert_int_equal(client_answer(&c), 200);
                assert_null(memmem(f.server->read_buffer, READ_SIZE, CANARY, strlen(CANARY)));
                stop(&f, &c);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(deadlines_of_connections),
            cmocka_unit_test(requests_wait_for_credentials),
            cmocka_unit_test(logins_wait_half_a_minute_for_the_service),
            cmocka_unit_test(requests_leave_nothing),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
