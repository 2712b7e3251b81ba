// SPDX-License-Identifier: Apache-2.0
// Waiters that call the vault when they complete, and a vault that closes meanwhile.
#include "sidecar/vault/vault.h"

#include "tests/unit/vault/simulation.h"

static void wait_again(struct asker *a)
{
        if (a->completions < 50)
                entry_wait(a->entry, VAULT_WANT_CREDENTIALS, &a->waiter);
}

static void refresh_again(struct asker *a)
{
        if (a->completions < 3)
                entry_wait(a->entry, VAULT_WANT_REFRESH, &a->waiter);
}

static void cancel_other(struct asker *a)
{
        entry_wait_cancel(&a->other->waiter);
}

static void retire_entry(struct asker *a)
{
        struct error reason;
        error_set(&reason, ERROR_CANCELLED, "retired by a waiter");
        entry_retire(a->entry, &reason);
}

static void drop_entry(struct asker *a)
{
        entry_drop(a->entry);
}

static void a_waiter_may_wait_again(void **state)
{
        (void)state;
        for (int fails = 0; fails < 2; fails++) {
                struct sim sim;
                struct fake f;
                struct asker a = {.then = wait_again}, b = {.then = refresh_again};
                struct entry *e = sim_begin_one(&sim, &f, "irsa", false);
                if (fails)
                        fake_fails(&f, ERROR_DENIED);
                ask(&a, e, VAULT_WANT_CREDENTIALS);
                ask(&b, e, VAULT_WANT_REFRESH);
                sim_run(&sim, MINUTE);
                assert_int_equal(a.completions, 50);
                assert_int_equal(b.completions, 3);
                sim_end(&sim);
        }
}

static void wait_for_ever(struct asker *a)
{
        entry_wait(a->entry, VAULT_WANT_CREDENTIALS, &a->waiter);
}

// A waiter that comes back each time gets one answer a turn, not all of the loop.
static void a_waiter_that_waits_for_ever_does_not_block_the_loop(void **state)
{
        (void)state;
        struct sim sim;
        struct fake f;
        struct asker a = {.then = wait_for_ever};
        struct entry *e = sim_begin_one(&sim, &f, "irsa", false);
        ask(&a, e, VAULT_WANT_CREDENTIALS);
        sim_run(&sim, SECOND);
        assert_in_range(a.completions, 100, 1000);
        entry_wait_cancel(&a.waiter);
        sim_end(&sim);
}

static void a_waiter_may_cancel_another(void **state)
{
        (void)state;
        for (int first = 0; first < 2; first++) {
                struct sim sim;
                struct fake f;
                struct asker a[2] = {{.then = cancel_other, .other = &a[1]}, {.then = cancel_other, .other = &a[0]}};
                struct entry *e = sim_begin_one(&sim, &f, "irsa", false);
                ask(&a[first], e, VAULT_WANT_CREDENTIALS);
                ask(&a[!first], e, VAULT_WANT_REFRESH);
                sim_run(&sim, SECOND);
                assert_int_equal(a[first].completions, 1);
                assert_int_equal(a[!first].completions, 0);
                sim_end(&sim);
        }
}

static void a_waiter_may_retire_the_entry(void **state)
{
        (void)state;
        struct sim sim;
        struct fake f;
        struct asker a = {.then = retire_entry}, b = {0}, c = {0};
        struct entry *e = sim_begin_one(&sim, &f, "irsa", false);
        ask(&a, e, VAULT_WANT_CREDENTIALS);
        ask(&b, e, VAULT_WANT_CREDENTIALS);
        c.waiter.after_generation = 9;
        ask(&c, e, VAULT_WANT_NEWER);
        sim_run(&sim, SECOND);
        assert_string_equal(a.key, "AKIDEXAMPLE1");
        assert_string_equal(b.error.message, "profile irsa: retired by a waiter");
        assert_string_equal(c.error.message, "profile irsa: retired by a waiter");
        assert_true(f.is_destroyed);
        sim_end(&sim);
}

static void a_waiter_may_drop_the_credentials(void **state)
{
        (void)state;
        struct sim sim;
        struct fake f;
        struct asker a = {.then = drop_entry}, b = {0}, c = {0};
        struct entry *e = sim_begin_one(&sim, &f, "irsa", false);
        ask(&a, e, VAULT_WANT_REFRESH);
        ask(&b, e, VAULT_WANT_REFRESH);
        ask(&c, e, VAULT_WANT_CREDENTIALS);
        sim_run(&sim, SECOND);
        assert_string_equal(a.key, "AKIDEXAMPLE1");
        assert_int_equal(b.completions, 1);
        assert_int_equal(b.error.kind, ERROR_CANCELLED);
        assert_int_equal(c.error.kind, ERROR_CANCELLED);
        assert_null(entry_peek(e));
        sim_end(&sim);
}

static void closing_the_vault_completes_all_waiters(void **state)
{
        (void)state;
        static const enum fake_way ways[] = {FAKE_GIVES, FAKE_FAILS, FAKE_HANGS, FAKE_DOES_NOT_START};
        for (size_t i = 0; i < 8; i++) {
                struct sim sim;
                struct fake f[2];
                struct asker a[4] = {0};
                sim_begin(&sim);
                struct entry *e[2];
                for (int j = 0; j < 2; j++) {
                        fake_init(&f[j], &sim);
                        f[j].way = ways[i / 2];
                        f[j].cancels_at_once = i % 2;
                        e[j] = fake_add(&f[j], j ? "b" : "a", j);
                }
                sim_turn(&sim);
                for (int j = 0; j < 4; j++) {
                        a[j].waiter.after_generation = 5;
                        ask(&a[j], e[j % 2], j < 2 ? VAULT_WANT_NEWER : VAULT_WANT_REFRESH);
                }
                sim_end(&sim);
                for (int j = 0; j < 4; j++) {
                        assert_int_equal(a[j].completions, 1);
                        assert_int_equal(a[j].error.kind, ERROR_CANCELLED);
                        assert_true(f[j % 2].is_destroyed);
                }
        }
}

// A vault with nothing to do does not keep the loop running.
static void an_idle_vault_lets_the_loop_end(void **state)
{
        (void)state;
        struct sim sim;
        sim_begin(&sim);
        uv_unref((uv_handle_t *)&sim.keep_alive);
        sim_turn(&sim);
        assert_false(uv_loop_alive(&sim.loop));
        uv_ref((uv_handle_t *)&sim.keep_alive);
        sim_end(&sim);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(a_waiter_may_wait_again),
            cmocka_unit_test(a_waiter_that_waits_for_ever_does_not_block_the_loop),
            cmocka_unit_test(a_waiter_may_cancel_another),
            cmocka_unit_test(a_waiter_may_retire_the_entry),
            cmocka_unit_test(a_waiter_may_drop_the_credentials),
            cmocka_unit_test(closing_the_vault_completes_all_waiters),
            cmocka_unit_test(an_idle_vault_lets_the_loop_end),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
