// SPDX-License-Identifier: Apache-2.0
// Clocks that are set, machines that sleep, upstreams that live in another time.
#include "sidecar/vault/vault.h"

#include "tests/unit/vault/simulation.h"

static int64_t next_refresh_in_s(struct entry *e)
{
        struct entry_status status;
        entry_status(e, &status);
        return status.next_refresh_s ? status.next_refresh_s - entry_now_s(e) : -1;
}

// One entry, fetched, without a Date from the upstream (the local wall clock counts) or with one.
static struct entry *begin(struct sim *sim, struct fake *f, bool has_no_date)
{
        struct entry *e = sim_begin_one(sim, f, "irsa", false);
        f->has_no_date = has_no_date;
        sim_run(sim, 50);
        assert_non_null(entry_peek(e));
        assert_int_equal(next_refresh_in_s(e), 1800);
        return e;
}

static void plans_an_earlier_refresh_after_the_wall_clock_is_set_forward(void **state)
{
        (void)state;
        struct sim sim;
        struct fake f;
        struct entry *e = begin(&sim, &f, true);
        sim.wall_offset_ms += 20 * MINUTE;
        sim_run(&sim, 10 * SECOND);                        // noticed
        assert_in_range(next_refresh_in_s(e), 1190, 1201); // half of what is left
        sim_run(&sim, 19 * MINUTE);
        assert_int_equal(f.starts, 1);
        sim_run(&sim, 2 * MINUTE);
        assert_int_equal(f.starts, 2);
        sim_end(&sim);
}

static void serves_again_after_a_wrong_wall_clock_is_corrected(void **state)
{
        (void)state;
        struct sim sim;
        struct fake f;
        struct entry *e = begin(&sim, &f, true);
        fake_fails(&f, ERROR_TRANSIENT);
        sim.wall_offset_ms += 2 * HOUR;
        sim_run(&sim, 11 * SECOND);
        assert_null(entry_peek(e));
        assert_int_equal(state_of(e), ENTRY_FAILED);
        assert_int_equal(sim.events[VAULT_EXPIRED], 1);
        assert_true(f.starts >= 2);     // at once
        sim.wall_offset_ms -= 2 * HOUR; // it was a mistake: what was held was never thrown away
        sim_run(&sim, 10 * SECOND);
        assert_non_null(entry_peek(e));
        assert_int_equal(entry_generation(e), 1);
        sim_run(&sim, HOUR);
        assert_int_equal(sim.events[VAULT_EXPIRED], 2);
        sim_end(&sim);
}

static void refreshes_at_once_after_the_wall_clock_is_set_back(void **state)
{
        (void)state;
        struct sim sim;
        struct fake f;
        struct entry *e = begin(&sim, &f, true);
        sim_run(&sim, MINUTE);
        sim.wall_offset_ms -= 24 * HOUR;
        sim_run(&sim, 11 * SECOND); // "issued in the future": new ones at once
        assert_int_equal(f.starts, 2);
        assert_int_equal(entry_generation(e), 2); // though what was held seems to have a day more
        sim_run(&sim, 30 * MINUTE + SECOND);
        assert_int_equal(f.starts, 3);
        sim_end(&sim);
}

static void a_clock_that_is_set_back_adds_no_life(void **state)
{
        (void)state;
        struct sim sim;
        struct fake f;
        struct entry *e = begin(&sim, &f, true);
        fake_fails(&f, ERROR_TRANSIENT);
        sim_run(&sim, MINUTE);
        sim.wall_offset_ms -= 24 * HOUR;
        sim_run(&sim, 57 * MINUTE + 59 * SECOND);
        assert_non_null(entry_peek(e));
        sim_run(&sim, 2 * SECOND);
        assert_null(entry_peek(e));
        sim_end(&sim);
}

// Set back by less than its age: still not in the future, and the plan must not count on the time that was won.
static void a_clock_that_is_set_back_a_little_adds_no_life(void **state)
{
        (void)state;
        struct sim sim;
        struct fake f;
        struct entry *e = begin(&sim, &f, true);
        sim_run(&sim, 20 * MINUTE);
        sim.wall_offset_ms -= 15 * MINUTE;
        sim_run(&sim, 10 * SECOND);
        assert_in_range(next_refresh_in_s(e), 1000, 1200); // half of 45 minutes, at an age of 5
        fake_fails(&f, ERROR_DENIED);
        sim.random = UINT32_MAX;
        sim_run(&sim, 38 * MINUTE + 30 * SECOND);
        assert_non_null(entry_peek(e)); // for 20 s more
        assert_true(next_refresh_in_s(e) < 20);
        sim_run(&sim, 21 * SECOND);
        assert_null(entry_peek(e));
        sim_end(&sim);
}

static void ignores_the_wall_clock_when_the_upstream_clock_is_known(void **state)
{
        (void)state;
        static const int64_t steps_ms[] = {20 * MINUTE, 2 * HOUR, -2 * HOUR, 16800 * HOUR};
        for (size_t i = 0; i < LENGTH(steps_ms); i++) {
                struct sim sim;
                struct fake f;
                struct entry *e = begin(&sim, &f, false);
                sim.wall_offset_ms += steps_ms[i];
                vault_replan(sim.vault);
                assert_int_equal(next_refresh_in_s(e), 1800);
                sim_run(&sim, 30 * MINUTE - 100);
                assert_int_equal(f.starts, 1);
                assert_non_null(entry_peek(e));
                sim_end(&sim);
        }
}

static void counts_in_the_time_of_the_upstream(void **state)
{
        (void)state;
        static const int64_t skews_s[] = {-7200, -300, 300, 7200, 86400};
        for (size_t i = 0; i < LENGTH(skews_s); i++) {
                struct sim sim;
                struct fake f;
                struct entry_status status;
                struct entry *e = sim_begin_one(&sim, &f, "irsa", false);
                f.skew_s = skews_s[i];
                assert_int_equal(entry_now_s(e), sim_now_s(&sim)); // nothing known yet
                sim_run(&sim, 50);
                assert_int_equal(entry_now_s(e), sim_now_s(&sim) + skews_s[i]);
                entry_status(e, &status);
                assert_int_equal(status.last_success_s, SIM_WALL_S + skews_s[i]);
                assert_int_equal(status.next_refresh_s, SIM_WALL_S + skews_s[i] + 1800);
                fake_fails(&f, ERROR_TRANSIENT);
                sim_run(&sim, 58 * MINUTE + 59 * SECOND);
                assert_non_null(entry_peek(e));
                sim_run(&sim, SECOND);
                assert_null(entry_peek(e));
                sim_end(&sim);
        }
}

static void refreshes_after_the_machine_slept(void **state)
{
        (void)state;
        for (int has_no_date = 0; has_no_date < 2; has_no_date++) {
                struct sim sim;
                struct fake f;
                struct entry *e = begin(&sim, &f, has_no_date);
                sim.slept_ms += 40 * MINUTE;
                assert_non_null(entry_peek(e));
                assert_int_equal(f.starts, 1); // the loop's timer knows nothing of it
                sim_run(&sim, 11 * SECOND);
                assert_int_equal(f.starts, 2);
                assert_int_equal(entry_generation(e), 2);
                sim.slept_ms += 59 * MINUTE + 55 * SECOND;
                assert_null(entry_peek(e)); // before anything else has run
                assert_int_equal(state_of(e), ENTRY_FAILED);
                sim_run(&sim, 11 * SECOND);
                assert_int_equal(entry_generation(e), 3);
                sim_end(&sim);
        }
}

// 10 s in an hour, never much at once.
static void follows_a_wall_clock_that_is_slewed(void **state)
{
        (void)state;
        struct sim sim;
        struct fake f;
        struct entry *e = begin(&sim, &f, true);
        fake_fails(&f, ERROR_TRANSIENT);
        for (int i = 0; i < 3500; i++) {
                sim_run(&sim, SECOND);
                sim.wall_offset_ms += 3;
        }
        sim_run(&sim, 28 * SECOND); // 3538.5 s by the wall, 1 s of which may not have been seen
        assert_non_null(entry_peek(e));
        sim_run(&sim, 3 * SECOND);
        assert_null(entry_peek(e));
        sim_end(&sim);
}

static void planning_again_keeps_the_jitter_and_the_backoff(void **state)
{
        (void)state;
        struct sim sim;
        struct fake f;
        struct entry *e = sim_begin_one(&sim, &f, "irsa", false);
        sim.random = 1u << 31;
        sim_run(&sim, 50);
        assert_int_equal(next_refresh_in_s(e), 1620);
        sim.random = 0;
        vault_replan(sim.vault);
        assert_int_equal(next_refresh_in_s(e), 1620); // the dice are not thrown again
        sim.random = UINT32_MAX;
        fake_fails(&f, ERROR_DENIED);
        sim_run(&sim, 30 * MINUTE);
        int64_t in_s = next_refresh_in_s(e);
        assert_true(in_s > 10);
        sim_run(&sim, 8 * SECOND);
        vault_replan(sim.vault);
        assert_in_range(next_refresh_in_s(e), in_s - 9, in_s - 7); // a backoff does not start over
        sim_end(&sim);
}

static void runs_on_an_accelerated_clock(void **state)
{
        (void)state;
        struct sim sim;
        struct fake f;
        sim_begin_at(&sim, 1000);
        fake_init(&f, &sim);
        f.takes_ms = 2;
        struct entry *e = fake_add(&f, "irsa", false);
        sim_run_loop_ms(&sim, 1795); // half an hour
        assert_int_equal(f.starts, 1);
        sim_run_loop_ms(&sim, 15);
        assert_int_equal(f.starts, 2);
        assert_int_equal(sim.last_duration_ms, 2000);
        sim_run_loop_ms(&sim, 36 * SECOND);
        assert_int_equal(entry_generation(e), 21);
        assert_int_equal(f.starts, 21);
        sim_end(&sim);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(plans_an_earlier_refresh_after_the_wall_clock_is_set_forward),
            cmocka_unit_test(serves_again_after_a_wrong_wall_clock_is_corrected),
            cmocka_unit_test(refreshes_at_once_after_the_wall_clock_is_set_back),
            cmocka_unit_test(a_clock_that_is_set_back_adds_no_life),
            cmocka_unit_test(a_clock_that_is_set_back_a_little_adds_no_life),
            cmocka_unit_test(ignores_the_wall_clock_when_the_upstream_clock_is_known),
            cmocka_unit_test(counts_in_the_time_of_the_upstream),
            cmocka_unit_test(refreshes_after_the_machine_slept),
            cmocka_unit_test(follows_a_wall_clock_that_is_slewed),
            cmocka_unit_test(planning_again_keeps_the_jitter_and_the_backoff),
            cmocka_unit_test(runs_on_an_accelerated_clock),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
