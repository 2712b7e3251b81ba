// SPDX-License-Identifier: Apache-2.0
// For tests: an event loop in simulated time, a vault on it, and providers that follow a script.
//
// The loop asks clock_gettime() for its time; this program's own definition answers, so that timers are exact, hours
// take milliseconds, and the speed of the machine plays no part.
#ifndef TESTS_UNIT_VAULT_SIMULATION_H
#define TESTS_UNIT_VAULT_SIMULATION_H

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <uv.h>

#include "proto/wire/credentials.h"
#include "sidecar/base/clock.h"
#include "sidecar/providers/provider.h"
#include "sidecar/vault/vault.h"
#include "tests/canary.h"
#include "tests/unit/unit.h"

enum { SIM_WALL_S = 1800000000 };

// Milliseconds.
#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)

// The one thing that cannot be handed in.
static int64_t simulated_loop_ms = 1000000;

int clock_gettime(clockid_t id, struct timespec *ret)
{
        (void)id;
        ret->tv_sec = simulated_loop_ms / 1000;
        ret->tv_nsec = simulated_loop_ms % 1000 * 1000000;
        return 0;
}

struct sim {
        uv_loop_t loop;
        uv_timer_t keep_alive; // so that the loop's next timer is always known
        struct clock clock;
        int64_t wall_offset_ms; // wall less boot
        int64_t slept_ms;       // boot clock's time that the loop did not see
        struct vault *vault;
        bool is_closed;
        uint32_t random;
        // The first credentials that providers gave: one reference each is the test's, so that sim_end() can see that
        // all others were given back.
        struct credentials *issued[256];
        unsigned issued_count;
        unsigned events[VAULT_EVENT_COUNT];
        int64_t last_duration_ms;
        struct error last_error;
        // when providers called upstream, in boot time: the first `calls_max`, where the test wants to know
        int64_t *calls_ms;
        size_t calls, calls_max;
        unsigned calling, most_calling; // of them, those under way
        // called after every turn of the loop
        void (*watch)(void *arg);
        void *watch_arg;
};

static inline int64_t sim_boot_ms(void *context)
{
        struct sim *sim = context;
        return simulated_loop_ms * sim->clock.speed + sim->slept_ms;
}

static inline int64_t sim_wall_ms(void *context)
{
        struct sim *sim = context;
        return sim_boot_ms(sim) + sim->wall_offset_ms;
}

static inline int64_t sim_now_s(struct sim *sim)
{
        return sim_wall_ms(sim) / 1000;
}

static inline uint32_t sim_random(void *context)
{
        return ((struct sim *)context)->random;
}

static inline void sim_event(void *context, struct entry *entry, enum vault_event event, int64_t duration_ms,
                             const struct error *e)
{
        struct sim *sim = context;
        assert_non_null(entry_name(entry));
        sim->events[event]++;
        sim->last_duration_ms = duration_ms;
        assert_true((event == VAULT_REFRESH_FAILED) == (e != NULL));
        if (e)
                sim->last_error = *e;
}

static inline void sim_nothing(uv_timer_t *timer)
{
        (void)timer;
}

static inline void sim_begin_at(struct sim *sim, unsigned speed)
{
        memset(sim, 0, sizeof(*sim));
        assert_int_equal(uv_loop_init(&sim->loop), 0);
        sim->clock = (struct clock){.boot_ms = sim_boot_ms, .wall_ms = sim_wall_ms, .speed = speed, .context = sim};
        sim->wall_offset_ms = SIM_WALL_S * INT64_C(1000) - sim_boot_ms(sim);
        assert_int_equal(uv_hrtime() / 1000000, simulated_loop_ms); // the loop does live in simulated time
        uv_timer_init(&sim->loop, &sim->keep_alive);
        uv_timer_start(&sim->keep_alive, sim_nothing, UINT64_C(1) << 40, 0);
        sim->vault = vault_new(&(struct vault_deps){.loop = &sim->loop,
                                                    .clock = &sim->clock,
                                                    .random = sim_random,
                                                    .random_context = sim,
                                                    .observer = {.event = sim_event, .context = sim}});
        assert_non_null(sim->vault);
}

static inline void sim_begin(struct sim *sim)
{
        sim_begin_at(sim, 1);
}

// One turn of the loop, in no time.
static inline void sim_turn(struct sim *sim)
{
        uv_run(&sim->loop, UV_RUN_NOWAIT);
        if (sim->watch)
                sim->watch(sim->watch_arg);
}

// All that happens in the next `ms` of the loop's time, timers in their order, each at its time.
static inline void sim_run_loop_ms(struct sim *sim, int64_t ms)
{
        int64_t until_ms = simulated_loop_ms + ms;
        for (;;) {
                sim_turn(sim);
                int64_t next_ms = uv_backend_timeout(&sim->loop);
                if (next_ms == 0) // something is due in this very moment
                        continue;
                if (next_ms < 0 || simulated_loop_ms + next_ms > until_ms)
                        break;
                simulated_loop_ms += next_ms;
        }
        simulated_loop_ms = until_ms;
        sim_turn(sim);
}

// The same in the vault's time.
static inline void sim_run(struct sim *sim, int64_t ms)
{
        sim_run_loop_ms(sim, ms / sim->clock.speed);
}

static inline void sim_closed(void *arg)
{
        ((struct sim *)arg)->is_closed = true;
}

// Closes the vault if that was not done, and requires that nothing of it is left in the loop.
static inline void sim_end(struct sim *sim)
{
        if (sim->vault)
                vault_close(sim->vault, sim_closed, sim);
        sim->vault = NULL;
        assert_false(sim->is_closed); // not from within
        sim_run_loop_ms(sim, 5 * SECOND);
        assert_true(sim->is_closed);
        for (unsigned i = 0; i < sim->issued_count; i++) {
                assert_int_equal(sim->issued[i]->references, 1);
                credentials_unref(sim->issued[i]);
        }
        uv_close((uv_handle_t *)&sim->keep_alive, NULL);
        assert_int_equal(uv_run(&sim->loop, UV_RUN_DEFAULT), 0);
        assert_int_equal(uv_loop_close(&sim->loop), 0);
}

// --- providers ---

enum fake_way { FAKE_GIVES, FAKE_FAILS, FAKE_HANGS, FAKE_DOES_NOT_START };

struct fake {
        struct provider base; // first
        struct sim *sim;
        // the script; may change at any time
        enum fake_way way;
        enum error_kind kind;
        int64_t takes_ms; // of the loop's time
        int64_t life_s;   // 0: never ends
        int64_t skew_s;   // the upstream's wall clock less the real one; what it issues is in its own time
        bool has_no_date; // issued in the local wall clock's time
        bool is_fixed;    // the same credentials each time, ending at fixed_end_s
        int64_t fixed_end_s;
        bool cancels_at_once, ignores_cancel;
        const char *account;                     // 12 digits; NULL: unknown
        const struct credentials_source *source; // its base
        int64_t source_life_s;
        // what happened
        unsigned starts, cancels, issued;
        bool is_destroyed, is_waiting_for_source;
        char base_key[32]; // access key ID that the source gave last
        uv_timer_t timer;
};

static inline struct credentials *fake_credentials(struct fake *f)
{
        struct sim *sim = f->sim;
        char key[32];
        snprintf(key, sizeof(key), "AKIDEXAMPLE%u", f->is_fixed ? 0 : ++f->issued);
        int64_t now_ms = sim_wall_ms(sim) + (f->has_no_date ? 0 : f->skew_s * 1000);
        struct credentials fields = {.access_key_id = slice_str(key),
                                     .secret_access_key = SLICE("wJalrXUtnFEMI/K7MDENG/" CANARY),
                                     .session_token = SLICE("token-" CANARY),
                                     .account_id = slice_str(f->account),
                                     .assumed_role_arn =
                                         SLICE("arn:aws:sts::111122223333:assumed-role/gateway/session"),
                                     .issued_s = now_ms / 1000,
                                     .expires_s = f->life_s ? now_ms / 1000 + f->life_s : CREDENTIALS_NEVER_EXPIRE,
                                     .has_upstream_offset = !f->has_no_date,
                                     .upstream_offset_ms = now_ms - sim_boot_ms(sim)};
        if (f->is_fixed)
                fields.expires_s = f->fixed_end_s;
        struct credentials *c = credentials_new(&fields);
        assert_non_null(c);
        if (sim->issued_count < LENGTH(sim->issued))
                sim->issued[sim->issued_count++] = credentials_ref(c);
        return c;
}

static inline void fake_finish(struct fake *f, enum error_kind kind)
{
        struct error e;
        if (kind == ERROR_NONE) {
                provider_finish(&f->base, fake_credentials(f), NULL);
                return;
        }
        error_set(&e, kind, "STS AssumeRole: %s", error_kind_name(kind));
        error_hint(&e, "have a look");
        snprintf(e.upstream.code, sizeof(e.upstream.code), "AccessDenied");
        provider_finish(&f->base, NULL, &e);
}

static inline void fake_due(uv_timer_t *timer)
{
        struct fake *f = timer->data;
        f->sim->calling--;
        fake_finish(f, f->way == FAKE_GIVES ? ERROR_NONE : f->kind);
}

static inline void fake_cancelled(uv_timer_t *timer)
{
        fake_finish(timer->data, ERROR_CANCELLED);
}

static inline void fake_call(struct fake *f)
{
        struct sim *sim = f->sim;
        if (sim->calls < sim->calls_max)
                sim->calls_ms[sim->calls++] = sim_boot_ms(sim);
        if (f->way != FAKE_GIVES && f->way != FAKE_FAILS)
                return;
        if (++sim->calling > sim->most_calling)
                sim->most_calling = sim->calling;
        uv_timer_start(&f->timer, fake_due, (uint64_t)f->takes_ms, 0);
}

static inline void fake_has_source(void *arg, struct credentials *c, const struct error *e)
{
        struct fake *f = arg;
        assert_true(f->is_waiting_for_source);
        f->is_waiting_for_source = false;
        if (!c) {
                provider_finish(&f->base, NULL, e);
                return;
        }
        snprintf(f->base_key, sizeof(f->base_key), "%.*s", (int)c->access_key_id.n, (const char *)c->access_key_id.p);
        credentials_unref(c);
        fake_call(f);
}

static inline int fake_start(struct provider *p, struct error *e)
{
        struct fake *f = (struct fake *)p;
        f->starts++;
        if (f->way == FAKE_DOES_NOT_START)
                return error_set(e, f->kind, "the token file is missing");
        if (!f->source) {
                fake_call(f);
                return 0;
        }
        f->is_waiting_for_source = true;
        return f->source->get(f->source->context, f->source_life_s, fake_has_source, f, e);
}

static inline void fake_cancel(struct provider *p)
{
        struct fake *f = (struct fake *)p;
        f->cancels++;
        if (f->ignores_cancel)
                return;
        f->sim->calling -= uv_is_active((uv_handle_t *)&f->timer) != 0;
        uv_timer_stop(&f->timer);
        if (f->is_waiting_for_source)
                f->source->cancel(f->source->context, f);
        else if (f->cancels_at_once)
                fake_finish(f, ERROR_CANCELLED);
        else
                uv_timer_start(&f->timer, fake_cancelled, 1, 0);
}

static inline void fake_closed(uv_handle_t *handle)
{
        ((struct fake *)handle->data)->is_destroyed = true;
}

static inline void fake_destroy(struct provider *p)
{
        uv_close((uv_handle_t *)&((struct fake *)p)->timer, fake_closed);
}

// One that gives an hour's session after 50 ms; the test changes what it wants otherwise.
static inline void fake_init(struct fake *f, struct sim *sim)
{
        static const struct provider_ops ops = {.start = fake_start, .cancel = fake_cancel, .destroy = fake_destroy};
        *f = (struct fake){.base.ops = &ops, .sim = sim, .takes_ms = 50, .life_s = 3600, .kind = ERROR_TRANSIENT};
        uv_timer_init(&sim->loop, &f->timer);
        f->timer.data = f;
}

static inline struct entry *fake_add(struct fake *f, const char *name, bool on_demand)
{
        struct entry_options options = {.name = name, .on_demand = on_demand};
        struct entry *e = vault_add(f->sim->vault, &options, &f->base);
        assert_non_null(e);
        return e;
}

// What most tests begin with: a vault with one entry, on a fake as fake_init() makes it. The test may change the fake
// before the loop turns.
static inline struct entry *sim_begin_one(struct sim *sim, struct fake *f, const char *name, bool on_demand)
{
        sim_begin(sim);
        fake_init(f, sim);
        return fake_add(f, name, on_demand);
}

static inline void fake_fails(struct fake *f, enum error_kind kind)
{
        f->way = FAKE_FAILS;
        f->kind = kind;
}

// --- waiters ---

struct asker {
        struct vault_waiter waiter; // first
        unsigned completions;
        char key[32];       // access key ID of what came; empty: an error
        struct error error; // of what came
        void (*then)(struct asker *a);
        struct entry *entry;
        struct asker *other;
};

static inline void asker_done(struct vault_waiter *w, struct credentials *c, const struct error *e)
{
        struct asker *a = (struct asker *)w;
        assert_true((c == NULL) != (e == NULL));
        a->completions++;
        a->key[0] = '\0';
        a->error = (struct error){0};
        if (c)
                snprintf(a->key, sizeof(a->key), "%.*s", (int)c->access_key_id.n, (const char *)c->access_key_id.p);
        else
                a->error = *e;
        if (a->then)
                a->then(a);
}

// Starts to wait; what a->then and a->waiter's wishes say stays.
static inline void ask(struct asker *a, struct entry *e, enum vault_want want)
{
        unsigned before = a->completions;
        a->waiter.done = asker_done;
        a->entry = e;
        entry_wait(e, want, &a->waiter);
        assert_int_equal(a->completions, before); // never from within
}

static inline enum entry_state state_of(const struct entry *e)
{
        struct entry_status status;
        entry_status(e, &status);
        return status.state;
}

#endif
