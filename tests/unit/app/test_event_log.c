// SPDX-License-Identifier: Apache-2.0
// What happens in a vault, as lines of the log.
#include "sidecar/app/event_log.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#include "proto/mem/buffer.h"
#include "proto/wire/credentials.h"
#include "sidecar/base/clock.h"
#include "sidecar/base/log.h"
#include "sidecar/base/provider_facts.h"
#include "sidecar/providers/provider.h"
#include "sidecar/server/metrics.h"
#include "tests/unit/unit.h"

#define NOON_S INT64_C(1788264000) // 2026-09-01T12:00:00Z
#define SECRET "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"

enum { TEST_TIMEOUT_S = 60, LOG_MAX = 65536 };

struct desk {
        uv_loop_t loop;
        struct clock clock; // runs 1000 times as fast where delays are meant, and is set by hand
        int64_t now_ms;
        struct log log;
        int read_fd;
        char text[LOG_MAX];
        size_t n;
        struct metrics *metrics;
        struct event_log event_log;
        struct vault *vault;
        struct entry *entry;
        bool is_closed;
        // the provider and its script
        struct provider provider;
        struct provider_facts facts;
        uv_timer_t timer;
        bool fails, is_new;
        int64_t ends_s;
        unsigned issued;
};

static int64_t desk_boot_ms(void *context)
{
        return ((struct desk *)context)->now_ms;
}

static int64_t desk_wall_ms(void *context)
{
        return ((struct desk *)context)->now_ms + NOON_S * 1000;
}

static uint32_t no_jitter(void *context)
{
        (void)context;
        return 0;
}

static struct desk *desk_of(struct provider *p)
{
        return (struct desk *)((char *)p - offsetof(struct desk, provider));
}

static void on_due(uv_timer_t *timer)
{
        struct desk *d = timer->data;
        if (d->fails) {
                struct error e;
                error_set(&e, ERROR_DENIED, "STS AssumeRole: AccessDenied\nlevel=info event=forged");
                error_hint(&e, "look at the trust policy");
                snprintf(e.upstream.code, sizeof(e.upstream.code), "AccessDenied");
                snprintf(e.upstream.request_id, sizeof(e.upstream.request_id), "11112222");
                provider_finish(&d->provider, NULL, &e);
                return;
        }
        char key[32];
        if (d->is_new)
                d->issued++;
        snprintf(key, sizeof(key), "ASIAEXAMPLE%u", d->issued);
        struct credentials fields = {.access_key_id = slice_str(key),
                                     .secret_access_key = SLICE(SECRET),
                                     .session_token = SLICE("session-token"),
                                     .issued_s = NOON_S + d->now_ms / 1000,
                                     .expires_s = d->ends_s};
        provider_finish(&d->provider, credentials_new(&fields), NULL);
}

static int desk_start(struct provider *p, struct error *e)
{
        (void)e;
        uv_timer_start(&desk_of(p)->timer, on_due, 0, 0);
        return 0;
}

static void desk_destroy(struct provider *p)
{
        uv_close((uv_handle_t *)&desk_of(p)->timer, NULL);
}

static int set_up(void **state)
{
        static const struct provider_ops ops = {.start = desk_start, .cancel = NULL, .destroy = desk_destroy};
        struct desk *d = calloc(1, sizeof(*d));
        int fds[2];
        assert_non_null(d);
        assert_int_equal(pipe2(fds, O_CLOEXEC | O_NONBLOCK), 0);
        assert_int_equal(uv_loop_init(&d->loop), 0);
        d->clock = (struct clock){desk_boot_ms, desk_wall_ms, 1000, d};
        d->now_ms = 1000;
        d->read_fd = fds[0];
        d->log = (struct log){.fd = fds[1], .level = LOG_LEVEL_INFO, .clock = &d->clock};
        d->metrics = metrics_new(&d->loop);
        d->event_log = (struct event_log){.log = &d->log, .metrics = d->metrics};
        d->vault = vault_new(&(struct vault_deps){
            .loop = &d->loop, .clock = &d->clock, .random = no_jitter, .observer = event_log_observer(&d->event_log)});
        assert_true(d->metrics && d->vault);
        d->provider = (struct provider){.ops = &ops, .facts = &d->facts};
        d->is_new = true;
        d->ends_s = NOON_S + 3600;
        uv_timer_init(&d->loop, &d->timer);
        d->timer.data = d;
        d->entry = vault_add(d->vault, &(struct entry_options){.name = "irsa", .on_demand = true}, &d->provider);
        assert_non_null(d->entry);
        *state = d;
        return 0;
}

static void on_closed(void *arg)
{
        ((struct desk *)arg)->is_closed = true;
}

static int tear_down(void **state)
{
        struct desk *d = *state;
        vault_close(d->vault, on_closed, d);
        uv_run(&d->loop, UV_RUN_DEFAULT);
        assert_true(d->is_closed);
        event_log_deinit(&d->event_log);
        metrics_close(d->metrics);
        uv_run(&d->loop, UV_RUN_DEFAULT);
        assert_int_equal(uv_loop_close(&d->loop), 0);
        close(d->read_fd);
        close(d->log.fd);
        free(d);
        return 0;
}

// Takes what was logged; true when `event` is in it.
static bool has_event(struct desk *d, const char *event)
{
        char word[64];
        ssize_t got;
        while ((got = read(d->read_fd, d->text + d->n, sizeof(d->text) - 1 - d->n)) > 0)
                d->n += (size_t)got;
        d->text[d->n] = '\0';
        snprintf(word, sizeof(word), " event=%s ", event);
        return strstr(d->text, word) != NULL;
}

static void turn_until_event(struct desk *d, const char *event)
{
        for (time_t start = time(NULL); !has_event(d, event);) {
                uv_run(&d->loop, UV_RUN_NOWAIT);
                if (time(NULL) - start > TEST_TIMEOUT_S)
                        fail_msg("no %s in %s", event, d->text);
        }
}

static void forget_log(struct desk *d)
{
        (void)has_event(d, "");
        d->n = 0;
        d->text[0] = '\0';
}

#define EXPECT(d, part)                                                                                                \
        do {                                                                                                           \
                if (!strstr((d)->text, part))                                                                          \
                        fail_msg("no %s in %s", part, (d)->text);                                                      \
        } while (0)

static void on_done(struct vault_waiter *w, struct credentials *c, const struct error *e)
{
        (void)w;
        (void)c;
        (void)e;
}

// Nobody needs the answer: what is asked for happens all the same.
static void ask(struct desk *d, enum vault_want want, int64_t min_life_s)
{
        struct vault_waiter w = {.done = on_done, .min_life_s = min_life_s};
        entry_wait(d->entry, want, &w);
        entry_wait_cancel(&w);
}

static void test_rotated(void **state)
{
        struct desk *d = *state;
        ask(d, VAULT_WANT_CREDENTIALS, 0);
        turn_until_event(d, "rotated");
        EXPECT(d, "level=info event=rotated profile=irsa generation=1 expiration=2026-09-01T13:00:00Z duration_ms=0\n");
        assert_null(strstr(d->text, SECRET));
        assert_null(strstr(d->text, "session-token"));
        forget_log(d);
        ask(d, VAULT_WANT_REFRESH, 0);
        turn_until_event(d, "rotated");
        EXPECT(d, "generation=2");
}

// The source had nothing else: that is not told as something new.
static void test_refreshed(void **state)
{
        struct desk *d = *state;
        ask(d, VAULT_WANT_CREDENTIALS, 0);
        turn_until_event(d, "rotated");
        forget_log(d);
        d->is_new = false;
        d->now_ms += 31000;
        ask(d, VAULT_WANT_CREDENTIALS, 7200); // more than it has
        turn_until_event(d, "refreshed");
        EXPECT(d, "level=info event=refreshed profile=irsa generation=1 expiration=2026-09-01T13:00:00Z");
        assert_false(has_event(d, "rotated"));
        struct buffer text;
        buffer_init(&text, LOG_MAX);
        metrics_write_totals(d->metrics, &text);
        assert_non_null(strstr(buffer_c_str(&text), "keyfob_refresh_duration_seconds_count 2\n")); // both were calls
        buffer_free(&text);
}

static struct login_status login_now;

static void login_as_it_is(const struct provider *p, struct login_status *ret)
{
        (void)p;
        *ret = login_now;
}

// Of a login, only that what it brought cannot be kept is for the log: all else the user sees.
static void test_token_not_written(void **state)
{
        static const struct login_ops ops = {.status = login_as_it_is};
        struct error e = {0};
        error_set(&e, ERROR_CONFIG, "the disk is full");
        error_hint(&e, "make room");
        const struct {
                enum login_state state;
                const struct error *error;
                bool is_logged;
        } rows[] = {{LOGIN_STARTING, NULL, false},
                    {LOGIN_PENDING, NULL, false},
                    {LOGIN_FAILED, &e, false},
                    {LOGIN_COMPLETE, NULL, false},
                    {LOGIN_COMPLETE, &e, true}};
        struct desk *d = *state;
        d->provider.login = &ops;
        for (size_t i = 0; i < LENGTH(rows); i++) {
                login_now = (struct login_status){.kind = LOGIN_SSO, .state = rows[i].state, .error = rows[i].error};
                forget_log(d);
                ask(d, VAULT_WANT_REFRESH, 0);
                turn_until_event(d, "rotated");
                assert_int_equal(has_event(d, "token_not_written"), rows[i].is_logged);
        }
        EXPECT(d, "level=warn event=token_not_written profile=irsa error=\"the disk is full\" hint=\"make room\"\n");
        d->provider.login = NULL;
}

static void test_credentials_without_end(void **state)
{
        struct desk *d = *state;
        d->ends_s = CREDENTIALS_NEVER_EXPIRE;
        ask(d, VAULT_WANT_CREDENTIALS, 0);
        turn_until_event(d, "rotated");
        EXPECT(d, "expiration=never");
}

static void test_failed(void **state)
{
        struct desk *d = *state;
        d->fails = true;
        ask(d, VAULT_WANT_CREDENTIALS, 0);
        turn_until_event(d, "refresh_failed");
        EXPECT(d, "level=warn event=refresh_failed profile=irsa kind=denied");
        EXPECT(d, "hint=\"look at the trust policy\" upstream_code=AccessDenied upstream_request_id=11112222\n");
        assert_false(has_event(d, "forged")); // one line stays one line
}

static void test_expired_and_dropped(void **state)
{
        struct desk *d = *state;
        ask(d, VAULT_WANT_CREDENTIALS, 0);
        turn_until_event(d, "rotated");
        d->fails = true;
        d->now_ms += (INT64_C(3600) - 59) * 1000;
        (void)entry_peek(d->entry); // it is not idle
        vault_replan(d->vault);
        turn_until_event(d, "expiring");
        EXPECT(d, "level=warn event=expiring profile=irsa generation=1 expiration=2026-09-01T13:00:00Z");
        d->now_ms += INT64_C(62) * 1000;
        vault_replan(d->vault);
        turn_until_event(d, "expired");
        EXPECT(d, "level=error event=expired profile=irsa hint=");
        entry_drop(d->entry);
        assert_true(has_event(d, "dropped"));
        EXPECT(d, "level=info event=dropped profile=irsa\n");
}

static void refresh(struct desk *d, int64_t now_s)
{
        forget_log(d);
        memset(&d->event_log.limiter, 0, sizeof(d->event_log.limiter)); // it is not about that
        d->now_ms = (now_s - NOON_S) * 1000;
        d->ends_s = now_s + 3600;
        ask(d, VAULT_WANT_REFRESH, 0);
        turn_until_event(d, d->fails ? "refresh_failed" : "rotated");
}

static void test_the_end_of_a_certificate(void **state)
{
        struct desk *d = *state;
        enum { DAY_S = 86400 };
        const int64_t end_s = NOON_S + INT64_C(40) * DAY_S;
        char subject[] = "CN=a b", serial[] = "4097";
        static const struct {
                int64_t before_s; // the end
                bool fails;
                const char *event; // or NULL
        } rows[] = {
            {40 * DAY_S - 100, false, NULL},
            {30 * DAY_S + 1, false, NULL},
            {30 * DAY_S, false, "certificate_expiring"},
            {30 * DAY_S - 3600, false, NULL}, // once a day
            {29 * DAY_S + 1, true, NULL},
            {29 * DAY_S, false, "certificate_expiring"},
            {12 * 3600, true, "certificate_expiring"}, // also when it fails
            {0, false, NULL},
            {-1, true, "certificate_expired"}, // at once
            {-3600, true, NULL},
            {-1 - DAY_S, true, "certificate_expired"},
        };
        refresh(d, NOON_S + 100); // no certificate is known yet
        d->facts.certificate.subject = subject;
        d->facts.certificate.serial = serial;
        d->facts.certificate.not_after_s = end_s;
        for (size_t i = 0; i < LENGTH(rows); i++) {
                d->fails = rows[i].fails;
                refresh(d, end_s - rows[i].before_s);
                bool is_reported = strstr(d->text, "event=certificate_") != NULL;
                if (is_reported != (rows[i].event != NULL) || (is_reported && !has_event(d, rows[i].event)))
                        fail_msg("%zu: %s", i, d->text);
                if (is_reported)
                        EXPECT(d, " profile=irsa subject=\"CN=a b\" serial=4097 not_after=2026-10-11T12:00:00Z hint=");
        }
        char problem[] = "the key is another's";
        d->facts.certificate.problem = problem;
        for (int fails = 0; fails < 2; fails++) { // a failure says it by itself
                d->fails = fails;
                refresh(d, NOON_S + 200);
                bool is_reported = has_event(d, "certificate_not_replaced");
                if (is_reported == (fails > 0))
                        fail_msg("%s", d->text);
                if (is_reported)
                        EXPECT(d, " profile=irsa serial=4097 error=\"the key is another's\" hint=");
        }
        d->provider.facts = NULL; // of other types
        d->fails = false;
        refresh(d, end_s + INT64_C(9) * DAY_S);
        assert_null(strstr(d->text, "event=certificate_"));
}

// Errors that a person has to mend are told as errors, the others pass.
static size_t count_lines(const struct desk *d, const char *text)
{
        size_t count = 0;
        for (const char *at = d->text; (at = strstr(at, text)) != NULL; at++)
                count++;
        return count;
}

// Refreshes that clients ask for are limited, those of the agent's own are not; what was left out is counted.
static void leaves_out_lines_of_refreshes_that_are_asked_for_without_end(void **state)
{
        enum { COUNT = 25 };
        struct desk *d = *state;
        ask(d, VAULT_WANT_CREDENTIALS, 0);
        turn_until_event(d, "rotated");
        forget_log(d);
        for (unsigned i = 0; i < COUNT; i++) {
                unsigned before = d->issued;
                ask(d, VAULT_WANT_REFRESH, 0);
                while (d->issued == before || !entry_peek(d->entry))
                        uv_run(&d->loop, UV_RUN_NOWAIT);
        }
        for (int i = 0; i < 10; i++)
                uv_run(&d->loop, UV_RUN_NOWAIT);
        (void)has_event(d, "");
        assert_int_equal(count_lines(d, "event=rotated "), LOG_LIMITER_BURST_N);
        assert_int_equal(count_lines(d, "log_lines_dropped"), 0);
        d->now_ms += LOG_LIMITER_EVERY_MS;
        ask(d, VAULT_WANT_REFRESH, 0);
        turn_until_event(d, "log_lines_dropped");
        EXPECT(d, "level=warn event=log_lines_dropped of=rotated lines=15\n");
        turn_until_event(d, "rotated");
}

static void test_levels(void **state)
{
        struct desk *d = *state;
        static const struct {
                enum error_kind kind;
                const char *level;
        } rows[] = {{ERROR_CONFIG, "level=error "},
                    {ERROR_INTERNAL, "level=error "},
                    {ERROR_DENIED, "level=warn "},
                    {ERROR_TRANSIENT, "level=warn "},
                    {ERROR_THROTTLED, "level=warn "}};
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct error e;
                error_set(&e, rows[i].kind, "why");
                event_log_error(&d->log, "refresh_failed", "a b", &e);
                assert_true(has_event(d, "refresh_failed"));
                EXPECT(d, rows[i].level);
                EXPECT(d, "profile=\"a b\"");
                EXPECT(d, "error=why hint=\"\"");
                forget_log(d);
        }
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
            TEST(test_rotated),
            TEST(test_refreshed),
            TEST(test_token_not_written),
            TEST(test_credentials_without_end),
            TEST(test_failed),
            TEST(test_expired_and_dropped),
            TEST(test_levels),
            TEST(leaves_out_lines_of_refreshes_that_are_asked_for_without_end),
            TEST(test_the_end_of_a_certificate),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
