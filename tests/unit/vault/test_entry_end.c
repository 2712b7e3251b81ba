// SPDX-License-Identifier: Apache-2.0
// How an entry is dropped, left alone, changed and removed.
#include "sidecar/vault/vault.h"

#include "tests/unit/vault/simulation.h"

static void refuses_dropped_credentials_until_a_refresh(void **state)
{
        (void)state;
        struct sim sim;
        struct fake f;
        struct asker a = {0};
        struct entry *e = sim_begin_one(&sim, &f, "irsa", false);
        sim_run(&sim, MINUTE);
        entry_drop(e);
        assert_null(entry_peek(e));
        assert_int_equal(state_of(e), ENTRY_EMPTY);
        assert_int_equal(sim.events[VAULT_DROPPED], 1);
        sim_run(&sim, 2 * HOUR);
        assert_int_equal(f.starts, 1);
        ask(&a, e, VAULT_WANT_CREDENTIALS);
        sim_turn(&sim);
        assert_int_equal(a.completions, 1);
        assert_int_equal(a.error.kind, ERROR_CANCELLED);
        assert_non_null(strstr(a.error.message, "profile irsa: "));
        assert_string_equal(a.error.hint, "run: keyfob refresh irsa");
        assert_int_equal(f.starts, 1);

        fake_fails(&f, ERROR_TRANSIENT);
        ask(&a, e, VAULT_WANT_REFRESH);
        sim_run(&sim, 2 * HOUR);
        assert_int_equal(a.error.kind, ERROR_TRANSIENT);
        assert_int_equal(f.starts, 2); // no retry by itself
        assert_int_equal(state_of(e), ENTRY_FAILED);
        ask(&a, e, VAULT_WANT_CREDENTIALS); // and no request waits for one
        sim_turn(&sim);
        assert_int_equal(a.completions, 3);
        assert_int_equal(a.error.kind, ERROR_CANCELLED);
        assert_non_null(strstr(a.error.message, "dropped on request"));
        assert_non_null(strstr(a.error.message, "STS AssumeRole: transient"));
        assert_string_equal(a.error.hint, "run: keyfob refresh irsa");

        f.way = FAKE_GIVES;
        ask(&a, e, VAULT_WANT_REFRESH);
        sim_run(&sim, SECOND);
        assert_string_equal(a.key, "AKIDEXAMPLE2");
        assert_non_null(entry_peek(e));
        assert_int_equal(entry_generation(e), 2);
        sim_run(&sim, 31 * MINUTE);
        assert_int_equal(entry_generation(e), 3); // and it goes on
        sim_end(&sim);
}

static void drop_cancels_the_fetch_under_way(void **state)
{
        (void)state;
        for (unsigned at_once = 0; at_once < 2; at_once++) {
                struct sim sim;
                struct fake f;
                struct asker waits = {0}, refreshes = {0}, after = {0};
                struct entry *e = sim_begin_one(&sim, &f, "irsa", false);
                f.cancels_at_once = at_once;
                sim_turn(&sim);
                ask(&waits, e, VAULT_WANT_CREDENTIALS);
                ask(&refreshes, e, VAULT_WANT_REFRESH);
                entry_drop(e);
                assert_int_equal(f.cancels, 1);
                sim_turn(&sim);
                assert_int_equal(waits.error.kind, ERROR_CANCELLED);
                assert_int_equal(refreshes.error.kind, ERROR_CANCELLED);
                ask(&after, e, VAULT_WANT_REFRESH); // while the cancelled call may still be under way
                sim_run(&sim, SECOND);
                assert_int_equal(f.starts, 2);
                assert_int_equal(after.completions, 1);
                assert_string_equal(after.key, "AKIDEXAMPLE1");
                assert_int_equal(sim.events[VAULT_REFRESH_FAILED], 0);
                sim_end(&sim);
        }
}

static void drops_on_demand_credentials_after_15_idle_minutes(void **state)
{
        (void)state;
        struct sim sim;
        struct fake f;
        struct asker a = {0};
        struct entry *e = sim_begin_one(&sim, &f, "tenant", true);
        sim_run(&sim, HOUR);
        assert_null(entry_peek(e));
        assert_int_equal(f.starts, 0);
        assert_int_equal(state_of(e), ENTRY_EMPTY);
        ask(&a, e, VAULT_WANT_CREDENTIALS);
        sim_run(&sim, SECOND);
        assert_string_equal(a.key, "AKIDEXAMPLE1");
        for (int i = 0; i < 12; i++) { // an hour of somebody who asks every five minutes
                sim_run(&sim, 5 * MINUTE);
                assert_non_null(entry_peek(e));
        }
        assert_int_equal(f.starts, 3);
        sim_run(&sim, 14 * MINUTE + 59 * SECOND);
        assert_int_equal(sim.events[VAULT_DROPPED], 0);
        sim_run(&sim, 2 * SECOND);
        assert_int_equal(sim.events[VAULT_DROPPED], 1);
        assert_int_equal(state_of(e), ENTRY_EMPTY);
        unsigned starts = f.starts;
        sim_run(&sim, 5 * HOUR);
        assert_int_equal(f.starts, starts);
        assert_null(entry_peek(e));
        ask(&a, e, VAULT_WANT_CREDENTIALS);
        sim_run(&sim, SECOND);
        assert_int_equal(a.completions, 2);
        assert_non_null(entry_peek(e));
        sim_end(&sim);
}

static void stops_retrying_when_nobody_asks(void **state)
{
        (void)state;
        struct sim sim;
        struct fake f;
        struct asker a = {0};
        struct entry *e = sim_begin_one(&sim, &f, "tenant", true);
        fake_fails(&f, ERROR_TRANSIENT);
        sim.random = UINT32_MAX;
        ask(&a, e, VAULT_WANT_CREDENTIALS);
        sim_run(&sim, 10 * MINUTE);
        assert_int_equal(a.error.kind, ERROR_TRANSIENT);
        assert_true(f.starts > 10);
        sim_run(&sim, 7 * MINUTE);
        unsigned starts = f.starts;
        assert_int_equal(state_of(e), ENTRY_EMPTY);
        sim_run(&sim, 5 * HOUR);
        assert_int_equal(f.starts, starts);
        assert_int_equal(sim.events[VAULT_DROPPED], 0); // there was nothing to drop
        sim_end(&sim);
}

static void applies_new_options(void **state)
{
        (void)state;
        struct sim sim;
        struct fake f;
        struct entry_status status;
        struct entry *e = sim_begin_one(&sim, &f, "irsa", true);
        sim_run(&sim, MINUTE);
        assert_int_equal(f.starts, 0);
        entry_configure(e, &(struct entry_options){.name = "irsa", .refresh_before_seconds = 600});
        sim_run(&sim, SECOND);
        assert_int_equal(f.starts, 1); // eager now
        entry_status(e, &status);
        assert_int_equal(status.next_refresh_s, status.expires_s - 600);
        entry_configure(e, &(struct entry_options){.name = "irsa", .on_demand = true});
        entry_status(e, &status);
        assert_int_equal(status.next_refresh_s, status.expires_s - 1800);
        assert_non_null(entry_peek(e));
        sim_run(&sim, 16 * MINUTE);
        assert_int_equal(state_of(e), ENTRY_EMPTY); // on demand, and nobody asked
        entry_configure(e, &(struct entry_options){.name = "irsa"});
        sim_run(&sim, SECOND);
        assert_int_equal(state_of(e), ENTRY_FRESH);
        sim_end(&sim);
}

static void retirement_completes_all_waiters(void **state)
{
        (void)state;
        static const enum fake_way ways[] = {FAKE_GIVES, FAKE_FAILS, FAKE_HANGS, FAKE_DOES_NOT_START};
        for (size_t i = 0; i < 4 * LENGTH(ways); i++) {
                struct sim sim;
                struct fake f;
                struct error reason;
                struct asker waits = {0}, newer = {0}, refreshes = {0}, after = {0};
                struct entry *e = sim_begin_one(&sim, &f, "irsa", false);
                f.way = ways[i / 4];
                f.cancels_at_once = i % 2;
                error_set(&reason, ERROR_CANCELLED, "gone with a reload");
                newer.waiter.after_generation = 7;
                ask(&newer, e, VAULT_WANT_NEWER);
                if (i % 4 < 2)
                        sim_turn(&sim); // the call is under way
                ask(&waits, e, VAULT_WANT_CREDENTIALS);
                ask(&refreshes, e, VAULT_WANT_REFRESH);
                entry_retire(e, &reason);
                entry_retire(e, &reason);
                assert_null(entry_peek(e));
                assert_string_equal(entry_name(e), "irsa");
                assert_int_equal(newer.completions + waits.completions + refreshes.completions, 0);
                ask(&after, e, VAULT_WANT_CREDENTIALS); // too late, but it completes
                sim_run(&sim, SECOND);
                struct asker *all[] = {&waits, &newer, &refreshes, &after};
                for (size_t j = 0; j < 4; j++) {
                        assert_int_equal(all[j]->completions, 1);
                        assert_string_equal(all[j]->error.message, "profile irsa: gone with a reload");
                }
                assert_true(f.is_destroyed);
                sim_end(&sim);
        }
}

// A corrected configuration does not wait out the backoff, and many reloads do not cause many calls.
static void tries_again_soon_after_the_configuration_was_read(void **state)
{
        (void)state;
        static const struct {
                enum error_kind kind;
                bool is_soon;
        } cases[] = {{ERROR_CONFIG, true}, {ERROR_DENIED, true}, {ERROR_TRANSIENT, true}, {ERROR_THROTTLED, false}};
        for (size_t i = 0; i < LENGTH(cases); i++) {
                const struct entry_options options = {.name = "irsa"};
                struct sim sim;
                struct fake f;
                sim_begin(&sim);
                sim.random = UINT32_MAX; // the longest waits
                fake_init(&f, &sim);
                fake_fails(&f, cases[i].kind);
                struct entry *e = fake_add(&f, "irsa", false);
                sim_run(&sim, HOUR);
                unsigned before = f.starts;
                while (f.starts == before)
                        sim_run(&sim, SECOND); // the next failure is a minute away at least
                before = f.starts;
                for (int reloads = 0; reloads < 60; reloads++) {
                        entry_configure(e, &options);
                        sim_run(&sim, SECOND / 2);
                }
                if (cases[i].is_soon ? f.starts < before + 4 || f.starts > before + 7 : f.starts != before)
                        fail_msg("row %zu: %u attempts", i, f.starts - before);
                sim_end(&sim);
        }
}

static void a_closing_vault_frees_the_provider(void **state)
{
        (void)state;
        struct sim sim;
        struct fake f;
        sim_begin(&sim);
        fake_init(&f, &sim);
        vault_close(sim.vault, sim_closed, &sim);
        struct entry_options options = {.name = "late"};
        assert_null(vault_add(sim.vault, &options, &f.base));
        sim.vault = NULL;
        sim_end(&sim);
        assert_true(f.is_destroyed);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(refuses_dropped_credentials_until_a_refresh),
            cmocka_unit_test(drop_cancels_the_fetch_under_way),
            cmocka_unit_test(drops_on_demand_credentials_after_15_idle_minutes),
            cmocka_unit_test(stops_retrying_when_nobody_asks),
            cmocka_unit_test(applies_new_options),
            cmocka_unit_test(retirement_completes_all_waiters),
            cmocka_unit_test(tries_again_soon_after_the_configuration_was_read),
            cmocka_unit_test(a_closing_vault_frees_the_provider),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
