// SPDX-License-Identifier: Apache-2.0
// Each waiter completes once, from the loop; and many requests make few calls.
#include "sidecar/vault/vault.h"

#include "tests/unit/vault/simulation.h"

static void gives_what_is_held(void **state)
{
        (void)state;
        struct sim sim;
        struct fake f;
        struct asker a = {0};
        struct entry *e = sim_begin_one(&sim, &f, "irsa", false);
        sim_run(&sim, MINUTE);
        ask(&a, e, VAULT_WANT_CREDENTIALS);
        sim_turn(&sim);
        assert_int_equal(a.completions, 1);
        assert_string_equal(a.key, "AKIDEXAMPLE1");
        assert_int_equal(f.starts, 1);
        assert_int_equal(entry_peek(e)->references, 2); // the entry's and the test's: the waiter's was given back
        sim_end(&sim);
}

static void all_share_one_flight(void **state)
{
        (void)state;
        enum { N = 100 };
        struct sim sim;
        struct fake f;
        static struct asker a[N];
        memset(a, 0, sizeof(a));
        struct entry *e = sim_begin_one(&sim, &f, "irsa", true);
        for (int i = 0; i < N; i++) {
                ask(&a[i], e, i % 3 ? VAULT_WANT_CREDENTIALS : VAULT_WANT_REFRESH);
                if (i == N / 2)
                        sim_run(&sim, 10);
        }
        sim_run(&sim, SECOND);
        assert_int_equal(f.starts, 1);
        assert_int_equal(entry_generation(e), 1);
        for (int i = 0; i < N; i++) {
                assert_int_equal(a[i].completions, 1);
                assert_string_equal(a[i].key, "AKIDEXAMPLE1");
        }
        sim_end(&sim);
}

static void reports_a_failure_to_all(void **state)
{
        (void)state;
        struct sim sim;
        struct fake f;
        struct asker a[3] = {0}, newer = {0};
        struct entry *e = sim_begin_one(&sim, &f, "irsa", false);
        fake_fails(&f, ERROR_DENIED);
        ask(&newer, e, VAULT_WANT_NEWER);
        for (int i = 0; i < 3; i++)
                ask(&a[i], e, i ? VAULT_WANT_CREDENTIALS : VAULT_WANT_REFRESH);
        sim_run(&sim, 60);
        for (int i = 0; i < 3; i++) {
                assert_int_equal(a[i].completions, 1);
                assert_int_equal(a[i].error.kind, ERROR_DENIED);
                assert_string_equal(a[i].error.message, "profile irsa: STS AssumeRole: denied");
                assert_string_equal(a[i].error.upstream.code, "AccessDenied");
        }
        assert_int_equal(newer.completions, 0); // goes on waiting
        f.way = FAKE_GIVES;
        sim_run(&sim, MINUTE);
        assert_string_equal(newer.key, "AKIDEXAMPLE1");
        sim_end(&sim);
}

static void waits_for_a_newer_generation(void **state)
{
        (void)state;
        struct sim sim;
        struct fake f;
        struct asker a = {0}, held = {0};
        struct entry *e = sim_begin_one(&sim, &f, "irsa", true);
        ask(&a, e, VAULT_WANT_NEWER);
        sim_run(&sim, HOUR);
        assert_int_equal(f.starts, 0); // starts nothing
        ask(&held, e, VAULT_WANT_CREDENTIALS);
        sim_run(&sim, SECOND);
        assert_int_equal(a.completions, 1);
        assert_string_equal(a.key, "AKIDEXAMPLE1");

        a.waiter.after_generation = 0;
        ask(&a, e, VAULT_WANT_NEWER); // there is one already
        sim_turn(&sim);
        assert_int_equal(a.completions, 2);
        a.waiter.after_generation = 1;
        ask(&a, e, VAULT_WANT_NEWER);
        ask(&held, e, VAULT_WANT_REFRESH);
        fake_fails(&f, ERROR_TRANSIENT);
        sim_run(&sim, SECOND);
        assert_int_equal(held.error.kind, ERROR_TRANSIENT);
        assert_int_equal(a.completions, 2); // a failure is nothing newer
        f.way = FAKE_GIVES;
        sim_run(&sim, 10 * SECOND);
        assert_int_equal(a.completions, 3);
        assert_string_equal(a.key, "AKIDEXAMPLE2");
        sim_end(&sim);
}

static void does_not_call_a_cancelled_waiter(void **state)
{
        (void)state;
        struct sim sim;
        struct fake f;
        struct asker a[3] = {0};
        struct entry *e = sim_begin_one(&sim, &f, "irsa", false);
        entry_wait_cancel(&a[0].waiter); // fine: not waiting
        for (unsigned gone = 0; gone < 3; gone++) {
                for (int i = 0; i < 3; i++)
                        ask(&a[i], e, VAULT_WANT_CREDENTIALS);
                entry_wait_cancel(&a[gone].waiter);
                entry_wait_cancel(&a[gone].waiter);
                sim_run(&sim, SECOND);
                for (unsigned i = 0; i < 3; i++)
                        assert_int_equal(a[i].completions, i == gone ? 0 : 1);
                memset(a, 0, sizeof(a));
        }
        ask(&a[0], e, VAULT_WANT_CREDENTIALS); // the only one, cancelled and waiting again
        entry_wait_cancel(&a[0].waiter);
        ask(&a[0], e, VAULT_WANT_CREDENTIALS);
        sim_run(&sim, SECOND);
        assert_int_equal(a[0].completions, 1);
        sim_end(&sim);
}

// After a failure: when does a request that finds nothing have another attempt made, and what does it get meanwhile?
static void waits_or_fails_after_a_failure(void **state)
{
        (void)state;
        enum { NO_ANSWER = -1, SUCCESS = 0 };
        static const struct {
                enum error_kind kind;
                int64_t after_ms;      // of the first failure's end
                int at_once;           // what has come after a turn of the loop …
                int within_ms, answer; // … and within that time
                unsigned starts;
        } rows[] = {
            {ERROR_TRANSIENT, 500, NO_ANSWER, 400, NO_ANSWER, 1}, // waits for the attempt 1 s after the last
            {ERROR_TRANSIENT, 500, NO_ANSWER, 600, SUCCESS, 2},
            {ERROR_PROTOCOL, 500, NO_ANSWER, 600, SUCCESS, 2},
            {ERROR_DENIED, 100, ERROR_DENIED, 100, ERROR_DENIED, 1}, // asking again is no use so soon
            {ERROR_DENIED, 4900, ERROR_DENIED, 50, ERROR_DENIED, 1},
            {ERROR_CONFIG, 4900, ERROR_CONFIG, 50, ERROR_CONFIG, 1},
            {ERROR_THROTTLED, 100, NO_ANSWER, 800, NO_ANSWER, 1}, // for the attempt that is planned
            {ERROR_THROTTLED, 100, NO_ANSWER, 950, SUCCESS, 2},
        };
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct sim sim;
                struct fake f;
                struct asker a = {0};
                struct entry *e = sim_begin_one(&sim, &f, "irsa", false);
                sim.random = UINT32_MAX; // backoffs as long as can be
                fake_fails(&f, rows[i].kind);
                sim_run(&sim, 50 + rows[i].after_ms);
                assert_int_equal(f.starts, 1);
                f.way = FAKE_GIVES;
                ask(&a, e, VAULT_WANT_CREDENTIALS);
                sim_turn(&sim);
                assert_int_equal(a.completions ? (int)a.error.kind : NO_ANSWER, rows[i].at_once);
                sim_run(&sim, rows[i].within_ms);
                assert_int_equal(a.completions ? (int)a.error.kind : NO_ANSWER, rows[i].answer);
                assert_int_equal(f.starts, rows[i].starts);
                sim_end(&sim);
        }
}

// Deep in the backoff, a request has an attempt made at once, but never more than one a second, or in five after a
// denial, however many ask; and throttling is left to the backoff.
static void limits_the_attempts_of_many_requests(void **state)
{
        (void)state;
        static const struct {
                enum error_kind kind;
                unsigned least, most; // starts in 60 s of a request every 10 ms
        } rows[] = {{ERROR_TRANSIENT, 50, 60}, {ERROR_DENIED, 11, 13}, {ERROR_CONFIG, 11, 13}, {ERROR_THROTTLED, 0, 2}};
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct sim sim;
                struct fake f;
                static struct asker a[6000];
                memset(a, 0, sizeof(a));
                struct entry *e = sim_begin_one(&sim, &f, "irsa", false);
                sim.random = UINT32_MAX;
                fake_fails(&f, rows[i].kind);
                sim_run(&sim, HOUR);
                f.starts = 0;
                for (size_t j = 0; j < 6000; j++) {
                        ask(&a[j], e, VAULT_WANT_CREDENTIALS);
                        sim_run(&sim, 10);
                }
                if (f.starts < rows[i].least || f.starts > rows[i].most)
                        fail_msg("%s: %u starts", error_kind_name(rows[i].kind), f.starts);
                sim_end(&sim); // completes those that still wait
                for (size_t j = 0; j < 6000; j++)
                        assert_int_equal(a[j].completions, 1);
        }
}

static void refreshes_for_a_longer_life(void **state)
{
        (void)state;
        struct sim sim;
        struct fake f;
        struct asker a = {0};
        struct entry *e = sim_begin_one(&sim, &f, "irsa", false);
        sim_run(&sim, 20 * MINUTE);
        a.waiter.min_life_s = 2300;
        ask(&a, e, VAULT_WANT_CREDENTIALS); // 40 min are left
        sim_turn(&sim);
        assert_string_equal(a.key, "AKIDEXAMPLE1");
        a.waiter.min_life_s = 2500;
        ask(&a, e, VAULT_WANT_CREDENTIALS);
        sim_run(&sim, SECOND);
        assert_string_equal(a.key, "AKIDEXAMPLE2"); // refreshed first
        assert_int_equal(f.starts, 2);

        a.waiter.min_life_s = 7200; // cannot be had
        ask(&a, e, VAULT_WANT_CREDENTIALS);
        sim_turn(&sim);
        assert_string_equal(a.key, "AKIDEXAMPLE2"); // a source that was just asked is not asked again
        assert_int_equal(f.starts, 2);
        sim_run(&sim, 28 * SECOND);
        ask(&a, e, VAULT_WANT_CREDENTIALS);
        sim_turn(&sim);
        assert_int_equal(f.starts, 2); // for half a minute
        sim_run(&sim, 2 * SECOND);
        ask(&a, e, VAULT_WANT_CREDENTIALS);
        sim_run(&sim, SECOND);
        assert_string_equal(a.key, "AKIDEXAMPLE3"); // the best there is

        static const enum error_kind kinds[] = {ERROR_TRANSIENT, ERROR_DENIED, ERROR_THROTTLED};
        for (size_t i = 0; i < 3; i++) {
                f.way = FAKE_GIVES;
                sim_run(&sim, MINUTE);
                char held[32];
                ask(&a, e, VAULT_WANT_CREDENTIALS);
                sim_run(&sim, MINUTE);
                snprintf(held, sizeof(held), "%s", a.key);
                fake_fails(&f, kinds[i]);
                unsigned starts = f.starts;
                ask(&a, e, VAULT_WANT_CREDENTIALS);
                sim_run(&sim, 60);
                assert_int_equal(f.starts, starts + 1);
                assert_string_equal(a.key, held); // what is valid is given, the failure notwithstanding
                ask(&a, e, VAULT_WANT_CREDENTIALS);
                sim_turn(&sim);
                assert_string_equal(a.key, held); // and at once while the failure is fresh
                assert_int_equal(f.starts, starts + 1);
        }
        sim_end(&sim);
}

// A start that fails completes those who wait for it, from the loop.
static void reports_a_failed_start_to_all(void **state)
{
        (void)state;
        struct sim sim;
        struct fake f;
        struct asker a[2] = {0};
        struct entry *e = sim_begin_one(&sim, &f, "irsa", true);
        f.way = FAKE_DOES_NOT_START;
        ask(&a[0], e, VAULT_WANT_CREDENTIALS);
        ask(&a[1], e, VAULT_WANT_REFRESH);
        sim_turn(&sim);
        for (int i = 0; i < 2; i++) {
                assert_int_equal(a[i].completions, 1);
                assert_string_equal(a[i].error.message, "profile irsa: the token file is missing");
        }
        sim_end(&sim);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(gives_what_is_held),
            cmocka_unit_test(all_share_one_flight),
            cmocka_unit_test(reports_a_failure_to_all),
            cmocka_unit_test(waits_for_a_newer_generation),
            cmocka_unit_test(does_not_call_a_cancelled_waiter),
            cmocka_unit_test(waits_or_fails_after_a_failure),
            cmocka_unit_test(limits_the_attempts_of_many_requests),
            cmocka_unit_test(refreshes_for_a_longer_life),
            cmocka_unit_test(reports_a_failed_start_to_all),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
