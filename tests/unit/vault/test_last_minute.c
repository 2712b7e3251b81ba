// SPDX-License-Identifier: Apache-2.0
// Credentials with less than a minute to live: better ones are sought first, and what is valid is the last resort.
#include "proto/wire/limits.h"
#include "sidecar/vault/entry.h"
#include "tests/unit/vault/simulation.h"

enum { LIFE_S = 3600 };

// A client that polls. Each of its requests waits as the server's do: anew after an error that may pass.
struct client {
        struct asker asker; // first
        struct sim *sim;
        struct fake *f;
        struct entry *e;
        uv_timer_t timer;
        int64_t asked_ms;
        int64_t longest_wait_ms, longest_wait_in_time_ms; // of all; of those that began while something could be served
        bool was_in_time;
        unsigned answers, failures;
};

static void note_answer(struct client *c)
{
        int64_t waited_ms = sim_boot_ms(c->sim) - c->asked_ms;
        c->answers++;
        c->longest_wait_ms = waited_ms > c->longest_wait_ms ? waited_ms : c->longest_wait_ms;
        if (c->was_in_time && waited_ms > c->longest_wait_in_time_ms)
                c->longest_wait_in_time_ms = waited_ms;
        struct credentials *given = entry_last_resort(c->e);
        assert_non_null(given);
        assert_true(given->expires_s * 1000 - sim_wall_ms(c->sim) > LIMIT_LAST_LIFE_S * 1000);
}

static void on_answer(struct asker *a)
{
        struct client *c = (struct client *)a;
        bool may_pass = a->error.kind == ERROR_TRANSIENT || a->error.kind == ERROR_THROTTLED;
        if (a->key[0] != '\0')
                note_answer(c);
        else if (may_pass && sim_boot_ms(c->sim) - c->asked_ms < 10 * SECOND)
                ask(a, c->e, VAULT_WANT_CREDENTIALS);
        else
                c->failures++;
}

static void on_poll(uv_timer_t *timer)
{
        struct client *c = timer->data;
        if (c->asker.waiter.entry)
                return;
        c->asked_ms = sim_boot_ms(c->sim);
        c->was_in_time = entry_peek(c->e) || entry_has_last_resort(c->e);
        if (entry_peek(c->e))
                note_answer(c);
        else
                ask(&c->asker, c->e, VAULT_WANT_CREDENTIALS);
}

static void client_begin(struct client *c, struct fake *f, struct entry *e, int64_t poll_ms)
{
        *c = (struct client){.asker.then = on_answer, .sim = f->sim, .f = f, .e = e};
        uv_timer_init(&f->sim->loop, &c->timer);
        c->timer.data = c;
        uv_timer_start(&c->timer, on_poll, 0, (uint64_t)poll_ms);
}

static void client_end(struct client *c)
{
        entry_wait_cancel(&c->asker.waiter);
        uv_close((uv_handle_t *)&c->timer, NULL);
}

// Between the calls of one hour of the source, in ms before its end: never less than 5 s, but the one at the end.
static void check_calls(const struct sim *sim, int64_t end_ms)
{
        bool was_asked_at_the_end = false;
        for (size_t i = 1; i < sim->calls; i++) {
                int64_t since_ms = sim->calls_ms[i] - sim->calls_ms[i - 1], left_ms = end_ms - sim->calls_ms[i];
                if (left_ms > 0 && since_ms < 5 * SECOND)
                        fail_msg("%lld ms before the end: asked again after %lld ms", (long long)left_ms,
                                 (long long)since_ms);
                was_asked_at_the_end |= left_ms <= 0 && left_ms > -50;
        }
        assert_true(was_asked_at_the_end);
}

// The source has one set of credentials for each hour, and hands it out until its end.
static void replace_at_the_end(void *arg)
{
        struct fake *f = arg;
        if (f->fixed_end_s <= sim_now_s(f->sim))
                f->fixed_end_s += LIFE_S;
}

static void a_source_that_keeps_its_credentials_to_their_end_causes_no_gap(void **state)
{
        (void)state;
        static const int64_t polls_ms[] = {50, 700, 6100, 0}; // 0: nobody asks
        for (size_t i = 0; i < LENGTH(polls_ms); i++) {
                int64_t calls_ms[200];
                struct sim sim;
                struct fake f;
                struct client c;
                struct entry *e = sim_begin_one(&sim, &f, "irsa", false);
                f.has_no_date = true;
                f.is_fixed = true;
                f.fixed_end_s = SIM_WALL_S + LIFE_S;
                f.takes_ms = 300;
                sim.watch = replace_at_the_end;
                sim.watch_arg = &f;
                sim.calls_ms = calls_ms;
                sim.calls_max = LENGTH(calls_ms);
                sim.random = UINT32_MAX / 3;
                int64_t end_ms = f.fixed_end_s * 1000 - sim.wall_offset_ms;
                client_begin(&c, &f, e, polls_ms[i] ? polls_ms[i] : MINUTE / 4);
                if (!polls_ms[i])
                        c.asker.waiter.entry = e; // it never asks
                sim_run(&sim, HOUR + 3 * SECOND);
                check_calls(&sim, end_ms);
                assert_int_equal(entry_generation(e), 2);
                assert_int_equal(state_of(e), ENTRY_FRESH);
                assert_int_equal(c.failures, 0);
                assert_true(c.longest_wait_in_time_ms <= 2100);
                assert_true(c.longest_wait_ms <= 5500);
                assert_in_range(sim.calls, 5, 30);
                assert_int_equal(sim.events[VAULT_EXPIRING], 1);
                assert_int_equal(sim.events[VAULT_EXPIRED], 0);
                sim_run(&sim, 3 * HOUR);
                assert_int_equal(c.failures, 0);
                assert_int_equal(entry_generation(e), 5);
                if (!polls_ms[i])
                        c.asker.waiter.entry = NULL;
                client_end(&c);
                sim_end(&sim);
        }
}

static void serves_until_5_s_before_the_end_while_the_source_fails(void **state)
{
        (void)state;
        static const enum error_kind kinds[] = {ERROR_DENIED,    ERROR_TRANSIENT, ERROR_PROTOCOL,
                                                ERROR_THROTTLED, ERROR_CONFIG,    ERROR_INTERACTION};
        for (size_t i = 0; i < LENGTH(kinds); i++) {
                struct sim sim;
                struct fake f;
                struct client c;
                struct entry_status status;
                struct entry *e = sim_begin_one(&sim, &f, "irsa", false);
                sim.random = UINT32_MAX;
                sim_run(&sim, SECOND);
                fake_fails(&f, kinds[i]);
                sim_run(&sim, 59 * MINUTE);
                assert_int_equal(state_of(e), ENTRY_EXPIRING);
                unsigned starts = f.starts;
                client_begin(&c, &f, e, 20);
                sim_run(&sim, 53 * SECOND);
                assert_int_equal(c.failures, 0);
                assert_true(c.answers > 500);
                assert_true(c.longest_wait_ms <= 2000);
                if (kinds[i] != ERROR_INTERACTION) // which makes no call
                        assert_true(f.starts - starts <= 53 / 5 + 1);
                entry_status(e, &status);
                assert_int_equal(status.state, ENTRY_EXPIRING);
                assert_int_equal(status.served_expiring, c.answers);
                assert_int_equal(sim.events[VAULT_EXPIRING], 1);
                unsigned answers = c.answers;
                sim_run(&sim, 2 * MINUTE);
                assert_true(c.answers < answers + 100);
                assert_int_equal(state_of(e), ENTRY_FAILED);
                assert_true(c.failures > 0);
                assert_int_equal(sim.events[VAULT_EXPIRED], 1);
                client_end(&c);
                sim_end(&sim);
        }
}

// What the entry of most tests here holds, at `left_s` before the end; from then on the source does as `way` says.
static struct entry *begin_at(struct sim *sim, struct fake *f, int64_t left_s, enum fake_way way)
{
        struct entry *e = sim_begin_one(sim, f, "irsa", false);
        f->takes_ms = 0;
        sim->random = UINT32_MAX;
        sim_run(sim, 10);
        fake_fails(f, ERROR_TRANSIENT);
        sim_run(sim, (LIFE_S - left_s) * SECOND - 10);
        while (sim_boot_ms(sim) - e->last_attempt_ms < 5 * SECOND) // which holds for the requests of 5 s
                sim_run(sim, 100);
        f->way = way;
        return e;
}

static void gives_what_the_refresh_brings(void **state)
{
        (void)state;
        struct sim sim;
        struct fake f;
        struct asker a = {0};
        struct entry *e = begin_at(&sim, &f, 55, FAKE_GIVES);
        f.takes_ms = 1900;
        ask(&a, e, VAULT_WANT_CREDENTIALS);
        sim_run(&sim, 1890);
        assert_int_equal(a.completions, 0);
        sim_run(&sim, 20);
        assert_string_equal(a.key, "AKIDEXAMPLE2");
        assert_int_equal(state_of(e), ENTRY_FRESH);
        sim_end(&sim);
}

static void waits_2_s_for_a_source_that_hangs(void **state)
{
        (void)state;
        struct sim sim;
        struct fake f;
        struct asker first = {0}, second = {0}, third = {0};
        struct entry *e = begin_at(&sim, &f, 50, FAKE_HANGS);
        ask(&first, e, VAULT_WANT_CREDENTIALS);
        sim_run(&sim, 1500);
        ask(&second, e, VAULT_WANT_CREDENTIALS);
        sim_run(&sim, 490);
        assert_int_equal(first.completions, 0);
        sim_run(&sim, 20);
        assert_string_equal(first.key, "AKIDEXAMPLE1"); // of the flight, not of the request
        assert_string_equal(second.key, "AKIDEXAMPLE1");
        ask(&third, e, VAULT_WANT_CREDENTIALS);
        sim_run(&sim, 5);
        assert_string_equal(third.key, "AKIDEXAMPLE1");
        sim_end(&sim);
}

// A request that came before the last minute, for a life that the source cannot give.
static void one_that_waits_for_a_longer_life_is_given_what_there_is(void **state)
{
        (void)state;
        struct sim sim;
        struct fake f;
        struct asker a = {.waiter.min_life_s = 300};
        struct entry *e = begin_at(&sim, &f, 80, FAKE_HANGS);
        struct entry_status status;
        entry_status(e, &status);
        ask(&a, e, VAULT_WANT_CREDENTIALS);
        sim_run(&sim, (status.expires_s - sim_now_s(&sim) - 62) * SECOND);
        assert_int_equal(a.completions, 0);
        sim_run(&sim, 3 * SECOND);
        assert_string_equal(a.key, "AKIDEXAMPLE1");
        sim_end(&sim);
}

static void a_session_of_less_than_a_minute_is_served(void **state)
{
        (void)state;
        struct sim sim;
        struct fake f;
        struct client c;
        struct entry *e = sim_begin_one(&sim, &f, "irsa", false);
        f.life_s = 40;
        client_begin(&c, &f, e, 100);
        sim_run(&sim, SECOND);
        assert_int_equal(state_of(e), ENTRY_EXPIRING);
        assert_int_equal(sim.events[VAULT_EXPIRING], 1);
        sim_run(&sim, 5 * MINUTE);
        assert_int_equal(c.failures, 0);
        assert_true(c.longest_wait_ms <= 100);
        assert_true(f.starts <= 62); // one in 5 s
        client_end(&c);
        sim_run(&sim, 5 * MINUTE);
        assert_true(f.starts <= 80); // without requests at their ends alone
        sim_end(&sim);
}

// A client that comes just before the end of what the source keeps.
static void waits_for_the_end_of_what_is_about_to_end(void **state)
{
        (void)state;
        struct sim sim;
        struct fake f;
        struct client c;
        struct entry *e = sim_begin_one(&sim, &f, "irsa", true);
        f.has_no_date = f.is_fixed = true;
        f.fixed_end_s = SIM_WALL_S + 4;
        sim.watch = replace_at_the_end;
        sim.watch_arg = &f;
        client_begin(&c, &f, e, 10);
        sim_run(&sim, 3990);
        assert_int_equal(f.starts, 1);
        assert_int_equal(c.answers, 0);
        assert_int_equal(state_of(e), ENTRY_FAILED);
        sim_run(&sim, 200);
        assert_int_equal(f.starts, 2);
        assert_true(c.answers > 0);
        assert_int_equal(c.failures, 0);
        client_end(&c);
        sim_end(&sim);
}

// What is good is not given away for what is not, whoever asks.
static void never_takes_less_than_a_minute_for_more(void **state)
{
        (void)state;
        struct sim sim;
        struct fake f;
        struct asker a = {0};
        struct entry *e = sim_begin_one(&sim, &f, "irsa", false);
        sim_run(&sim, SECOND);
        sim.random = UINT32_MAX;
        f.life_s = 60;
        ask(&a, e, VAULT_WANT_REFRESH);
        sim_run(&sim, SECOND);
        assert_non_null(strstr(a.error.message, "less than 60 s from now"));
        assert_true(slice_eq(entry_peek(e)->access_key_id, SLICE("AKIDEXAMPLE1")));
        assert_int_equal(state_of(e), ENTRY_STALE);
        f.life_s = 62;
        ask(&a, e, VAULT_WANT_REFRESH);
        sim_run(&sim, SECOND);
        assert_int_equal(entry_generation(e), 2); // asked for
        sim_end(&sim);
}

// In its last minute the base is good enough for a call, if nothing better can be had.
static void chains_on_a_base_in_its_last_minute(void **state)
{
        (void)state;
        struct sim sim;
        struct fake base, chained;
        struct entry *b = begin_at(&sim, &base, 50, FAKE_FAILS);
        struct credentials_source source = entry_source(b);
        fake_init(&chained, &sim);
        chained.source = &source;
        chained.source_life_s = 300;
        struct entry *e = fake_add(&chained, "tenant", false);
        sim_run(&sim, 3 * SECOND);
        assert_string_equal(chained.base_key, "AKIDEXAMPLE1");
        assert_int_equal(state_of(e), ENTRY_FRESH);
        sim_end(&sim);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(a_source_that_keeps_its_credentials_to_their_end_causes_no_gap),
            cmocka_unit_test(serves_until_5_s_before_the_end_while_the_source_fails),
            cmocka_unit_test(gives_what_the_refresh_brings),
            cmocka_unit_test(waits_2_s_for_a_source_that_hangs),
            cmocka_unit_test(one_that_waits_for_a_longer_life_is_given_what_there_is),
            cmocka_unit_test(a_session_of_less_than_a_minute_is_served),
            cmocka_unit_test(waits_for_the_end_of_what_is_about_to_end),
            cmocka_unit_test(never_takes_less_than_a_minute_for_more),
            cmocka_unit_test(chains_on_a_base_in_its_last_minute),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
