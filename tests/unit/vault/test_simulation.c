// SPDX-License-Identifier: Apache-2.0
// Hours of service, thousands of entries.
#include "sidecar/vault/vault.h"

#include "proto/wire/limits.h"
#include "tests/unit/vault/simulation.h"

// --- an hour of 15-minute sessions, polled all the time ---

enum { PROFILES = 3, POLL_MS = 5 };

struct service {
        struct sim sim;
        struct fake f[PROFILES];
        struct entry *e[PROFILES];
        uv_timer_t poll;
        uint64_t seed;
        bool throws_dice;
        uint64_t polls, gaps;
        // outages, if `outage_s` > 0: every ten minutes the upstreams fail for so long
        int64_t outage_s;
};

static uint32_t next_random(struct service *s)
{
        s->seed ^= s->seed << 13;
        s->seed ^= s->seed >> 7;
        s->seed ^= s->seed << 17;
        return (uint32_t)(s->seed >> 16);
}

static void on_poll(uv_timer_t *timer)
{
        struct service *s = timer->data;
        if (s->throws_dice)
                s->sim.random = next_random(s);
        for (int i = 0; i < PROFILES; i++) {
                struct credentials *c = entry_peek(s->e[i]);
                if (!c && entry_generation(s->e[i]) > 0)
                        s->gaps++;
                if (c)
                        assert_true(c->expires_s - sim_now_s(&s->sim) >= LIMIT_MIN_LIFE_S);
                bool is_out = s->outage_s > 0 && (sim_now_s(&s->sim) + INT64_C(100) * i) % 600 < s->outage_s;
                s->f[i].way = is_out ? FAKE_FAILS : FAKE_GIVES;
        }
        s->polls++;
}

static struct service *service_begin(int64_t poll_ms)
{
        static const char *const names[PROFILES] = {"irsa", "onprem", "tenant"};
        struct service *s = calloc(1, sizeof(*s));
        assert_non_null(s);
        s->seed = 20270101;
        sim_begin(&s->sim);
        for (int i = 0; i < PROFILES; i++) {
                fake_init(&s->f[i], &s->sim);
                s->f[i].life_s = 900;
                s->f[i].takes_ms = 300;
                s->e[i] = fake_add(&s->f[i], names[i], false);
        }
        uv_timer_init(&s->sim.loop, &s->poll);
        s->poll.data = s;
        uv_timer_start(&s->poll, on_poll, 0, (uint64_t)poll_ms);
        return s;
}

static void service_end(struct service *s)
{
        uv_close((uv_handle_t *)&s->poll, NULL);
        sim_end(&s->sim);
        free(s);
}

static void refreshes_every_7_5_minutes_without_jitter(void **state)
{
        (void)state;
        struct service *s = service_begin(POLL_MS);
        sim_run(&s->sim, HOUR);
        assert_true(s->polls >= (uint64_t)HOUR / POLL_MS);
        assert_int_equal(s->gaps, 0);
        for (int i = 0; i < PROFILES; i++) {
                assert_int_equal(s->f[i].starts, 8); // 0, 7.5, 15, … 52.5 min
                assert_int_equal(entry_generation(s->e[i]), 8);
        }
        assert_int_equal(s->sim.events[VAULT_ROTATED], 8 * PROFILES);
        assert_int_equal(s->sim.events[VAULT_REFRESH_FAILED], 0);
        assert_int_equal(s->sim.events[VAULT_EXPIRED], 0);
        service_end(s);
}

static void refreshes_without_gaps_with_jitter(void **state)
{
        (void)state;
        struct service *s = service_begin(POLL_MS);
        s->throws_dice = true;
        sim_run(&s->sim, HOUR);
        assert_int_equal(s->gaps, 0);
        unsigned starts = 0;
        for (int i = 0; i < PROFILES; i++) {
                assert_in_range(s->f[i].starts, 8, 10);                      // every 6 to 7.5 min
                assert_int_equal(entry_generation(s->e[i]), s->f[i].starts); // one call a renewal
                starts += s->f[i].starts;
        }
        assert_int_equal(s->sim.events[VAULT_ROTATED], starts);
        assert_int_equal(s->sim.events[VAULT_EXPIRED], 0);
        service_end(s);
}

// Outages of five minutes, half of the time.
static void outages_leave_no_gaps(void **state)
{
        (void)state;
        struct service *s = service_begin(500);
        s->throws_dice = true;
        s->outage_s = 300;
        sim_run(&s->sim, 24 * HOUR);
        assert_int_equal(s->gaps, 0);
        assert_true(s->sim.events[VAULT_REFRESH_FAILED] > 100);
        assert_int_equal(s->sim.events[VAULT_EXPIRED], 0);
        service_end(s);
}

// --- many ---

enum { MANY = 10000 };

struct crowd {
        struct sim sim;
        struct fake base, *f;
        struct credentials_source source;
        struct entry **e;
        unsigned starts, most_in_a_turn;
};

static void count_starts(void *arg)
{
        struct crowd *c = arg;
        unsigned starts = 0;
        for (int i = 0; i < MANY; i++)
                starts += c->f[i].starts;
        if (starts - c->starts > c->most_in_a_turn)
                c->most_in_a_turn = starts - c->starts;
        c->starts = starts;
}

static void crowd_begin(struct crowd *c, bool is_chained)
{
        *c = (struct crowd){.f = calloc(MANY, sizeof(*c->f)), .e = calloc(MANY, sizeof(struct entry *))};
        assert_non_null(c->f);
        assert_non_null(c->e);
        sim_begin(&c->sim);
        fake_init(&c->base, &c->sim);
        c->source = entry_source(fake_add(&c->base, "base", false));
        for (int i = 0; i < MANY; i++) {
                char name[32];
                snprintf(name, sizeof(name), "tenant-%d", i);
                fake_init(&c->f[i], &c->sim);
                c->f[i].source = is_chained ? &c->source : NULL;
                c->e[i] = fake_add(&c->f[i], name, false);
        }
}

static void crowd_end(struct crowd *c)
{
        c->sim.watch = NULL;
        sim_end(&c->sim);
        for (int i = 0; i < MANY; i++)
                assert_true(c->f[i].is_destroyed);
        free(c->f);
        free(c->e);
}

static void spreads_many_starts_over_turns_of_the_loop(void **state)
{
        (void)state;
        struct crowd c;
        crowd_begin(&c, false);
        c.sim.watch = count_starts;
        c.sim.watch_arg = &c;
        sim_run(&c.sim, 100);
        assert_in_range(c.starts, 1000, 2000);
        sim_run(&c.sim, 900);
        c.sim.watch = NULL;
        assert_int_equal(c.starts, MANY);
        assert_true(c.most_in_a_turn <= 16);
        for (int i = 0; i < MANY; i++)
                assert_int_equal(state_of(c.e[i]), ENTRY_FRESH);
        crowd_end(&c);
}

static void a_request_does_not_wait_for_many_starts(void **state)
{
        (void)state;
        struct crowd c;
        struct asker a = {0};
        crowd_begin(&c, false);
        sim_turn(&c.sim);
        ask(&a, c.e[MANY - 1], VAULT_WANT_CREDENTIALS);
        sim_run(&c.sim, 52);
        assert_int_equal(a.completions, 1);
        assert_int_equal(c.f[MANY - 2].starts, 0);
        crowd_end(&c); // in the midst of it
}

static void many_entries_share_one_base(void **state)
{
        (void)state;
        struct crowd c;
        crowd_begin(&c, true);
        sim_run(&c.sim, 2 * SECOND);
        assert_int_equal(c.base.starts, 1);
        for (int i = 0; i < MANY; i++) {
                assert_int_equal(c.f[i].starts, 1);
                assert_int_equal(state_of(c.e[i]), ENTRY_FRESH);
        }
        sim_run(&c.sim, 2 * HOUR);
        for (int i = 0; i < MANY; i++)
                assert_int_equal(entry_generation(c.e[i]), c.f[i].starts);
        crowd_end(&c);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(refreshes_every_7_5_minutes_without_jitter),
            cmocka_unit_test(refreshes_without_gaps_with_jitter),
            cmocka_unit_test(outages_leave_no_gaps),
            cmocka_unit_test(spreads_many_starts_over_turns_of_the_loop),
            cmocka_unit_test(a_request_does_not_wait_for_many_starts),
            cmocka_unit_test(many_entries_share_one_base),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
