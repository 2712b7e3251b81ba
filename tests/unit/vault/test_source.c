// SPDX-License-Identifier: Apache-2.0
// Entries that are chained on entries.
#include "sidecar/vault/vault.h"

#include "tests/unit/vault/simulation.h"

enum { CHAINS = 40 };

// One base and entries chained on it.
struct fixture {
        struct sim sim;
        struct fake base;
        struct fake chained[CHAINS];
        struct credentials_source source;
        struct entry *base_entry, *entries[CHAINS];
};

static void fixture_begin(struct fixture *h, unsigned count, bool base_on_demand)
{
        memset(h, 0, sizeof(*h));
        sim_begin(&h->sim);
        fake_init(&h->base, &h->sim);
        h->base_entry = fake_add(&h->base, "irsa", base_on_demand);
        h->source = entry_source(h->base_entry);
        for (unsigned i = 0; i < count; i++) {
                char name[32];
                snprintf(name, sizeof(name), "tenant-%u", i);
                fake_init(&h->chained[i], &h->sim);
                h->chained[i].source = &h->source;
                h->chained[i].source_life_s = 120;
                h->entries[i] = fake_add(&h->chained[i], name, false);
        }
}

static void all_share_one_fetch_of_the_base(void **state)
{
        (void)state;
        struct fixture *h = malloc(sizeof(*h));
        assert_non_null(h);
        fixture_begin(h, CHAINS, true);
        sim_run(&h->sim, SECOND);
        assert_int_equal(h->base.starts, 1);
        for (unsigned i = 0; i < CHAINS; i++) {
                assert_int_equal(h->chained[i].starts, 1);
                assert_string_equal(h->chained[i].base_key, "AKIDEXAMPLE1");
                assert_int_equal(entry_peek(h->base_entry)->references, 2); // the entry's and the test's
                assert_int_equal(state_of(h->entries[i]), ENTRY_FRESH);
        }
        sim_end(&h->sim);
        free(h);
}

static void refreshes_a_base_that_would_not_live_long_enough(void **state)
{
        (void)state;
        struct fixture h;
        fixture_begin(&h, 1, false);
        sim_run(&h.sim, 20 * MINUTE);
        h.chained[0].source_life_s = 2500; // 2400 s are left
        struct asker a = {0};
        ask(&a, h.entries[0], VAULT_WANT_REFRESH);
        sim_run(&h.sim, SECOND);
        assert_int_equal(a.completions, 1);
        assert_int_equal(h.base.starts, 2);
        assert_string_equal(h.chained[0].base_key, "AKIDEXAMPLE2");
        h.chained[0].source_life_s = 60;
        ask(&a, h.entries[0], VAULT_WANT_REFRESH);
        sim_run(&h.sim, SECOND);
        assert_int_equal(h.base.starts, 2); // long enough
        assert_int_equal(entry_generation(h.entries[0]), 3);
        sim_end(&h.sim);
}

static void uses_a_valid_base_whose_refresh_fails(void **state)
{
        (void)state;
        struct fixture h;
        fixture_begin(&h, 1, false);
        sim_run(&h.sim, 20 * MINUTE);
        fake_fails(&h.base, ERROR_TRANSIENT);
        h.chained[0].source_life_s = 2500;
        struct asker a = {0};
        ask(&a, h.entries[0], VAULT_WANT_REFRESH);
        sim_run(&h.sim, SECOND);
        assert_string_equal(a.key, "AKIDEXAMPLE2");
        assert_string_equal(h.chained[0].base_key, "AKIDEXAMPLE1");
        assert_int_equal(state_of(h.base_entry), ENTRY_STALE);
        assert_int_equal(state_of(h.entries[0]), ENTRY_FRESH);
        sim_end(&h.sim);
}

static void passes_on_the_error_of_the_base(void **state)
{
        (void)state;
        struct fixture h;
        fixture_begin(&h, 1, false);
        fake_fails(&h.base, ERROR_DENIED);
        sim_run(&h.sim, 100);
        struct entry_status status;
        entry_status(h.entries[0], &status);
        assert_int_equal(status.state, ENTRY_FAILED);
        assert_int_equal(status.last_error->kind, ERROR_DENIED);
        assert_string_equal(status.last_error->message,
                            "profile tenant-0: source profile irsa: STS AssumeRole: denied");
        assert_string_equal(status.last_error->hint, "have a look");
        assert_string_equal(status.last_error->upstream.code, "AccessDenied");
        assert_int_equal(h.base.starts, 1);
        sim_end(&h.sim);
}

// Messages about a base that users cannot ask for by its name are about the profile that it stands for.
static void names_the_visible_profile_in_errors(void **state)
{
        (void)state;
        struct fixture h;
        struct entry_status status;
        fixture_begin(&h, 1, false);
        entry_configure(h.base_entry, &(struct entry_options){.name = "irsa", .shown_name = "ada"});
        fake_fails(&h.base, ERROR_DENIED);
        sim_run(&h.sim, 100);
        entry_status(h.base_entry, &status);
        assert_string_equal(status.last_error->message, "profile ada: STS AssumeRole: denied");
        entry_status(h.entries[0], &status);
        assert_string_equal(status.last_error->message, "profile tenant-0: STS AssumeRole: denied");
        entry_configure(h.base_entry, &(struct entry_options){.name = "irsa", .shown_name = "bob"});
        struct asker a = {0};
        ask(&a, h.base_entry, VAULT_WANT_REFRESH);
        sim_run(&h.sim, 100);
        assert_string_equal(a.error.message, "profile bob: STS AssumeRole: denied");

        struct fake hidden;
        fake_init(&hidden, &h.sim);
        fake_fails(&hidden, ERROR_DENIED);
        struct entry_options options = {.name = "irsa-1", .shown_name = "eve"};
        struct entry *e = vault_add(h.sim.vault, &options, &hidden.base);
        assert_non_null(e);
        sim_run(&h.sim, 100);
        entry_status(e, &status);
        assert_string_equal(status.last_error->message, "profile eve: STS AssumeRole: denied");
        sim_end(&h.sim);
}

static void a_failing_entry_does_not_affect_the_others(void **state)
{
        (void)state;
        struct fixture h;
        fixture_begin(&h, 3, false);
        fake_fails(&h.chained[1], ERROR_DENIED);
        h.chained[2].way = FAKE_HANGS;
        sim_run(&h.sim, SECOND);
        assert_int_equal(state_of(h.base_entry), ENTRY_FRESH);
        assert_int_equal(state_of(h.entries[0]), ENTRY_FRESH);
        assert_int_equal(state_of(h.entries[1]), ENTRY_FAILED);
        assert_int_equal(state_of(h.entries[2]), ENTRY_FETCHING);
        sim_end(&h.sim);
}

// The whole contract of a source, without a provider in between.
struct got {
        unsigned completions;
        char key[32];
        struct error error;
};

static void on_got(void *arg, struct credentials *c, const struct error *e)
{
        struct got *g = arg;
        assert_true((c == NULL) != (e == NULL));
        g->completions++;
        if (c)
                snprintf(g->key, sizeof(g->key), "%.*s", (int)c->access_key_id.n, (const char *)c->access_key_id.p);
        else if (e)
                g->error = *e;
        credentials_unref(c);
}

static void completes_a_cancelled_get_once(void **state)
{
        (void)state;
        static const struct {
                const char *name;
                int64_t run_ms; // between get() and cancel()
                unsigned completions_before;
                bool is_held, is_cancelled;
        } rows[] = {{"at once, nothing held", -1, 0, false, true},
                    {"under way", 20, 0, false, true},
                    {"at once, answer ready", -1, 0, true, true},
                    {"answered", 10, 1, true, false}};
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct fixture h;
                struct got g = {0}, other = {0};
                struct error e;
                fixture_begin(&h, 0, true);
                if (rows[i].is_held) {
                        struct asker a = {0};
                        ask(&a, h.base_entry, VAULT_WANT_CREDENTIALS);
                        sim_run(&h.sim, SECOND);
                }
                assert_int_equal(h.source.get(h.source.context, 60, on_got, &g, &e), 0);
                assert_int_equal(h.source.get(h.source.context, 60, on_got, &other, &e), 0);
                assert_int_equal(g.completions, 0);
                if (rows[i].run_ms >= 0)
                        sim_run(&h.sim, rows[i].run_ms);
                assert_int_equal(g.completions, rows[i].completions_before);
                h.source.cancel(h.source.context, &g);
                assert_int_equal(g.completions, rows[i].completions_before);
                h.source.cancel(h.source.context, &g);
                sim_run(&h.sim, SECOND);
                assert_int_equal(g.completions, 1);
                assert_int_equal(g.error.kind == ERROR_CANCELLED, rows[i].is_cancelled);
                assert_int_equal(other.completions, 1);
                assert_string_equal(other.key, "AKIDEXAMPLE1");
                sim_end(&h.sim);
        }
}

// Cancelled after the entry has decided, before the answer went out.
struct meddler {
        struct asker asker; // first
        struct fixture *fixture;
        struct got *got;
};

static void cancel_get(struct asker *a)
{
        struct meddler *m = (struct meddler *)a;
        m->fixture->source.cancel(m->fixture->source.context, m->got);
}

static void completes_a_get_that_is_cancelled_at_its_completion(void **state)
{
        (void)state;
        for (int is_first = 0; is_first < 2; is_first++) {
                struct fixture h;
                struct got g = {0};
                struct error e;
                fixture_begin(&h, 0, true);
                struct meddler m = {.asker.then = cancel_get, .fixture = &h, .got = &g};
                if (is_first)
                        ask(&m.asker, h.base_entry, VAULT_WANT_CREDENTIALS);
                assert_int_equal(h.source.get(h.source.context, 60, on_got, &g, &e), 0);
                if (!is_first)
                        ask(&m.asker, h.base_entry, VAULT_WANT_CREDENTIALS);
                sim_run(&h.sim, SECOND);
                assert_int_equal(m.asker.completions, 1);
                assert_int_equal(g.completions, 1);
                assert_int_equal(g.error.kind, ERROR_CANCELLED);
                sim_end(&h.sim);
        }
}

// A reload: chained ones first, in whatever state they are.
static void retires_chained_entries_and_their_base(void **state)
{
        (void)state;
        for (int64_t ms = -1; ms < 130; ms++) {
                struct fixture h;
                struct error reason;
                error_set(&reason, ERROR_CANCELLED, "reload");
                fixture_begin(&h, 2, ms % 2);
                h.chained[1].cancels_at_once = true;
                if (ms >= 0)
                        sim_run(&h.sim, ms);
                for (unsigned i = 0; i < 2; i++)
                        entry_retire(h.entries[ms % 3 ? i : 1 - i], &reason);
                entry_retire(h.base_entry, &reason);
                sim_run(&h.sim, 100);
                assert_true(h.base.is_destroyed && h.chained[0].is_destroyed && h.chained[1].is_destroyed);
                sim_end(&h.sim);
        }
}

// More answers than go out in one turn: the last ones still find the entry that they came from.
static void retires_a_base_that_many_wait_for(void **state)
{
        (void)state;
        struct fixture h;
        struct got g[CHAINS] = {0};
        struct error e;
        fixture_begin(&h, 0, true);
        for (unsigned i = 0; i < CHAINS; i++)
                assert_int_equal(h.source.get(h.source.context, 60, on_got, &g[i], &e), 0);
        error_set(&e, ERROR_CANCELLED, "reload");
        entry_retire(h.base_entry, &e);
        sim_turn(&h.sim);
        assert_int_equal(g[0].completions, 1);
        assert_int_equal(g[CHAINS - 1].completions, 0);
        h.source.cancel(h.source.context, &g[CHAINS - 1]);
        sim_run(&h.sim, 100);
        for (unsigned i = 0; i < CHAINS; i++) {
                assert_int_equal(g[i].completions, 1);
                assert_string_equal(g[i].error.message,
                                    i == CHAINS - 1 ? "source profile irsa: cancelled" : "source profile irsa: reload");
        }
        assert_true(h.base.is_destroyed);
        sim_end(&h.sim);
}

static void closes_at_any_time(void **state)
{
        (void)state;
        for (int64_t ms = -1; ms < 130; ms++) {
                struct fixture h;
                fixture_begin(&h, 3, ms % 2);
                if (ms % 5 == 0)
                        h.base.way = FAKE_HANGS;
                h.chained[2].way = FAKE_FAILS;
                if (ms >= 0)
                        sim_run(&h.sim, ms);
                sim_end(&h.sim);
                assert_true(h.base.is_destroyed && h.chained[0].is_destroyed && h.chained[1].is_destroyed);
        }
}

static void a_dropped_base_fails_refreshes_only(void **state)
{
        (void)state;
        struct fixture h;
        fixture_begin(&h, 1, false);
        sim_run(&h.sim, MINUTE);
        entry_drop(h.base_entry);
        struct asker a = {0};
        ask(&a, h.entries[0], VAULT_WANT_REFRESH);
        sim_run(&h.sim, SECOND);
        assert_int_equal(a.error.kind, ERROR_CANCELLED);
        assert_non_null(strstr(a.error.message, "profile tenant-0: source profile irsa: "));
        assert_string_equal(a.error.hint, "run: keyfob refresh irsa");
        assert_non_null(entry_peek(h.entries[0])); // its own are still good
        sim_end(&h.sim);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(all_share_one_fetch_of_the_base),
            cmocka_unit_test(refreshes_a_base_that_would_not_live_long_enough),
            cmocka_unit_test(uses_a_valid_base_whose_refresh_fails),
            cmocka_unit_test(passes_on_the_error_of_the_base),
            cmocka_unit_test(names_the_visible_profile_in_errors),
            cmocka_unit_test(a_failing_entry_does_not_affect_the_others),
            cmocka_unit_test(completes_a_cancelled_get_once),
            cmocka_unit_test(completes_a_get_that_is_cancelled_at_its_completion),
            cmocka_unit_test(retires_chained_entries_and_their_base),
            cmocka_unit_test(retires_a_base_that_many_wait_for),
            cmocka_unit_test(closes_at_any_time),
            cmocka_unit_test(a_dropped_base_fails_refreshes_only),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
