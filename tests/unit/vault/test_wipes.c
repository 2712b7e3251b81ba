// SPDX-License-Identifier: Apache-2.0
// Secrets do not linger: the vault gives back credentials, their rendering and the keys derived from them as soon as
// they are replaced, dropped or left alone. (sim_end() requires the same of all credentials at the end.)
#include "sidecar/vault/entry.h"

#include "sidecar/providers/provider.h"
#include "tests/unit/vault/simulation.h"

// The test holds one reference to each of the credentials that were issued.
static bool is_released(const struct sim *sim, unsigned number)
{
        assert_true(number < sim->issued_count);
        return sim->issued[number]->references == 1;
}

// A signing key, as it were.
struct derived {
        struct credentials_derived derived; // first
        unsigned drops;
};

static void on_drop(struct credentials_derived *derived)
{
        ((struct derived *)derived)->drops++;
}

static void derive(struct entry *e, struct derived *d)
{
        *d = (struct derived){.derived.drop = on_drop};
        credentials_attach(entry_peek(e), &d->derived);
        assert_non_null(entry_keep_rendering(e, SLICE("rendered " CANARY), 0, 0));
}

static void rotate(struct sim *sim, struct entry *e)
{
        static struct asker a;
        a = (struct asker){0};
        ask(&a, e, VAULT_WANT_REFRESH);
        sim_run(sim, SECOND);
        assert_int_equal(entry_generation(e), 2);
        assert_int_equal(sim->issued_count, 2);
        assert_false(is_released(sim, 1)); // that is held now
}

static void drop(struct sim *sim, struct entry *e)
{
        (void)sim;
        entry_drop(e);
}

static void retire(struct sim *sim, struct entry *e)
{
        struct error reason;
        (void)sim;
        error_set(&reason, ERROR_CANCELLED, "removed");
        entry_retire(e, &reason);
}

static void leave_alone(struct sim *sim, struct entry *e)
{
        (void)e;
        sim_run(sim, 15 * MINUTE + SECOND);
}

static void close_vault(struct sim *sim, struct entry *e)
{
        (void)e;
        vault_close(sim->vault, sim_closed, sim);
        sim->vault = NULL;
}

static void releases_credentials_at_once(void **state)
{
        (void)state;
        static const struct {
                const char *name;
                void (*act)(struct sim *sim, struct entry *e);
        } rows[] = {{"rotation", rotate},
                    {"drop", drop},
                    {"retirement", retire},
                    {"idleness", leave_alone},
                    {"the end of the vault", close_vault}};
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct sim sim;
                struct fake f;
                struct asker a = {0};
                struct derived d;
                struct entry *e = sim_begin_one(&sim, &f, "irsa", true);
                ask(&a, e, VAULT_WANT_CREDENTIALS);
                sim_run(&sim, SECOND);
                derive(e, &d);
                assert_false(is_released(&sim, 0));
                rows[i].act(&sim, e);
                if (!is_released(&sim, 0) || e->rendering.text.p || d.drops != 1)
                        fail_msg("after %s: %u references, %u drops", rows[i].name, sim.issued[0]->references, d.drops);
                sim_end(&sim);
        }
}

// What was held may be good again when a clock is corrected; what was derived from it is not needed meanwhile.
static void wipes_what_was_derived_from_expired_credentials(void **state)
{
        (void)state;
        struct sim sim;
        struct fake f;
        struct derived d;
        struct entry *e = sim_begin_one(&sim, &f, "irsa", false);
        sim_run(&sim, MINUTE);
        derive(e, &d);
        fake_fails(&f, ERROR_TRANSIENT);
        sim_run(&sim, 59 * MINUTE);
        assert_int_equal(d.drops, 0);
        assert_non_null(entry_rendering(e));
        sim_run(&sim, 3 * SECOND);
        assert_int_equal(d.drops, 1);
        assert_null(e->rendering.text.p);
        f.way = FAKE_GIVES;
        sim_run(&sim, 2 * MINUTE);
        assert_int_equal(entry_generation(e), 2);
        assert_true(is_released(&sim, 0));
        sim_end(&sim);
}

// Credentials that never become the entry's.
static void releases_what_it_does_not_take(void **state)
{
        (void)state;
        struct sim sim;
        struct fake f;
        struct asker a = {0};
        struct entry *e = sim_begin_one(&sim, &f, "irsa", false);
        f.is_fixed = true;
        f.fixed_end_s = SIM_WALL_S + 3600;
        sim_run(&sim, 31 * MINUTE); // the same again
        assert_int_equal(sim.events[VAULT_REFRESHED], 1);
        assert_true(is_released(&sim, 1));
        assert_false(is_released(&sim, 0));

        f.fixed_end_s = sim_now_s(&sim) + 5; // too short a life
        ask(&a, e, VAULT_WANT_REFRESH);
        sim_run(&sim, 51);
        assert_int_equal(a.error.kind, ERROR_TRANSIENT);
        assert_true(is_released(&sim, 2));
        assert_false(is_released(&sim, 0));
        sim_end(&sim);
}

// A call that was cancelled may bring credentials all the same, before or after its entry is gone.
static void releases_what_a_cancelled_call_brings(void **state)
{
        (void)state;
        for (int is_retired = 0; is_retired < 2; is_retired++) {
                struct sim sim;
                struct fake f;
                struct entry *e = sim_begin_one(&sim, &f, "irsa", false);
                f.ignores_cancel = true;
                sim_run(&sim, 10);
                if (is_retired)
                        retire(&sim, e);
                else
                        entry_drop(e);
                assert_int_equal(f.cancels, 1);
                sim_run(&sim, SECOND);
                assert_int_equal(sim.issued_count, 1);
                assert_true(is_released(&sim, 0));
                assert_int_equal(sim.events[VAULT_ROTATED], 0);
                assert_int_equal(f.is_destroyed, is_retired);
                sim_end(&sim);
        }
}

static void report_complete(const struct provider *p, struct login_status *ret)
{
        (void)p;
        *ret = (struct login_status){.kind = LOGIN_SSO, .state = LOGIN_COMPLETE};
}

// After another user's login the credentials of the first go, though they would live longer.
static void a_login_replaces_credentials(void **state)
{
        (void)state;
        static const struct login_ops ops = {.status = report_complete};
        for (int during_a_fetch = 0; during_a_fetch < 2; during_a_fetch++) {
                struct sim sim;
                struct fake f;
                struct asker a = {0};
                struct entry *e = sim_begin_one(&sim, &f, "dev", false);
                f.base.login = &ops;
                sim_run(&sim, MINUTE);
                if (during_a_fetch) {
                        ask(&a, e, VAULT_WANT_REFRESH);
                        sim_run(&sim, 10);
                }
                f.life_s = 1800;
                provider_login_moved(&f.base);
                sim_run(&sim, SECOND);
                assert_int_equal(f.starts, 2 + during_a_fetch);
                assert_int_equal(entry_generation(e), 2 + (unsigned)during_a_fetch);
                for (unsigned i = 0; i < sim.issued_count; i++)
                        assert_int_equal(is_released(&sim, i), i + 1 < sim.issued_count);
                sim_end(&sim);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(releases_credentials_at_once),
            cmocka_unit_test(wipes_what_was_derived_from_expired_credentials),
            cmocka_unit_test(releases_what_it_does_not_take),
            cmocka_unit_test(releases_what_a_cancelled_call_brings),
            cmocka_unit_test(a_login_replaces_credentials),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
