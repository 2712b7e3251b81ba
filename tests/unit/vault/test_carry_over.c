// SPDX-License-Identifier: Apache-2.0
// An entry that carries over the credentials of another, until its own provider gives new ones.
#include "sidecar/vault/vault.h"

#include "tests/unit/vault/simulation.h"

struct pair {
        struct sim sim;
        struct fake old_fake, new_fake;
        struct entry *old_entry, *new_entry;
        bool on_demand, needs_interaction;
};

static void begin(struct pair *p)
{
        sim_begin(&p->sim);
        fake_init(&p->old_fake, &p->sim);
        fake_init(&p->new_fake, &p->sim);
        p->new_fake.issued = 100; // its keys go by higher numbers
        struct entry_options options = {
            .name = "old", .on_demand = p->on_demand, .needs_interaction = p->needs_interaction};
        p->old_entry = vault_add(p->sim.vault, &options, &p->old_fake.base);
        assert_non_null(p->old_entry);
}

// As a reload does it: both in one turn of the loop.
static void move_on(struct pair *p)
{
        struct error reason;
        error_set(&reason, ERROR_CANCELLED, "a reload");
        struct entry_options options = {.name = "new",
                                        .on_demand = p->on_demand,
                                        .needs_interaction = p->needs_interaction,
                                        .after_generation = entry_generation(p->old_entry),
                                        .carry_over = p->old_entry};
        p->new_entry = vault_add(p->sim.vault, &options, &p->new_fake.base);
        assert_non_null(p->new_entry);
        entry_retire(p->old_entry, &reason);
}

static const char *key_of(struct entry *e)
{
        static char key[32];
        const struct credentials *c = entry_peek(e);
        if (!c)
                return "none";
        snprintf(key, sizeof(key), "%.*s", (int)c->access_key_id.n, (const char *)c->access_key_id.p);
        return key;
}

static struct entry_status status_of(const struct entry *e)
{
        struct entry_status status;
        entry_status(e, &status);
        return status;
}

static void serves_the_old_credentials_until_new_ones_come(void **state)
{
        (void)state;
        struct pair p = {0};
        struct asker newer = {.waiter.after_generation = 1};
        begin(&p);
        fake_fails(&p.old_fake, ERROR_TRANSIENT);
        sim_run(&p.sim, 60); // one failure, and a retry within a second
        p.old_fake.way = FAKE_GIVES;
        sim_run(&p.sim, MINUTE);
        struct entry_status before = status_of(p.old_entry);
        move_on(&p);
        assert_string_equal(key_of(p.new_entry), "AKIDEXAMPLE1"); // at once
        assert_int_equal(entry_generation(p.new_entry), 1);       // the same credentials
        struct entry_status s = status_of(p.new_entry);
        assert_int_equal(s.state, ENTRY_FRESH);
        assert_true(s.is_fetching);
        assert_int_equal(s.expires_s, before.expires_s);
        assert_int_equal(s.successes, 1);
        assert_int_equal(s.failures, 1);
        assert_int_equal(s.failures_in_row, 0);
        assert_int_equal(s.last_success_s, before.last_success_s);
        assert_true(slice_eq(s.account_id, SLICE("111122223333")));
        ask(&newer, p.new_entry, VAULT_WANT_NEWER);
        sim_run(&p.sim, SECOND);
        assert_true(p.old_fake.is_destroyed);
        assert_string_equal(key_of(p.new_entry), "AKIDEXAMPLE101");
        assert_string_equal(newer.key, "AKIDEXAMPLE101");
        assert_int_equal(entry_generation(p.new_entry), 2);
        assert_int_equal(status_of(p.new_entry).successes, 2);
        assert_int_equal(p.sim.events[VAULT_ROTATED], 2);
        assert_int_equal(p.sim.events[VAULT_DROPPED] + p.sim.events[VAULT_EXPIRED], 0);
        sim_end(&p.sim);
}

static void serves_the_old_credentials_until_they_expire(void **state)
{
        (void)state;
        static const enum error_kind kinds[] = {ERROR_CONFIG, ERROR_TRANSIENT, ERROR_THROTTLED, ERROR_DENIED};
        for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
                struct pair p = {0};
                struct asker a = {0};
                begin(&p);
                sim_run(&p.sim, MINUTE);
                fake_fails(&p.new_fake, kinds[i]);
                move_on(&p);
                sim_run(&p.sim, SECOND);
                struct entry_status s = status_of(p.new_entry);
                assert_int_equal(s.state, ENTRY_STALE);
                assert_int_equal(s.last_error->kind, kinds[i]);
                assert_non_null(strstr(s.last_error->message, "profile new: "));
                assert_true(s.next_refresh_s > 0);
                ask(&a, p.new_entry, VAULT_WANT_CREDENTIALS);
                sim_run(&p.sim, SECOND);
                assert_string_equal(a.key, "AKIDEXAMPLE1");
                sim_run(&p.sim, (s.expires_s - 60 - sim_now_s(&p.sim)) * SECOND - SECOND);
                assert_string_equal(key_of(p.new_entry), "AKIDEXAMPLE1");
                assert_int_equal(p.sim.events[VAULT_EXPIRED], 0);
                sim_run(&p.sim, 2 * SECOND);
                assert_null(entry_peek(p.new_entry)); // not at once in the last minute
                assert_int_equal(state_of(p.new_entry), ENTRY_EXPIRING);
                sim_run(&p.sim, MINUTE + 2 * SECOND);
                assert_int_equal(p.sim.events[VAULT_EXPIRED], 1);
                assert_int_equal(state_of(p.new_entry), ENTRY_FAILED);
                p.new_fake.way = FAKE_GIVES;
                sim_run(&p.sim, 6 * MINUTE);
                assert_string_equal(key_of(p.new_entry), "AKIDEXAMPLE101");
                assert_int_equal(entry_generation(p.new_entry), 2);
                sim_end(&p.sim);
        }
}

static void keeps_credentials_that_live_longer_than_the_new_ones(void **state)
{
        (void)state;
        struct pair p = {0};
        begin(&p);
        sim_run(&p.sim, MINUTE);
        p.new_fake.life_s = 900;
        move_on(&p);
        sim_run(&p.sim, SECOND);
        assert_int_equal(p.sim.events[VAULT_REFRESHED], 1);
        assert_string_equal(key_of(p.new_entry), "AKIDEXAMPLE1");
        assert_int_equal(entry_generation(p.new_entry), 1);
        sim_end(&p.sim);
}

static void reports_the_expiry_while_a_fetch_hangs(void **state)
{
        (void)state;
        struct pair p = {0};
        begin(&p);
        sim_run(&p.sim, MINUTE);
        p.new_fake.way = FAKE_HANGS;
        move_on(&p);
        sim_run(&p.sim, 57 * MINUTE);
        assert_string_equal(key_of(p.new_entry), "AKIDEXAMPLE1");
        sim_run(&p.sim, 3 * MINUTE);
        assert_null(entry_peek(p.new_entry));
        assert_int_equal(p.sim.events[VAULT_EXPIRED], 1); // though no refresh is planned
        sim_end(&p.sim);
}

static void begins_empty_when_there_is_nothing_to_carry_over(void **state)
{
        (void)state;
        for (int is_late = 0; is_late < 2; is_late++) { // nothing yet, nothing any more
                struct pair p = {0};
                begin(&p);
                if (is_late) {
                        sim_run(&p.sim, MINUTE);
                        fake_fails(&p.old_fake, ERROR_TRANSIENT);
                        sim_run(&p.sim, HOUR);
                }
                assert_false(entry_has_carry_over(p.old_entry));
                move_on(&p);
                assert_null(entry_peek(p.new_entry));
                assert_int_equal(state_of(p.new_entry), ENTRY_FETCHING);
                assert_int_equal(status_of(p.new_entry).expires_s, 0);
                sim_run(&p.sim, SECOND);
                assert_string_equal(key_of(p.new_entry), "AKIDEXAMPLE101");
                assert_int_equal(entry_generation(p.new_entry), is_late ? 2 : 1);
                sim_end(&p.sim);
        }
}

static void goes_on_refusing_what_was_dropped(void **state)
{
        (void)state;
        struct pair p = {0};
        struct asker a = {0};
        begin(&p);
        sim_run(&p.sim, MINUTE);
        entry_drop(p.old_entry);
        assert_true(entry_has_carry_over(p.old_entry));
        move_on(&p);
        assert_null(entry_peek(p.new_entry));
        ask(&a, p.new_entry, VAULT_WANT_CREDENTIALS);
        sim_run(&p.sim, 2 * HOUR);
        assert_int_equal(a.error.kind, ERROR_CANCELLED);
        assert_non_null(strstr(a.error.message, "dropped on request"));
        assert_int_equal(p.new_fake.starts, 0);
        ask(&a, p.new_entry, VAULT_WANT_REFRESH);
        sim_run(&p.sim, SECOND);
        assert_string_equal(a.key, "AKIDEXAMPLE101");
        assert_int_equal(entry_generation(p.new_entry), 2);
        sim_end(&p.sim);
}

static void does_not_need_a_user_for_credentials_that_are_carried_over(void **state)
{
        (void)state;
        struct pair p = {.needs_interaction = true};
        begin(&p);
        sim_run(&p.sim, MINUTE);
        move_on(&p);
        sim_run(&p.sim, 57 * MINUTE);
        assert_int_equal(p.new_fake.starts, 0);
        assert_string_equal(key_of(p.new_entry), "AKIDEXAMPLE1");
        sim_run(&p.sim, 3 * MINUTE);
        assert_int_equal(p.sim.events[VAULT_EXPIRED], 1);
        sim_end(&p.sim);
}

static void drops_idle_credentials_unless_they_cannot_be_replaced(void **state)
{
        (void)state;
        for (int is_broken = 0; is_broken < 2; is_broken++) {
                struct pair p = {.on_demand = true};
                struct asker a = {0};
                begin(&p);
                ask(&a, p.old_entry, VAULT_WANT_CREDENTIALS);
                sim_run(&p.sim, 5 * MINUTE);
                if (is_broken)
                        fake_fails(&p.new_fake, ERROR_CONFIG);
                move_on(&p);
                sim_run(&p.sim, 5 * MINUTE);
                assert_true(p.new_fake.starts > 0); // it is in use
                sim_run(&p.sim, 10 * MINUTE);
                // Nobody has asked for a while, but credentials that cannot be replaced stay.
                assert_int_equal(p.sim.events[VAULT_DROPPED], !is_broken);
                assert_string_equal(key_of(p.new_entry), is_broken ? "AKIDEXAMPLE1" : "none");
                sim_end(&p.sim);
        }
}

// A step of the local clock changes nothing.
static void keeps_the_clock_of_the_old_upstream(void **state)
{
        (void)state;
        struct pair p = {0};
        begin(&p);
        p.old_fake.skew_s = 7200;
        sim_run(&p.sim, MINUTE);
        fake_fails(&p.new_fake, ERROR_TRANSIENT);
        move_on(&p);
        assert_int_equal(entry_now_s(p.new_entry) - sim_now_s(&p.sim), 7200);
        p.sim.wall_offset_ms -= 24 * HOUR;
        vault_replan(p.sim.vault);
        sim_run(&p.sim, 57 * MINUTE);
        assert_string_equal(key_of(p.new_entry), "AKIDEXAMPLE1");
        sim_run(&p.sim, 2 * MINUTE);
        assert_null(entry_peek(p.new_entry));
        sim_end(&p.sim);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(serves_the_old_credentials_until_new_ones_come),
            cmocka_unit_test(serves_the_old_credentials_until_they_expire),
            cmocka_unit_test(keeps_credentials_that_live_longer_than_the_new_ones),
            cmocka_unit_test(reports_the_expiry_while_a_fetch_hangs),
            cmocka_unit_test(begins_empty_when_there_is_nothing_to_carry_over),
            cmocka_unit_test(goes_on_refusing_what_was_dropped),
            cmocka_unit_test(does_not_need_a_user_for_credentials_that_are_carried_over),
            cmocka_unit_test(drops_idle_credentials_unless_they_cannot_be_replaced),
            cmocka_unit_test(keeps_the_clock_of_the_old_upstream),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
