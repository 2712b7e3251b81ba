// SPDX-License-Identifier: Apache-2.0
// Credentials that need a user: no refresh ahead of their expiry, no drop while they are idle, and a fetch after each
// login.
#include "sidecar/providers/provider.h"
#include "tests/unit/vault/simulation.h"

static struct entry *add_interactive(struct fake *f, bool on_demand)
{
        const struct entry_options options = {.name = "admin", .on_demand = on_demand, .needs_interaction = true};
        struct entry *e = vault_add(f->sim->vault, &options, &f->base);
        assert_non_null(e);
        return e;
}

static void does_not_refresh_ahead_of_the_expiry(void **state)
{
        (void)state;
        for (int on_demand = 0; on_demand < 2; on_demand++) {
                struct sim sim;
                struct fake f;
                struct asker a = {0};
                struct entry_status status;
                sim_begin(&sim);
                fake_init(&f, &sim);
                struct entry *e = add_interactive(&f, on_demand);
                ask(&a, e, VAULT_WANT_REFRESH);
                sim_run(&sim, SECOND);
                assert_string_equal(a.key, "AKIDEXAMPLE1");
                fake_fails(&f, ERROR_INTERACTION);
                a.waiter.min_life_s = 3599; // more than is left does not start a fetch
                sim_run(&sim, 40 * MINUTE);
                ask(&a, e, VAULT_WANT_CREDENTIALS);
                sim_run(&sim, SECOND);
                assert_string_equal(a.key, "AKIDEXAMPLE1");
                assert_int_equal(f.starts, 1);
                entry_status(e, &status);
                assert_int_equal(status.next_refresh_s, 0);
                assert_int_equal(status.state, ENTRY_FRESH);
                sim_run(&sim, 18 * MINUTE);
                assert_non_null(entry_peek(e));
                sim_run(&sim, MINUTE);
                assert_null(entry_peek(e));
                sim_run(&sim, HOUR);
                assert_int_equal(f.starts, 1);
                assert_int_equal(sim.events[VAULT_EXPIRED], 1);
                sim_end(&sim);
        }
}

static void answers_each_request_by_one_attempt(void **state)
{
        (void)state;
        struct sim sim;
        struct fake f;
        struct asker a = {0};
        sim_begin(&sim);
        fake_init(&f, &sim);
        fake_fails(&f, ERROR_INTERACTION);
        f.takes_ms = 0;
        struct entry *e = add_interactive(&f, false);
        sim_run(&sim, HOUR);
        assert_int_equal(f.starts, 1); // the first fetch reports that a login is needed; no other starts by itself
        assert_int_equal(state_of(e), ENTRY_FAILED);
        // Each request starts one attempt, which answers it.
        for (unsigned i = 1; i <= 3; i++) {
                ask(&a, e, VAULT_WANT_CREDENTIALS);
                sim_run(&sim, 20);
                assert_int_equal(a.completions, i);
                assert_int_equal(a.error.kind, ERROR_INTERACTION);
                assert_int_equal(f.starts, 1 + i);
        }
        sim_end(&sim);
}

// The user may have logged in with another program; the check needs no call upstream.
static void checks_every_30_s_whether_the_user_has_logged_in(void **state)
{
        (void)state;
        struct sim sim;
        struct fake f;
        struct entry *e = sim_begin_one(&sim, &f, "dev", false);
        fake_fails(&f, ERROR_INTERACTION);
        sim_run(&sim, 10 * MINUTE);
        assert_in_range(f.starts, 20, 24);
        f.way = FAKE_GIVES;
        sim_run(&sim, 31 * SECOND);
        assert_non_null(entry_peek(e));
        sim_end(&sim);
}

// --- a login ---

static enum login_state login_state;
static char login_code[8];

static int begin_login(struct provider *p, struct slice token_code, struct error *e)
{
        (void)p;
        if (token_code.n >= sizeof(login_code))
                return error_set(e, ERROR_CONFIG, "too long");
        if (token_code.n > 0)
                memcpy(login_code, token_code.p, token_code.n);
        login_code[token_code.n] = '\0';
        login_state = LOGIN_STARTING;
        return 0;
}

static int end_login(struct provider *p, struct error *e)
{
        (void)p;
        if (login_state == LOGIN_FAILED)
                return error_set(e, ERROR_INTERNAL, "out of memory");
        login_state = LOGIN_ENDING;
        return 0;
}

static void report_login(const struct provider *p, struct login_status *ret)
{
        (void)p;
        ret->kind = LOGIN_SSO;
        ret->state = login_state;
}

static void begin_with_login(struct sim *sim, struct fake *f)
{
        static const struct login_ops ops = {begin_login, report_login, end_login};
        sim_begin(sim);
        fake_init(f, sim);
        f->base.login = &ops;
        login_state = LOGIN_IDLE;
}

static void move_login(struct fake *f, enum login_state to)
{
        login_state = to;
        provider_login_moved(&f->base);
}

struct login_asker {
        struct vault_waiter waiter; // first
        unsigned completions, failures;
};

static void login_asked(struct vault_waiter *w, struct credentials *c, const struct error *e)
{
        struct login_asker *a = (struct login_asker *)w;
        assert_null(c);
        a->completions++;
        a->failures += e != NULL;
}

static void fetches_after_a_login(void **state)
{
        (void)state;
        struct sim sim;
        struct fake f;
        struct error error;
        struct login_status status;
        struct login_asker a = {.waiter.done = login_asked};
        begin_with_login(&sim, &f);
        fake_fails(&f, ERROR_INTERACTION);
        struct entry *e = fake_add(&f, "dev", true);
        entry_login_status(e, &status);
        assert_int_equal(status.kind, LOGIN_SSO);
        assert_int_equal(entry_login(e, SLICE("12345678"), &error), -1);
        assert_string_equal(error.message, "profile dev: too long");
        assert_int_equal(entry_login(e, SLICE("123456"), &error), 0);
        assert_string_equal(login_code, "123456");

        entry_wait(e, VAULT_WANT_LOGIN, &a.waiter);
        sim_run(&sim, SECOND);
        assert_int_equal(a.completions, 0);
        move_login(&f, LOGIN_PENDING);
        sim_run(&sim, SECOND);
        assert_int_equal(a.completions, 1);
        assert_int_equal(a.failures, 0);
        assert_int_equal(f.starts, 0);

        f.way = FAKE_GIVES;
        move_login(&f, LOGIN_COMPLETE);
        sim_run(&sim, SECOND);
        assert_non_null(entry_peek(e));

        // The entry is retired while a waiter waits.
        login_state = LOGIN_STARTING;
        a.waiter = (struct vault_waiter){.done = login_asked};
        entry_wait(e, VAULT_WANT_LOGIN, &a.waiter);
        error_set(&error, ERROR_CANCELLED, "gone");
        entry_retire(e, &error);
        assert_int_equal(entry_login(e, SLICE(""), &error), -1);
        provider_login_moved(&f.base); // does no harm
        sim_run(&sim, SECOND);
        assert_int_equal(a.failures, 1);
        sim_end(&sim);
}

static void is_busy_during_a_refresh_and_a_login(void **state)
{
        (void)state;
        static const bool busy[] = {
            [LOGIN_IDLE] = false,     [LOGIN_STARTING] = true, [LOGIN_PENDING] = true,
            [LOGIN_COMPLETE] = false, [LOGIN_FAILED] = false,  [LOGIN_ENDING] = true,
        };
        struct sim sim;
        struct fake f;
        struct asker a = {0};
        begin_with_login(&sim, &f);
        struct entry *e = fake_add(&f, "dev", true);
        sim_run(&sim, SECOND);
        assert_false(vault_is_busy(sim.vault));
        f.way = FAKE_HANGS;
        ask(&a, e, VAULT_WANT_REFRESH);
        sim_run(&sim, SECOND);
        assert_true(vault_is_busy(sim.vault));
        fake_finish(&f, ERROR_NONE);
        sim_run(&sim, SECOND);
        assert_false(vault_is_busy(sim.vault));
        for (size_t i = 0; i < LENGTH(busy); i++) {
                login_state = (enum login_state)i;
                assert_int_equal(vault_is_busy(sim.vault), busy[i]);
        }
        sim_end(&sim);
}

static void has_credentials(struct vault_waiter *w, struct credentials *c, const struct error *e)
{
        (void)w;
        assert_non_null(c);
        assert_null(e);
}

static void a_log_out_takes_all_that_is_chained_on_it(void **state)
{
        (void)state;
        struct sim sim;
        struct fake f, middle, top, other;
        struct error error;
        struct login_asker a = {.waiter.done = login_asked};
        begin_with_login(&sim, &f);
        struct entry *base = fake_add(&f, "dev", true);
        fake_init(&middle, &sim);
        middle.base.source = entry_source(base);
        struct entry *second = fake_add(&middle, "middle", true);
        fake_init(&top, &sim);
        top.base.source = entry_source(second);
        struct entry *third = fake_add(&top, "top", false);
        fake_init(&other, &sim);
        struct entry *fourth = fake_add(&other, "other", false);
        struct login_asker asks[2] = {{.waiter.done = has_credentials}, {.waiter.done = has_credentials}};
        entry_wait(base, VAULT_WANT_CREDENTIALS, &asks[0].waiter);
        entry_wait(second, VAULT_WANT_CREDENTIALS, &asks[1].waiter);
        sim_run(&sim, SECOND);
        assert_non_null(entry_peek(base));
        assert_non_null(entry_peek(second));
        assert_non_null(entry_peek(third));

        login_state = LOGIN_FAILED;
        assert_int_equal(entry_logout(base, &error), -1); // nothing is lost
        assert_string_equal(error.message, "profile dev: out of memory");
        assert_non_null(entry_peek(third));

        fake_fails(&f, ERROR_INTERACTION);
        fake_fails(&middle, ERROR_INTERACTION);
        fake_fails(&top, ERROR_INTERACTION);
        login_state = LOGIN_IDLE;
        assert_int_equal(entry_logout(base, &error), 0);
        assert_null(entry_peek(base));
        assert_null(entry_peek(second));
        assert_null(entry_peek(third));
        assert_non_null(entry_peek(fourth));
        entry_wait(base, VAULT_WANT_LOGIN, &a.waiter);
        sim_run(&sim, SECOND);
        assert_int_equal(a.completions, 0);
        move_login(&f, LOGIN_IDLE);
        sim_run(&sim, SECOND);
        assert_int_equal(a.completions, 1);
        assert_int_equal(a.failures, 0);

        f.way = middle.way = FAKE_GIVES; // no refusal stays
        move_login(&f, LOGIN_COMPLETE);
        sim_run(&sim, SECOND);
        assert_non_null(entry_peek(base));
        error_set(&error, ERROR_CANCELLED, "gone");
        entry_retire(base, &error);
        assert_int_equal(entry_logout(base, &error), -1);
        sim_end(&sim);
}

// A fetch that began before the login brings the previous user's credentials, or none.
static void fetches_again_after_a_login_during_a_fetch(void **state)
{
        (void)state;
        for (int gives = 0; gives < 2; gives++) {
                struct sim sim;
                struct fake f;
                struct asker a = {0};
                begin_with_login(&sim, &f);
                if (!gives)
                        fake_fails(&f, ERROR_INTERACTION);
                struct entry *e = fake_add(&f, "dev", false);
                ask(&a, e, VAULT_WANT_CREDENTIALS);
                sim_run(&sim, 20);
                assert_int_equal(f.starts, 1);
                move_login(&f, LOGIN_COMPLETE);
                sim_run(&sim, 35); // the first has ended
                assert_int_equal(f.starts, 2);
                assert_int_equal(a.completions, gives ? 1 : 0);
                f.way = FAKE_GIVES;
                f.life_s = 1800; // expires sooner, and replaces the first nevertheless
                sim_run(&sim, SECOND);
                assert_int_equal(f.starts, 2);
                assert_int_equal(a.completions, 1);
                assert_string_equal(a.key, "AKIDEXAMPLE1");
                ask(&a, e, VAULT_WANT_CREDENTIALS);
                sim_run(&sim, 1);
                assert_string_equal(a.key, gives ? "AKIDEXAMPLE2" : "AKIDEXAMPLE1");
                assert_int_equal(entry_generation(e), gives ? 2 : 1);
                assert_int_equal(sim.events[VAULT_REFRESH_FAILED], 0);
                sim_end(&sim);
        }
}

// With no fetch under way. Another user may have logged in, so the new credentials replace those that expire later.
static void replaces_what_would_live_longer_after_a_login(void **state)
{
        (void)state;
        struct sim sim;
        struct fake f;
        struct asker a = {0};
        begin_with_login(&sim, &f);
        struct entry *e = fake_add(&f, "dev", false);
        ask(&a, e, VAULT_WANT_CREDENTIALS);
        sim_run(&sim, 5 * SECOND);
        assert_string_equal(a.key, "AKIDEXAMPLE1");
        f.life_s = 1800;
        move_login(&f, LOGIN_COMPLETE);
        sim_run(&sim, 5 * SECOND);
        assert_int_equal(f.starts, 2);
        ask(&a, e, VAULT_WANT_CREDENTIALS);
        sim_run(&sim, 1);
        assert_string_equal(a.key, "AKIDEXAMPLE2");
        assert_int_equal(entry_generation(e), 2);
        sim_end(&sim);
}

static void a_drop_cancels_the_fetch_after_a_login(void **state)
{
        (void)state;
        struct sim sim;
        struct fake f;
        struct asker a = {0};
        begin_with_login(&sim, &f);
        struct entry *e = fake_add(&f, "dev", false);
        sim_run(&sim, 20);
        move_login(&f, LOGIN_COMPLETE);
        entry_drop(e);
        sim_run(&sim, SECOND);
        assert_int_equal(f.starts, 1);
        ask(&a, e, VAULT_WANT_CREDENTIALS);
        sim_run(&sim, SECOND);
        assert_int_equal(a.completions, 1);
        assert_int_equal(a.error.kind, ERROR_CANCELLED);
        sim_end(&sim);
}

static void rejects_a_login_that_is_not_needed(void **state)
{
        (void)state;
        struct sim sim;
        struct fake f;
        struct error error;
        struct login_status status;
        struct entry *e = sim_begin_one(&sim, &f, "irsa", false);
        entry_login_status(e, &status);
        assert_int_equal(status.kind, LOGIN_NONE);
        assert_int_equal(entry_login(e, SLICE(""), &error), -1);
        assert_int_equal(error.kind, ERROR_CONFIG);
        sim_end(&sim);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(does_not_refresh_ahead_of_the_expiry),
            cmocka_unit_test(answers_each_request_by_one_attempt),
            cmocka_unit_test(checks_every_30_s_whether_the_user_has_logged_in),
            cmocka_unit_test(fetches_after_a_login),
            cmocka_unit_test(is_busy_during_a_refresh_and_a_login),
            cmocka_unit_test(a_log_out_takes_all_that_is_chained_on_it),
            cmocka_unit_test(fetches_again_after_a_login_during_a_fetch),
            cmocka_unit_test(replaces_what_would_live_longer_after_a_login),
            cmocka_unit_test(a_drop_cancels_the_fetch_after_a_login),
            cmocka_unit_test(rejects_a_login_that_is_not_needed),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
