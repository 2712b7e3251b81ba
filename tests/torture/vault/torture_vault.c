// SPDX-License-Identifier: Apache-2.0
// Entries of the vault with scripted providers: added, fetched, waited for, chained, refreshed,
// retired. Once memory is back, every entry that could be added has to come to its credentials.
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "proto/wire/credentials.h"
#include "sidecar/base/clock.h"
#include "sidecar/io/delay.h"
#include "sidecar/providers/provider.h"
#include "sidecar/vault/vault.h"
#include "tests/canary.h"
#include "tests/torture/torture.h"

enum { NOON_S = 1788264000, LIFE_S = 1000 * 1000 * 1000, ENTRIES_MAX = 24 };

struct world {
        uv_loop_t loop;
        uv_timer_t beat; // so that no turn of the loop waits for long
        struct clock clock;
        int64_t now_ms; // a tenth of a second more with each turn of the loop
        struct vault *vault;
        bool is_closed;
        unsigned refusals; // of the source that follow
};

static int64_t boot_ms(void *context)
{
        return ((struct world *)context)->now_ms;
}

static int64_t wall_ms(void *context)
{
        return boot_ms(context) + (int64_t)NOON_S * 1000;
}

static uint32_t no_jitter(void *context)
{
        (void)context;
        return 0;
}

// --- a provider ---

struct fake {
        struct provider base;
        struct world *world;
        struct credentials_source source; // of its base; get NULL: needs none
};

static struct credentials *make(const char *id)
{
        const struct credentials fields = {.access_key_id = slice_str(id),
                                           .secret_access_key = SLICE("CANARY-secret"),
                                           .session_token = SLICE("CANARY-token"),
                                           .issued_s = NOON_S,
                                           .expires_s = (int64_t)NOON_S + LIFE_S};
        return credentials_new(&fields);
}

static void finish(struct fake *f, const char *id)
{
        const struct error no_memory = {.kind = ERROR_INTERNAL, .message = "out of memory"},
                           refused = {.kind = ERROR_TRANSIENT, .message = "refused"};
        bool is_refused = f->world->refusals > 0 && f->world->refusals-- > 0;
        struct credentials *c = is_refused ? NULL : make(id);
        provider_finish(&f->base, c, c ? NULL : is_refused ? &refused : &no_memory);
}

static void fake_due(void *arg)
{
        finish(arg, "ASIABASE");
}

static void has_base(void *arg, struct credentials *c, const struct error *e)
{
        struct fake *f = arg;
        if (c)
                finish(f, "ASIACHAINED");
        else
                provider_finish(&f->base, NULL, e);
        credentials_unref(c);
}

static int fake_start(struct provider *p, struct error *e)
{
        struct fake *f = (struct fake *)p;
        if (f->source.get)
                return f->source.get(f->source.context, 60, has_base, f, e);
        return delay_start(&f->world->loop, 0, fake_due, f) ? 0 : error_set(e, ERROR_INTERNAL, "out of memory");
}

static void fake_cancel(struct provider *p)
{
        struct fake *f = (struct fake *)p;
        if (f->source.get)
                f->source.cancel(f->source.context, f);
}

static void fake_destroy(struct provider *p)
{
        free(p);
}

static struct entry *add_with(struct world *w, const struct entry_options *options, struct entry *source)
{
        static const struct provider_ops ops = {.start = fake_start, .cancel = fake_cancel, .destroy = fake_destroy};
        struct fake *f = calloc(1, sizeof(*f));
        if (!f)
                return NULL;
        *f = (struct fake){.base.ops = &ops, .world = w};
        if (source)
                f->source = entry_source(source);
        return vault_add(w->vault, options, &f->base);
}

static struct entry *add(struct world *w, const char *name, struct entry *source, bool on_demand)
{
        const struct entry_options options = {.name = name, .on_demand = on_demand, .upstream = "sts"};
        return add_with(w, &options, source);
}

// --- a waiter ---

struct waiting {
        struct vault_waiter waiter; // first
        bool is_over, is_given;
        struct error e;
};

static void has_come(struct vault_waiter *waiter, struct credentials *c, const struct error *e)
{
        struct waiting *w = (struct waiting *)waiter;
        w->is_over = true;
        w->is_given = c != NULL;
        if (e)
                w->e = *e;
}

static void begin_waiting(struct waiting *waiting, struct entry *entry, enum vault_want want)
{
        *waiting = (struct waiting){.waiter.done = has_come};
        entry_wait(entry, want, &waiting->waiter);
}

static bool wait_for(struct world *w, struct waiting *waiting)
{
        for (; !waiting->is_over; w->now_ms += 100)
                (void)uv_run(&w->loop, UV_RUN_ONCE);
        return waiting->is_given;
}

static bool get(struct world *w, struct waiting *waiting, struct entry *entry, enum vault_want want)
{
        begin_waiting(waiting, entry, want);
        return wait_for(w, waiting);
}

// --- its world ---

static void beat(uv_timer_t *timer)
{
        (void)timer;
}

static void set_up(struct world *w)
{
        *w = (struct world){.clock = {boot_ms, wall_ms, 1000, w}, .now_ms = 1000000};
        assert_int_equal(uv_loop_init(&w->loop), 0);
        (void)uv_timer_init(&w->loop, &w->beat);
        (void)uv_timer_start(&w->beat, beat, 1, 1);
}

static struct vault *make_vault(struct world *w)
{
        const struct vault_deps deps = {.loop = &w->loop, .clock = &w->clock, .random = no_jitter};
        w->vault = vault_new(&deps);
        return w->vault;
}

static void closed(void *arg)
{
        ((struct world *)arg)->is_closed = true;
}

static void tear_down(struct world *w)
{
        if (w->vault) {
                vault_close(w->vault, closed, w);
                while (!w->is_closed)
                        (void)uv_run(&w->loop, UV_RUN_ONCE);
        }
        uv_close((uv_handle_t *)&w->beat, NULL);
        assert_int_equal(uv_run(&w->loop, UV_RUN_DEFAULT), 0);
        assert_int_equal(uv_loop_close(&w->loop), 0);
}

// What the entry gives is right, whole, and rendered.
static void assert_usable(struct world *w, struct entry *entry, const char *id)
{
        struct waiting waiting;
        if (!get(w, &waiting, entry, VAULT_WANT_CREDENTIALS))
                fail_msg("%s has none: %s", entry_name(entry), waiting.e.message);
        struct credentials *c = entry_peek(entry);
        assert_non_null(c);
        assert_true(slice_eq(c->access_key_id, slice_str(id)));
        assert_true(entry_rendering(entry) || entry_keep_rendering(entry, SLICE(CANARY), 0, 0));
}

// --- rounds ---

static bool fetch_round(const void *arg)
{
        struct world w;
        struct waiting first, second;
        bool is_done = false;
        (void)arg;
        set_up(&w);
        torture_begin();
        struct entry *e = make_vault(&w) ? add(&w, "a", NULL, true) : NULL;
        if (e) {
                begin_waiting(&first, e, VAULT_WANT_CREDENTIALS); // both of one flight
                begin_waiting(&second, e, VAULT_WANT_CREDENTIALS);
                is_done = wait_for(&w, &first);
                is_done = wait_for(&w, &second) && is_done;
        }
        bool is_rendered = is_done && entry_keep_rendering(e, SLICE(CANARY), 0, 0);
        torture_end();
        if (e && !is_done)
                (void)(torture_refused(&first.e) || torture_refused(&second.e));
        if (e)
                assert_usable(&w, e, "ASIABASE");
        tear_down(&w);
        return is_rendered;
}

static bool chain_round(const void *arg)
{
        struct world w;
        struct waiting waiting = {.is_over = true};
        bool is_done = false;
        (void)arg;
        set_up(&w);
        torture_begin();
        struct entry *base = make_vault(&w) ? add(&w, "base", NULL, false) : NULL;
        struct entry *e = base ? add(&w, "role", base, false) : NULL;
        if (e)
                is_done = get(&w, &waiting, e, VAULT_WANT_CREDENTIALS);
        torture_end();
        if (e && !is_done)
                (void)torture_refused(&waiting.e);
        if (e)
                assert_usable(&w, e, "ASIACHAINED");
        tear_down(&w);
        return is_done;
}

// A refresh that fails leaves what is held, also where there is no memory to keep why; one that succeeds replaces it.
static bool refresh_round(const void *arg)
{
        struct world w;
        struct waiting waiting;
        (void)arg;
        set_up(&w);
        assert_non_null(make_vault(&w));
        struct entry *base = add(&w, "base", NULL, false), *e = add(&w, "role", base, false);
        assert_usable(&w, base, "ASIABASE");
        assert_usable(&w, e, "ASIACHAINED");
        torture_begin();
        w.refusals = 1;
        bool is_refused = !get(&w, &waiting, e, VAULT_WANT_REFRESH);
        assert_true(is_refused);
        assert_true(waiting.e.kind == ERROR_TRANSIENT || !torture_refused(&waiting.e));
        assert_non_null(entry_peek(e));
        w.refusals = 0;
        bool is_done = get(&w, &waiting, e, VAULT_WANT_REFRESH);
        torture_end();
        if (!is_done)
                (void)torture_refused(&waiting.e);
        assert_usable(&w, e, "ASIACHAINED");
        tear_down(&w);
        return is_done;
}

// What one holds is another's at once, and nothing is lost where that cannot be made.
static bool carry_over_round(const void *arg)
{
        const struct error reason = {.kind = ERROR_CANCELLED, .message = "replaced"};
        struct world w;
        (void)arg;
        set_up(&w);
        assert_non_null(make_vault(&w));
        struct entry *before = add(&w, "a", NULL, false);
        assert_usable(&w, before, "ASIABASE");
        const struct entry_options options = {.name = "a", .upstream = "sts-elsewhere", .carry_over = before};
        torture_begin();
        struct entry *e = add_with(&w, &options, NULL);
        if (e)
                entry_retire(before, &reason);
        torture_end();
        assert_non_null(entry_peek(e ? e : before));
        assert_usable(&w, e ? e : before, "ASIABASE");
        tear_down(&w);
        return e;
}

// Dropped, retired and closed, with somebody waiting. That must not need memory.
static bool retire_round(const void *arg)
{
        const struct error reason = {.kind = ERROR_CANCELLED, .message = "removed"};
        struct world w;
        struct waiting of_base, of_role;
        (void)arg;
        set_up(&w);
        assert_non_null(make_vault(&w));
        struct entry *base = add(&w, "base", NULL, false), *e = add(&w, "role", base, false);
        assert_usable(&w, e, "ASIACHAINED");
        torture_begin();
        entry_drop(base);
        begin_waiting(&of_base, base, VAULT_WANT_REFRESH);
        begin_waiting(&of_role, e, VAULT_WANT_REFRESH);
        (void)uv_run(&w.loop, UV_RUN_NOWAIT);
        entry_retire(e, &reason);
        entry_retire(base, &reason);
        bool is_given = wait_for(&w, &of_base);
        is_given = wait_for(&w, &of_role) || is_given;
        tear_down(&w);
        torture_end();
        return is_given || torture_has_struck() || of_role.e.kind == ERROR_CANCELLED;
}

static bool many_round(const void *arg)
{
        struct world w;
        struct entry *entries[ENTRIES_MAX];
        size_t count = 0;
        (void)arg;
        set_up(&w);
        torture_begin();
        if (make_vault(&w))
                for (; count < ENTRIES_MAX; count++)
                        if (!(entries[count] = add(&w, "x", NULL, false)))
                                break;
        torture_end();
        for (size_t i = 0; i < count; i++)
                assert_usable(&w, entries[i], "ASIABASE");
        tear_down(&w);
        return count == ENTRIES_MAX;
}

int main(void)
{
        static const struct torture_row rows[] = {
            {.name = "fetch", .round = fetch_round},
            {.name = "chain", .round = chain_round},
            {.name = "refresh", .round = refresh_round, .survives = true},       // an error's words need not be kept
            {.name = "carry over", .round = carry_over_round, .survives = true}, // why the other went need not be kept
            {.name = "retire", .round = retire_round, .survives = true},         // nobody waits for a result
            {.name = "many", .round = many_round},
        };
        return torture_main(rows, LENGTH(rows));
}
