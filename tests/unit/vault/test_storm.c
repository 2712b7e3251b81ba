// SPDX-License-Identifier: Apache-2.0
// Ten thousand entries on one base, all of which call one upstream: whatever makes them due together, no second
// has more calls than are configured, and every waiter completes.
#include "sidecar/vault/vault.h"

#include "tests/unit/vault/simulation.h"

enum { MANY = 10000, RATE = 100, CALLS_MAX = 200000 };

#define STS "https://sts.us-east-1.amazonaws.com"

struct storm {
        struct sim sim;
        struct fake base;
        struct credentials_source source;
        struct entry *base_entry;
        struct fake f[MANY];
        struct entry *e[MANY];
        struct asker a[MANY];
        unsigned count;
};

static struct entry *add(struct storm *s, struct fake *f, const char *name, bool on_demand)
{
        struct entry_options options = {.name = name, .on_demand = on_demand, .upstream = STS};
        struct entry *e = vault_add(s->sim.vault, &options, &f->base);
        assert_non_null(e);
        return e;
}

static struct storm *storm_begin(const struct vault_pacing *pacing)
{
        struct storm *s = calloc(1, sizeof(*s));
        assert_non_null(s);
        sim_begin(&s->sim);
        s->sim.calls_ms = calloc(CALLS_MAX, sizeof(*s->sim.calls_ms));
        s->sim.calls_max = CALLS_MAX;
        assert_non_null(s->sim.calls_ms);
        if (pacing)
                vault_set_pacing(s->sim.vault, pacing);
        fake_init(&s->base, &s->sim);
        s->base_entry = add(s, &s->base, "base", false);
        s->source = entry_source(s->base_entry);
        return s;
}

// One more; its provider may be changed before the loop turns.
static struct fake *tenant(struct storm *s, bool on_demand)
{
        char name[32];
        struct fake *f = &s->f[s->count];
        assert_true(s->count < MANY);
        snprintf(name, sizeof(name), "tenant-%u", s->count);
        fake_init(f, &s->sim);
        f->source = &s->source;
        f->source_life_s = 300;
        s->e[s->count++] = add(s, f, name, on_demand);
        return f;
}

static void storm_end(struct storm *s)
{
        sim_end(&s->sim);
        assert_int_equal(s->sim.calling, 0);
        free(s->sim.calls_ms);
        free(s);
}

static size_t most_in_a_second(const struct sim *sim, size_t from)
{
        size_t most = 0, first = from;
        for (size_t last = from; last < sim->calls; last++) {
                while (sim->calls_ms[last] - sim->calls_ms[first] >= SECOND)
                        first++;
                if (last - first + 1 > most)
                        most = last - first + 1;
        }
        return most;
}

static void assert_rate(const struct storm *s, size_t rate)
{
        assert_in_range(most_in_a_second(&s->sim, 0), 1, rate);
        assert_true(s->sim.calls < CALLS_MAX);
}

static unsigned fresh(const struct storm *s)
{
        unsigned n = 0;
        for (unsigned i = 0; i < s->count; i++)
                n += state_of(s->e[i]) == ENTRY_FRESH;
        return n;
}

// Start-up, an hour of renewals, a machine that slept.
static void keeps_the_rate_at_start_up_and_after_a_sleep(void **state)
{
        (void)state;
        struct storm *s = storm_begin(NULL);
        for (unsigned i = 0; i < MANY; i++)
                tenant(s, false);
        sim_run(&s->sim, 99 * SECOND);
        assert_true(fresh(s) < MANY); // that is what the rate means
        sim_run(&s->sim, 8 * SECOND);
        assert_int_equal(fresh(s), MANY); // and nothing else takes time, but the 50 ms that each call counts longer
        assert_int_equal(s->sim.calls, MANY + 1);
        sim_run(&s->sim, HOUR);
        assert_in_range(s->sim.calls, 2 * MANY, 3 * MANY + 10);
        s->sim.slept_ms += 3 * HOUR; // all have ended
        sim_run(&s->sim, 10 * SECOND);
        sim_run(&s->sim, 105 * SECOND);
        assert_int_equal(fresh(s), MANY);
        assert_rate(s, RATE);
        assert_true(s->sim.most_calling <= VAULT_CONCURRENCY);
        storm_end(s);
}

// Those that wait for the base have not called yet.
static void keeps_the_rate_after_a_slow_base(void **state)
{
        (void)state;
        struct storm *s = storm_begin(NULL);
        s->base.takes_ms = 5 * SECOND;
        for (unsigned i = 0; i < MANY / 10; i++)
                tenant(s, i % 2);
        sim_turn(&s->sim);
        for (unsigned i = 1; i < MANY / 10; i += 2)
                ask(&s->a[i], s->e[i], VAULT_WANT_CREDENTIALS);
        sim_run(&s->sim, 4 * SECOND);
        assert_int_equal(s->sim.calls, 1);
        sim_run(&s->sim, 12 * SECOND);
        assert_int_equal(fresh(s), MANY / 10);
        assert_rate(s, RATE);
        storm_end(s);
}

// Ten thousand first requests, beside which others must be renewed.
static void keeps_the_rate_for_ten_thousand_requests(void **state)
{
        (void)state;
        enum { EAGER = 200 };
        struct storm *s = storm_begin(NULL);
        for (unsigned i = 0; i < MANY; i++)
                tenant(s, i >= EAGER)->life_s = i < EAGER ? 180 : 3600;
        sim_run(&s->sim, 10 * SECOND);
        assert_int_equal(s->sim.calls, EAGER + 1); // of the others, none
        for (unsigned i = EAGER; i < MANY; i++)
                ask(&s->a[i], s->e[i], VAULT_WANT_CREDENTIALS);
        sim_run(&s->sim, 10 * SECOND);
        for (unsigned i = EAGER; i < EAGER + 10 * RATE * 3 / 4 - RATE; i++) // in their order
                assert_int_equal(s->a[i].completions, 1);
        sim_run(&s->sim, 110 * SECOND);
        for (unsigned i = EAGER; i < MANY; i++) {
                assert_int_equal(s->a[i].completions, 1);
                assert_true(s->a[i].key[0]);
        }
        assert_int_equal(s->sim.events[VAULT_EXPIRED], 0);
        assert_rate(s, RATE);
        storm_end(s);
}

static void ask_again(struct asker *a)
{
        ask(a, a->entry, VAULT_WANT_CREDENTIALS);
}

// Clients that never tire of asking for what cannot be had.
static void failing_entries_do_not_delay_the_others(void **state)
{
        (void)state;
        enum { BROKEN = 1000, EAGER = 500 };
        struct storm *s = storm_begin(NULL);
        for (unsigned i = 0; i < BROKEN + EAGER + 10; i++) {
                struct fake *f = tenant(s, i < BROKEN || i >= BROKEN + EAGER);
                f->life_s = 900;
                if (i < BROKEN)
                        fake_fails(f, i % 2 ? ERROR_TRANSIENT : ERROR_DENIED);
        }
        sim_run(&s->sim, 10 * SECOND);
        for (unsigned i = 0; i < BROKEN; i++) {
                s->a[i].then = ask_again;
                ask(&s->a[i], s->e[i], VAULT_WANT_CREDENTIALS);
        }
        sim_run(&s->sim, 60 * SECOND);
        for (unsigned i = BROKEN + EAGER; i < s->count; i++) {
                ask(&s->a[i], s->e[i], VAULT_WANT_CREDENTIALS);
                sim_run(&s->sim, 300);
                assert_true(s->a[i].key[0]);
        }
        sim_run(&s->sim, HOUR / 4);
        for (unsigned i = BROKEN; i < BROKEN + EAGER; i++)
                assert_int_equal(state_of(s->e[i]), ENTRY_FRESH);
        assert_int_equal(s->sim.events[VAULT_EXPIRED], 0);
        assert_rate(s, RATE);
        for (unsigned i = 0; i < BROKEN; i++)
                s->a[i].then = NULL;
        storm_end(s);
}

// A client waits for the next attempt after a failure: that is not in the background then.
static void a_retry_that_is_waited_for_goes_ahead(void **state)
{
        (void)state;
        struct storm *s = storm_begin(&(struct vault_pacing){.calls_per_second = 10});
        struct fake *f = tenant(s, true);
        sim_run(&s->sim, SECOND);
        fake_fails(f, ERROR_TRANSIENT);
        ask(&s->a[0], s->e[0], VAULT_WANT_CREDENTIALS);
        sim_run(&s->sim, 100);
        assert_int_equal(s->a[0].completions, 1);
        for (unsigned i = 0; i < 1000; i++)
                tenant(s, false);
        f->way = FAKE_GIVES;
        ask(&s->a[1], s->e[0], VAULT_WANT_CREDENTIALS);
        sim_run(&s->sim, 3 * SECOND);
        assert_int_equal(s->a[1].completions, 1);
        assert_true(s->a[1].key[0]);
        storm_end(s);
}

static void honours_the_configured_limits(void **state)
{
        (void)state;
        static const struct {
                struct vault_pacing pacing;
                size_t rate, concurrency;
        } t[] = {
            {{0}, 100, 64},
            {{.calls_per_second = 10}, 10, 64},
            {{.calls_per_second = 500, .burst = 100, .concurrency = 8}, 160, 8}, // a flight takes 50 ms
            {{.calls_per_second = 50, .burst = 1, .concurrency = 1}, 20, 1},
            {{.calls_per_second = 10000, .burst = 10000, .concurrency = 1024}, 10000, 1024},
        };
        for (size_t i = 0; i < LENGTH(t); i++) {
                struct storm *s = storm_begin(&t[i].pacing);
                for (unsigned n = 0; n < 600; n++)
                        tenant(s, n % 2);
                sim_turn(&s->sim);
                for (unsigned n = 1; n < 600; n += 2)
                        ask(&s->a[n], s->e[n], VAULT_WANT_CREDENTIALS);
                sim_run(&s->sim, 65 * SECOND);
                assert_int_equal(fresh(s), 600);
                assert_rate(s, t[i].rate);
                assert_in_range(s->sim.most_calling, 1, t[i].concurrency);
                storm_end(s);
        }
}

static void honours_limits_that_change(void **state)
{
        (void)state;
        struct storm *s = storm_begin(&(struct vault_pacing){.calls_per_second = 10});
        for (unsigned i = 0; i < MANY; i++)
                tenant(s, false);
        sim_run(&s->sim, 10 * SECOND);
        assert_in_range(s->sim.calls, 90, 100);
        vault_set_pacing(s->sim.vault, &(struct vault_pacing){.calls_per_second = 200});
        sim_run(&s->sim, 10 * SECOND);
        assert_in_range(s->sim.calls, 1980, 2100);
        vault_set_pacing(s->sim.vault, &(struct vault_pacing){.calls_per_second = 10});
        sim_run(&s->sim, SECOND);
        size_t from = s->sim.calls;
        sim_run(&s->sim, 10 * SECOND);
        assert_in_range(s->sim.calls - from, 90, 101);
        assert_in_range(most_in_a_second(&s->sim, from), 1, 10);
        storm_end(s);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(keeps_the_rate_at_start_up_and_after_a_sleep),
            cmocka_unit_test(keeps_the_rate_after_a_slow_base),
            cmocka_unit_test(keeps_the_rate_for_ten_thousand_requests),
            cmocka_unit_test(failing_entries_do_not_delay_the_others),
            cmocka_unit_test(a_retry_that_is_waited_for_goes_ahead),
            cmocka_unit_test(honours_the_configured_limits),
            cmocka_unit_test(honours_limits_that_change),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
