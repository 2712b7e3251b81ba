// SPDX-License-Identifier: Apache-2.0
// The life of one entry, and what can be asked of it.
#include "sidecar/vault/entry.h"
#include "sidecar/vault/vault.h"

#include "tests/unit/vault/simulation.h"

static void names_every_state(void **state)
{
        (void)state;
        assert_string_equal(entry_state_name(ENTRY_EMPTY), "empty");
        assert_string_equal(entry_state_name(ENTRY_FETCHING), "fetching");
        assert_string_equal(entry_state_name(ENTRY_FRESH), "fresh");
        assert_string_equal(entry_state_name(ENTRY_STALE), "stale");
        assert_string_equal(entry_state_name(ENTRY_FAILED), "failed");
}

static void fetches_at_once(void **state)
{
        (void)state;
        struct sim sim;
        struct fake f;
        struct entry_status status;
        struct entry *e = sim_begin_one(&sim, &f, "irsa", false);
        assert_int_equal(f.starts, 0); // from the loop
        assert_null(entry_peek(e));
        sim_turn(&sim);
        assert_int_equal(f.starts, 1); // and at once
        entry_status(e, &status);
        assert_int_equal(status.state, ENTRY_FETCHING);
        assert_true(status.is_fetching);
        assert_int_equal(status.generation, 0);
        assert_int_equal(status.expires_s, 0);
        assert_int_equal(status.next_refresh_s, 0);
        assert_int_equal(status.last_success_s, 0);

        sim_run(&sim, 50);
        assert_non_null(entry_peek(e));
        assert_string_equal(entry_name(e), "irsa");
        assert_int_equal(entry_generation(e), 1);
        entry_status(e, &status);
        assert_int_equal(status.state, ENTRY_FRESH);
        assert_false(status.is_fetching);
        assert_int_equal(status.expires_s, SIM_WALL_S + 3600);
        assert_int_equal(status.next_refresh_s, SIM_WALL_S + 1800);
        assert_int_equal(status.last_success_s, SIM_WALL_S);
        assert_int_equal(status.successes, 1);
        assert_int_equal(status.failures, 0);
        assert_null(status.last_error);
        assert_slice(status.account_id, "111122223333");
        assert_int_equal(sim.events[VAULT_ROTATED], 1);
        assert_int_equal(sim.last_duration_ms, 50);
        sim_end(&sim);
        assert_true(f.is_destroyed);
}

static void refreshes_at_half_of_the_lifetime(void **state)
{
        (void)state;
        struct sim sim;
        struct fake f;
        struct entry *e = sim_begin_one(&sim, &f, "irsa", false);
        sim_run(&sim, 29 * MINUTE);
        assert_int_equal(f.starts, 1);
        sim_run(&sim, 2 * MINUTE);
        assert_int_equal(f.starts, 2);
        assert_int_equal(entry_generation(e), 2);
        sim.random = UINT32_MAX; // of the plan after the next
        sim_run(&sim, 30 * MINUTE);
        assert_int_equal(f.starts, 3);
        sim_run(&sim, 25 * MINUTE); // 24 minutes with all of the jitter
        assert_int_equal(f.starts, 4);
        sim_end(&sim);
}

// What the caller renders goes with the credentials that it was made of, wherever these go.
static void keeps_a_rendering_as_long_as_its_credentials(void **state)
{
        (void)state;
        struct sim sim;
        struct fake f;
        struct entry *e = sim_begin_one(&sim, &f, "irsa", false);
        assert_null(entry_rendering(e));
        sim_run(&sim, MINUTE);
        assert_null(entry_rendering(e));
        const struct entry_rendering *kept = entry_keep_rendering(e, SLICE("first"), 3, 0);
        assert_non_null(kept);
        assert_ptr_equal(entry_rendering(e), kept);
        assert_true(slice_eq(secret_expose(&kept->text), SLICE("first")));
        assert_int_equal(kept->mark, 3);
        kept = entry_keep_rendering(e, SLICE("another form"), 0, 1);
        assert_ptr_equal(entry_rendering(e), kept);
        assert_true(kept->form == 1 && slice_eq(secret_expose(&kept->text), SLICE("another form")));

        sim_run(&sim, 31 * MINUTE); // a rotation
        assert_int_equal(entry_generation(e), 2);
        assert_null(entry_rendering(e));
        assert_non_null(entry_keep_rendering(e, SLICE("second"), 0, 0));
        entry_drop(e);
        assert_null(entry_rendering(e));
        assert_null(e->rendering.text.p); // not merely withheld
        sim_end(&sim);
}

static void serves_valid_credentials_after_failed_refreshes(void **state)
{
        (void)state;
        struct sim sim;
        struct fake f;
        struct entry_status status;
        struct entry *e = sim_begin_one(&sim, &f, "irsa", false);
        sim.random = UINT32_MAX;
        sim_run(&sim, MINUTE);
        fake_fails(&f, ERROR_TRANSIENT);
        sim_run(&sim, 30 * MINUTE);
        assert_int_equal(state_of(e), ENTRY_STALE);
        assert_non_null(entry_peek(e));
        entry_status(e, &status);
        assert_true(status.failures_in_row > 2);
        assert_int_equal(status.failures, status.failures_in_row);
        assert_int_equal(status.last_error->kind, ERROR_TRANSIENT);
        assert_string_equal(status.last_error->message, "profile irsa: STS AssumeRole: transient");
        assert_string_equal(status.last_error->hint, "have a look");
        assert_true(status.next_refresh_s > sim_now_s(&sim));
        assert_int_equal(sim.events[VAULT_REFRESH_FAILED], status.failures);
        assert_string_equal(sim.last_error.message, "profile irsa: STS AssumeRole: transient");

        f.way = FAKE_GIVES;
        sim_run(&sim, MINUTE + SECOND); // the longest backoff
        entry_status(e, &status);
        assert_int_equal(status.state, ENTRY_FRESH);
        assert_int_equal(status.generation, 2);
        assert_int_equal(status.failures_in_row, 0);
        assert_null(status.last_error);
        sim_end(&sim);
}

static void serves_at_once_until_the_last_minute(void **state)
{
        (void)state;
        struct sim sim;
        struct fake f;
        struct entry *e = sim_begin_one(&sim, &f, "irsa", false);
        sim_run(&sim, 50);
        fake_fails(&f, ERROR_DENIED);
        sim.random = UINT32_MAX;
        sim_run(&sim, 59 * MINUTE - 100); // 60.05 s left
        assert_non_null(entry_peek(e));
        assert_int_equal(sim.events[VAULT_EXPIRING], 0);
        sim_run(&sim, 100);
        assert_null(entry_peek(e));
        assert_int_equal(state_of(e), ENTRY_EXPIRING);
        assert_int_equal(sim.events[VAULT_EXPIRING], 1);
        assert_int_equal(sim.events[VAULT_EXPIRED], 0);
        sim_run(&sim, 62 * SECOND);
        assert_int_equal(state_of(e), ENTRY_FAILED);
        assert_int_equal(sim.events[VAULT_EXPIRED], 1);
        sim_run(&sim, HOUR);
        assert_int_equal(sim.events[VAULT_EXPIRING], 1);
        assert_int_equal(sim.events[VAULT_EXPIRED], 1); // once
        assert_int_equal(state_of(e), ENTRY_FAILED);

        f.way = FAKE_GIVES;
        sim_run(&sim, 5 * MINUTE + SECOND);
        assert_int_equal(state_of(e), ENTRY_FRESH);
        assert_int_equal(entry_generation(e), 2);
        sim_end(&sim);
}

static void rejects_credentials_that_are_about_to_expire(void **state)
{
        (void)state;
        static const struct {
                int64_t life_s;
                bool has_no_date, is_good;
        } rows[] = {{5, false, false}, {2, true, false}, {7, false, true}, {7, true, true}, {-5, true, false}};
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct sim sim;
                struct fake f;
                struct entry_status status;
                struct entry *e = sim_begin_one(&sim, &f, "irsa", false);
                f.life_s = rows[i].life_s;
                f.has_no_date = rows[i].has_no_date;
                sim_run(&sim, 60);
                entry_status(e, &status);
                assert_int_equal(status.state, rows[i].is_good ? ENTRY_EXPIRING : ENTRY_FAILED);
                assert_int_equal(entry_last_resort(e) != NULL, rows[i].is_good);
                if (!rows[i].is_good) {
                        assert_int_equal(status.last_error->kind, ERROR_TRANSIENT);
                        assert_non_null(strstr(status.last_error->message, "less than 5 s"));
                        assert_int_equal(status.expires_s, 0);
                }
                sim_end(&sim);
        }
}

static void reports_a_provider_that_cannot_start(void **state)
{
        (void)state;
        struct sim sim;
        struct fake f;
        struct entry_status status;
        struct entry *e = sim_begin_one(&sim, &f, "irsa", false);
        sim.random = UINT32_MAX;
        f.way = FAKE_DOES_NOT_START;
        f.kind = ERROR_CONFIG;
        sim_turn(&sim);
        entry_status(e, &status);
        assert_int_equal(status.state, ENTRY_FAILED);
        assert_string_equal(status.last_error->message, "profile irsa: the token file is missing");
        assert_int_equal(f.starts, 1);
        sim_run(&sim, 4 * SECOND);
        assert_int_equal(f.starts, 1);
        sim_run(&sim, 2 * SECOND); // the backoff of a failure
        assert_int_equal(f.starts, 2);
        sim_end(&sim);
}

static void fetches_static_credentials_once(void **state)
{
        (void)state;
        struct sim sim;
        struct fake f;
        struct entry_status status;
        struct entry *e = sim_begin_one(&sim, &f, "static", false);
        f.life_s = 0;
        sim_run(&sim, 48 * HOUR);
        entry_status(e, &status);
        assert_int_equal(f.starts, 1);
        assert_int_equal(status.state, ENTRY_FRESH);
        assert_true(status.expires_s == CREDENTIALS_NEVER_EXPIRE);
        assert_int_equal(status.next_refresh_s, 0);
        sim_end(&sim);
}

static void checks_files_of_static_credentials_again(void **state)
{
        (void)state;
        struct sim sim;
        struct fake f;
        struct entry_status status;
        sim_begin(&sim);
        fake_init(&f, &sim);
        f.is_fixed = true;
        f.fixed_end_s = CREDENTIALS_NEVER_EXPIRE;
        struct entry_options options = {.name = "static", .recheck_seconds = 60};
        struct entry *e = vault_add(sim.vault, &options, &f.base);
        assert_non_null(e);
        sim_run(&sim, 10 * MINUTE + SECOND);
        assert_int_equal(f.starts, 11);
        assert_int_equal(sim.events[VAULT_ROTATED], 1);
        assert_int_equal(sim.events[VAULT_REFRESHED], 10);

        fake_fails(&f, ERROR_CONFIG); // being written
        sim_run(&sim, 2 * MINUTE);
        assert_int_equal(state_of(e), ENTRY_STALE);
        assert_non_null(entry_peek(e));

        f.way = FAKE_GIVES;
        f.is_fixed = false; // other keys
        f.life_s = 0;
        sim_run(&sim, 5 * MINUTE);
        assert_int_equal(entry_generation(e) > 1, true);
        assert_int_equal(state_of(e), ENTRY_FRESH);
        entry_configure(e, &(struct entry_options){.name = "static"});
        entry_status(e, &status);
        assert_int_equal(status.next_refresh_s, 0); // the keys stand in the configuration now
        sim_end(&sim);
}

// The same credentials once more are no new generation, and half of what is left is used before the next attempt.
static void the_same_credentials_are_no_new_generation(void **state)
{
        (void)state;
        struct sim sim;
        struct fake f;
        struct entry *e = sim_begin_one(&sim, &f, "imds", false);
        f.is_fixed = true;
        f.fixed_end_s = SIM_WALL_S + 3600;
        sim_run(&sim, 30 * MINUTE + SECOND);
        assert_int_equal(f.starts, 2);
        assert_int_equal(entry_generation(e), 1);
        assert_int_equal(sim.events[VAULT_ROTATED], 1);
        assert_int_equal(sim.events[VAULT_REFRESHED], 1);
        sim_run(&sim, 14 * MINUTE);
        assert_int_equal(f.starts, 2);
        sim_run(&sim, 2 * MINUTE);
        assert_int_equal(f.starts, 3);
        sim_run(&sim, 12 * MINUTE + 40 * SECOND); // to a few seconds before the end
        assert_true(f.starts < 16);
        assert_non_null(entry_peek(e));
        f.fixed_end_s += 3600;
        sim_run(&sim, 16 * SECOND);
        assert_int_equal(entry_generation(e), 2);
        assert_non_null(entry_peek(e));
        assert_int_equal(sim.events[VAULT_EXPIRED], 0);
        sim_end(&sim);
}

// Others that end a second sooner are no worse: ends are whole seconds.
static void a_second_sooner_is_the_same_end(void **state)
{
        (void)state;
        for (int sooner_s = 1; sooner_s <= 2; sooner_s++) {
                struct sim sim;
                struct fake f;
                struct entry_status status;
                struct entry *e = sim_begin_one(&sim, &f, "irsa", false);
                sim_run(&sim, MINUTE);
                entry_status(e, &status);
                f.is_fixed = true;
                f.fixed_end_s = status.expires_s - sooner_s;
                sim_run(&sim, 30 * MINUTE);
                assert_int_equal(f.starts, 2);
                assert_int_equal(entry_generation(e), sooner_s == 1 ? 2 : 1);
                sim_end(&sim);
        }
}

static void keeps_credentials_that_end_later(void **state)
{
        (void)state;
        struct sim sim;
        struct fake f;
        struct asker a = {0};
        struct entry *e = sim_begin_one(&sim, &f, "irsa", false);
        sim_run(&sim, MINUTE);
        f.life_s = 900;
        sim_run(&sim, 30 * MINUTE);
        assert_int_equal(f.starts, 2);
        assert_int_equal(entry_generation(e), 1); // 29 min left against 15
        assert_int_equal(sim.events[VAULT_REFRESHED], 1);
        ask(&a, e, VAULT_WANT_REFRESH);
        sim_run(&sim, SECOND);
        assert_int_equal(f.starts, 3);
        assert_int_equal(entry_generation(e), 2); // asked for
        assert_string_equal(a.key, "AKIDEXAMPLE3");
        assert_int_equal(sim.events[VAULT_ROTATED], 2);
        assert_int_equal(sim.events[VAULT_REFRESHED], 1);
        sim_end(&sim);
}

static void replaces_endless_credentials_and_those_of_another_account(void **state)
{
        (void)state;
        static const struct {
                int64_t life_s; // of what is held; 0: never ends
                const char *account, *next_account;
                uint64_t generation;
        } cases[] = {
            {0, NULL, NULL, 2}, // else nothing would ever replace it
            {3600, "111122223333", "444455556666", 2},
            {3600, "111122223333", "111122223333", 1},
            {3600, "111122223333", NULL, 1},
        };
        for (size_t i = 0; i < LENGTH(cases); i++) {
                struct sim sim;
                struct fake f;
                sim_begin(&sim);
                fake_init(&f, &sim);
                f.life_s = cases[i].life_s;
                f.account = cases[i].account;
                struct entry_options options = {.name = "process", .recheck_seconds = 1800};
                struct entry *e = vault_add(sim.vault, &options, &f.base);
                assert_non_null(e);
                sim_run(&sim, MINUTE);
                f.life_s = 900;
                f.account = cases[i].next_account;
                sim_run(&sim, 30 * MINUTE);
                assert_true(f.starts >= 2);
                if ((entry_generation(e) > 1) != (cases[i].generation > 1))
                        fail_msg("row %zu: generation %d", i, (int)entry_generation(e));
                sim_end(&sim);
        }
}

// An entry that takes the place of another is never at a generation that the other had.
static void continues_the_generations_of_an_earlier_entry(void **state)
{
        (void)state;
        struct sim sim;
        struct fake f;
        struct asker a = {.waiter.after_generation = 7};
        sim_begin(&sim);
        fake_init(&f, &sim);
        struct entry_options options = {.name = "irsa", .after_generation = 7};
        struct entry *e = vault_add(sim.vault, &options, &f.base);
        assert_non_null(e);
        assert_int_equal(entry_generation(e), 7);
        assert_int_equal(state_of(e), ENTRY_FETCHING);
        ask(&a, e, VAULT_WANT_NEWER);
        sim_run(&sim, 50);
        assert_int_equal(entry_generation(e), 8);
        assert_string_equal(a.key, "AKIDEXAMPLE1");
        sim_end(&sim);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(names_every_state),
            cmocka_unit_test(fetches_at_once),
            cmocka_unit_test(refreshes_at_half_of_the_lifetime),
            cmocka_unit_test(keeps_a_rendering_as_long_as_its_credentials),
            cmocka_unit_test(serves_valid_credentials_after_failed_refreshes),
            cmocka_unit_test(serves_at_once_until_the_last_minute),
            cmocka_unit_test(rejects_credentials_that_are_about_to_expire),
            cmocka_unit_test(reports_a_provider_that_cannot_start),
            cmocka_unit_test(fetches_static_credentials_once),
            cmocka_unit_test(checks_files_of_static_credentials_again),
            cmocka_unit_test(the_same_credentials_are_no_new_generation),
            cmocka_unit_test(a_second_sooner_is_the_same_end),
            cmocka_unit_test(keeps_credentials_that_end_later),
            cmocka_unit_test(replaces_endless_credentials_and_those_of_another_account),
            cmocka_unit_test(continues_the_generations_of_an_earlier_entry),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
