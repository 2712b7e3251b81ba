// SPDX-License-Identifier: Apache-2.0
// Many entries that call the same upstream, or some of them another.
#include "sidecar/vault/vault.h"

#include "sidecar/vault/endpoint_queue.h"
#include "tests/unit/vault/simulation.h"

enum { MANY = 1000, A_SECOND = 100, BURST = 20, FLIGHTS = 64, BACKGROUND = 56 };

#define STS "https://sts.us-east-1.amazonaws.com"
#define OTHER "https://sts.eu-west-1.amazonaws.com"

struct crowd {
        struct sim sim;
        struct fake f[MANY];
        struct entry *e[MANY];
        unsigned count;
        unsigned most_running, starts;
};

static unsigned starts_of(const struct crowd *c)
{
        unsigned starts = 0;
        for (unsigned i = 0; i < c->count; i++)
                starts += c->f[i].starts;
        return starts;
}

static void count_running(void *arg)
{
        struct crowd *c = arg;
        unsigned running = 0;
        for (unsigned i = 0; i < c->count; i++)
                running += c->f[i].base.is_running;
        if (running > c->most_running)
                c->most_running = running;
}

static struct crowd *crowd_begin(void)
{
        struct crowd *c = calloc(1, sizeof(*c));
        assert_non_null(c);
        sim_begin(&c->sim);
        return c;
}

// One more entry; its provider may be changed before the loop turns.
static struct fake *crowd_add(struct crowd *c, const char *upstream, bool on_demand)
{
        assert_true(c->count < MANY);
        char name[32], copied[64] = "";
        struct fake *f = &c->f[c->count];
        snprintf(name, sizeof(name), "tenant-%u", c->count);
        if (upstream)
                snprintf(copied, sizeof(copied), "%s", upstream);
        fake_init(f, &c->sim);
        struct entry_options options = {.name = name, .on_demand = on_demand, .upstream = upstream ? copied : NULL};
        c->e[c->count] = vault_add(c->sim.vault, &options, &f->base);
        assert_non_null(c->e[c->count++]);
        return f;
}

static void crowd_end(struct crowd *c)
{
        c->sim.watch = NULL;
        sim_end(&c->sim);
        for (unsigned i = 0; i < c->count; i++)
                assert_true(c->f[i].is_destroyed);
        free(c);
}

static void limits_the_calls_in_each_second(void **state)
{
        (void)state;
        struct crowd *c = crowd_begin();
        for (unsigned i = 0; i < MANY; i++)
                crowd_add(c, STS, false);
        c->sim.watch = count_running;
        c->sim.watch_arg = c;
        sim_run(&c->sim, SECOND); // a call takes 50 ms
        assert_in_range(starts_of(c), A_SECOND - 1, A_SECOND);
        sim_run(&c->sim, 4 * SECOND);
        assert_in_range(starts_of(c), 5 * A_SECOND - 5, 5 * A_SECOND);
        assert_true(c->most_running <= BACKGROUND);
        sim_run(&c->sim, 6 * SECOND); // a call counts a second from its end on, so each costs its 50 ms
        for (unsigned i = 0; i < MANY; i++) {
                assert_int_equal(c->f[i].starts, 1);
                assert_int_equal(state_of(c->e[i]), ENTRY_FRESH);
        }
        sim_run(&c->sim, 25 * HOUR); // and none starves
        for (unsigned i = 0; i < MANY; i++)
                assert_non_null(entry_peek(c->e[i]));
        assert_int_equal(c->sim.events[VAULT_EXPIRED], 0);
        crowd_end(c);
}

static void limits_the_flights_under_way(void **state)
{
        (void)state;
        struct crowd *c = crowd_begin();
        for (unsigned i = 0; i < MANY; i++)
                crowd_add(c, STS, false)->takes_ms = 10 * SECOND;
        sim_run(&c->sim, 9 * SECOND);
        assert_int_equal(starts_of(c), BACKGROUND);
        sim_run(&c->sim, 3 * SECOND);
        assert_int_equal(starts_of(c), 2 * BACKGROUND);
        crowd_end(c); // in the midst of it
}

static void a_slow_endpoint_does_not_delay_the_others(void **state)
{
        (void)state;
        struct crowd *c = crowd_begin();
        for (unsigned i = 0; i < MANY; i++)
                crowd_add(c,
                          i % 10 == 0   ? OTHER
                          : i % 10 == 1 ? NULL
                                        : STS,
                          false)
                    ->way = i % 10 < 2 ? FAKE_GIVES : FAKE_HANGS;
        sim_run(&c->sim, SECOND);
        for (unsigned i = 0; i < MANY; i++)
                if (i % 10 < 2)
                        assert_int_equal(state_of(c->e[i]), ENTRY_FRESH);
        crowd_end(c);
}

static void does_not_pace_providers_without_an_endpoint(void **state)
{
        (void)state;
        struct crowd *c = crowd_begin();
        for (unsigned i = 0; i < MANY; i++)
                crowd_add(c, NULL, false);
        sim_run(&c->sim, 200);
        for (unsigned i = 0; i < MANY; i++)
                assert_int_equal(state_of(c->e[i]), ENTRY_FRESH);
        crowd_end(c);
}

static void requests_go_ahead_of_background_refreshes(void **state)
{
        (void)state;
        struct crowd *c = crowd_begin();
        struct asker a[3] = {0};
        for (unsigned i = 0; i < MANY; i++)
                crowd_add(c, STS, i == MANY - 1)->way = i < MANY - 3 ? FAKE_HANGS : FAKE_GIVES;
        sim_run(&c->sim, 2 * SECOND);
        for (unsigned i = 0; i < 3; i++) // one of them is in the queue already
                ask(&a[i], c->e[MANY - 3 + i], VAULT_WANT_CREDENTIALS);
        sim_run(&c->sim, 52);
        for (unsigned i = 0; i < 3; i++) {
                assert_int_equal(a[i].completions, 1);
                assert_true(a[i].key[0]);
        }
        assert_int_equal(starts_of(c), BACKGROUND + 3);
        crowd_end(c);
}

// The base calls the same upstream as all that wait for it.
static void chained_entries_do_not_block_their_base(void **state)
{
        (void)state;
        struct crowd *c = crowd_begin();
        crowd_add(c, STS, true);
        struct credentials_source source = entry_source(c->e[0]);
        for (unsigned i = 1; i < 3 * FLIGHTS; i++) {
                struct fake *f = crowd_add(c, STS, false);
                f->source = &source;
                f->source_life_s = 300;
        }
        sim_run(&c->sim, 3 * SECOND);
        assert_int_equal(c->f[0].starts, 1);
        for (unsigned i = 0; i < c->count; i++)
                assert_int_equal(state_of(c->e[i]), ENTRY_FRESH);
        crowd_end(c);
}

static void requests_count_towards_the_rate(void **state)
{
        (void)state;
        struct crowd *c = crowd_begin();
        struct asker *a = calloc(MANY, sizeof(*a));
        assert_non_null(a);
        for (unsigned i = 0; i < A_SECOND; i++)
                crowd_add(c, STS, true)->takes_ms = 1;
        sim_turn(&c->sim);
        for (unsigned i = 0; i < A_SECOND; i++)
                ask(&a[i], c->e[i], VAULT_WANT_CREDENTIALS);
        sim_run(&c->sim, 5);
        assert_int_equal(starts_of(c), BURST);
        for (unsigned i = 0; i < 50; i++)
                crowd_add(c, STS, false)->takes_ms = 1;
        sim_run(&c->sim, 995);
        assert_in_range(starts_of(c), A_SECOND - 1, A_SECOND);
        sim_run(&c->sim, SECOND);
        assert_int_equal(starts_of(c), A_SECOND + 50);
        crowd_end(c);
        free(a);
}

// After a sleep all are due; the machine's clock counted on, the loop's did not.
static void refreshes_the_soonest_expiry_first(void **state)
{
        (void)state;
        struct crowd *c = crowd_begin();
        enum { SLEEPERS = 600 };
        for (unsigned i = 0; i < SLEEPERS; i++)
                crowd_add(c, STS, false)->life_s = 40000 + (int64_t)(i * 7919 % SLEEPERS) * 20;
        sim_run(&c->sim, 10 * SECOND);
        assert_int_equal(starts_of(c), SLEEPERS);
        c->sim.slept_ms += 30000 * SECOND;
        sim_run(&c->sim, 10 * SECOND); // noticed
        sim_run(&c->sim, SECOND);
        unsigned again = starts_of(c) - SLEEPERS;
        assert_in_range(again, BURST, 5 * BURST);
        int64_t latest_started = 0, soonest_left = INT64_MAX;
        for (unsigned i = 0; i < SLEEPERS; i++) {
                if (c->f[i].starts > 1 && c->f[i].life_s > latest_started)
                        latest_started = c->f[i].life_s;
                if (c->f[i].starts == 1 && c->f[i].life_s < soonest_left)
                        soonest_left = c->f[i].life_s;
        }
        assert_true(latest_started < soonest_left);
        sim_run(&c->sim, 10 * SECOND);
        assert_int_equal(starts_of(c), 2 * SLEEPERS);
        crowd_end(c);
}

// Profiles that are configured wrongly try again and again, more often than the rate allows.
static void failing_entries_do_not_starve_the_others(void **state)
{
        (void)state;
        struct crowd *c = crowd_begin();
        enum { FAIL = 200, ALL = 220 };
        for (unsigned i = 0; i < ALL; i++) {
                struct fake *f = crowd_add(c, STS, false);
                f->life_s = 900;
                if (i < FAIL)
                        fake_fails(f, ERROR_TRANSIENT);
        }
        sim_run(&c->sim, 4 * SECOND);
        for (unsigned i = 0; i < FAIL; i += 2) // half of them have been good once
                c->f[i].way = FAKE_GIVES;
        sim_run(&c->sim, 10 * SECOND);
        for (unsigned i = 0; i < FAIL; i += 2)
                c->f[i].way = FAKE_FAILS;
        sim_run(&c->sim, HOUR);
        assert_true(starts_of(c) > 3600 * A_SECOND / 2); // never a pause
        for (unsigned i = 0; i < ALL; i++)
                assert_int_equal(entry_peek(c->e[i]) != NULL, i >= FAIL);
        assert_int_equal(c->sim.events[VAULT_EXPIRED], FAIL / 2);
        crowd_end(c);
}

// Entries leave the queue from anywhere in it, and what is left keeps its order.
static void keeps_the_order_when_entries_leave_the_queue(void **state)
{
        (void)state;
        for (unsigned seed = 1; seed < 20; seed++) {
                struct crowd *c = crowd_begin();
                struct error reason;
                error_set(&reason, ERROR_CANCELLED, "reload");
                uint32_t dice = seed;
                for (unsigned i = 0; i < MANY / 2; i++)
                        crowd_add(c, STS, false);
                sim_run(&c->sim, 20);
                for (unsigned i = 0; i < MANY / 2; i++) {
                        dice = dice * 1664525 + 1013904223;
                        unsigned at = (dice >> 16) % c->count;
                        if (i % 3 == 0)
                                entry_drop(c->e[at]);
                        else if (i % 3 == 1)
                                entry_configure(c->e[at], &(struct entry_options){.name = "x"});
                }
                for (unsigned i = 0; i < c->count; i++)
                        if ((dice = dice * 1664525 + 1013904223) >> 31)
                                entry_retire(c->e[i], &reason);
                sim_run(&c->sim, 10 * SECOND);
                crowd_end(c);
        }
}

static int64_t standing_ms(void *context)
{
        (void)context;
        return 1000000;
}

// One call a second: a flight that has to wait for its base credentials leaves its place to the next.
static void a_postponed_call_leaves_its_place(void **state)
{
        (void)state;
        const struct clock clock = {standing_ms, standing_ms, 1, NULL};
        struct endpoints all = {.clock = &clock};
        TAILQ_INIT(&all.list);
        endpoints_set_pacing(&all, &(struct vault_pacing){.calls_per_second = 1, .burst = 1, .concurrency = 8});
        struct turn turns[2] = {{.endpoint = NULL}};
        int64_t wait_ms = -1;
        for (size_t i = 0; i < 2; i++) {
                turns[i].endpoint = endpoint_join(&all, STS);
                assert_non_null(turns[i].endpoint);
                turn_queue(&turns[i], TURN_ASKED_FOR, 0);
        }
        assert_ptr_equal(endpoints_next(&all, &wait_ms), &turns[0]);
        turn_begin_flight(&turns[0]);
        assert_null(endpoints_next(&all, &wait_ms));
        assert_in_range(wait_ms, 900, 1100);
        turn_postpone_call(&turns[0]);
        assert_ptr_equal(endpoints_next(&all, &wait_ms), &turns[1]);
        turn_begin_flight(&turns[1]);
        turn_end_flight(&turns[0]);
        turn_end_flight(&turns[1]);
        for (size_t i = 0; i < 2; i++)
                endpoint_leave(turns[i].endpoint);
        assert_true(TAILQ_EMPTY(&all.list));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(limits_the_calls_in_each_second),
            cmocka_unit_test(limits_the_flights_under_way),
            cmocka_unit_test(a_slow_endpoint_does_not_delay_the_others),
            cmocka_unit_test(does_not_pace_providers_without_an_endpoint),
            cmocka_unit_test(requests_go_ahead_of_background_refreshes),
            cmocka_unit_test(chained_entries_do_not_block_their_base),
            cmocka_unit_test(requests_count_towards_the_rate),
            cmocka_unit_test(refreshes_the_soonest_expiry_first),
            cmocka_unit_test(failing_entries_do_not_starve_the_others),
            cmocka_unit_test(keeps_the_order_when_entries_leave_the_queue),
            cmocka_unit_test(a_postponed_call_leaves_its_place),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
