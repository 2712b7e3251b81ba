// SPDX-License-Identifier: Apache-2.0
// What a profile keeps that is another after a reload: by the tables alone, and with the real vault, server and static
// keys that end.
#include <string.h>

#include "tests/unit/app/profile_set_fixture.h"

#define ROLE(name, source, more)                                                                                       \
        "\"" name "\": {\"type\": \"assume_role\", \"source_profile\": \"" source                                      \
        "\", \"role_arn\": \"arn:aws:iam::111122223333:role/" name "\"" more "}"
#define WEST ", \"sts_region\": \"us-west-2\""
#define CHINA ", \"sts_region\": \"cn-north-1\""
#define THERE ", \"endpoint_url\": \"https://there\""

// Those that are marked in the text by the region "broken" cannot be used, as the AWS files would have it.
static struct settings *settings_with(const char *profiles)
{
        static char fault[] = "found a typo", hint[] = "correct it", end[] = "2199-01-01T00:00:00Z";
        char text[4096];
        (void)snprintf(text, sizeof(text), "{\"region\": \"us-east-1\", \"profiles\": {%s}}", profiles);
        struct settings *s = settings_of(text);
        live_settings++;
        for (size_t i = 0; i < s->profiles_count; i++) {
                struct profile *p = &s->profiles[i];
                if (p->type == PROFILE_STATIC)
                        p->keys.expiration = end;
                if (!p->region || strcmp(p->region, "broken") != 0)
                        continue;
                *p = (struct profile){.settings = s,
                                      .name = p->name,
                                      .type = PROFILE_SHARED_CONFIG,
                                      .declared_type = PROFILE_SHARED_CONFIG,
                                      .fault = fault,
                                      .fault_hint = hint};
        }
        return s;
}

#define BROKEN(name)                                                                                                   \
        "\"" name "\": {\"type\": \"static\", \"access_key_id\": \"" KEY_A                                             \
        "\", \"secret_access_key\": \"s\", \"region\": \"broken\"}"

static const struct profile_member *member(const struct profile_table *t, const char *name)
{
        for (size_t i = 0; i < t->count; i++)
                if (strcmp(t->members[i].profile->name, name) == 0)
                        return &t->members[i];
        fail_msg("no profile %s", name);
        return NULL;
}

// --- by the tables alone ---

static void test_what_is_carried_over(void **state)
{
        (void)state;
#define SOURCE BASE("k", KEY_A)
#define OTHER BASE("k", KEY_B)
#define CHAIN(middle, top) SOURCE ", " ROLE("m", "k", middle) ", " ROLE("p", "m", top)
        static const struct {
                const char *before, *after;
                bool carry_over, is_same;
        } t[] = {
            {CHAIN("", ""), CHAIN("", ""), false, true},
            {CHAIN("", ""), CHAIN("", WEST), true, false},
            {CHAIN("", ""), CHAIN(WEST, ""), true, false}, // itself the same, on one that has moved
            {CHAIN("", WEST), CHAIN(WEST, ""), true, false},
            {CHAIN("", ""), CHAIN("", CHINA), false, false},
            {CHAIN("", ""), CHAIN(CHINA, ""), false, false},
            {CHAIN("", ""), CHAIN("", THERE), false, false},
            {CHAIN("", ""), CHAIN(THERE, WEST), false, false}, // below it is one that somebody has chosen
            {CHAIN(THERE, ""), CHAIN("", WEST), false, false},
            {CHAIN(THERE, ""), CHAIN(THERE, WEST), true, false}, // the same one as before
            {CHAIN("", ""), CHAIN("", WEST ", \"external_id\": \"x1\""), false, false},
            {CHAIN("", ""), CHAIN(", \"external_id\": \"x1\"", WEST), false, false},
            {CHAIN("", ""), OTHER ", " ROLE("m", "k", "") ", " ROLE("p", "m", WEST), false, false},
            {CHAIN("", ""), SOURCE ", " ROLE("p", "k", WEST), false, false}, // a shorter chain
            {SOURCE ", " ROLE("p", "k", ""), CHAIN("", WEST), false, false},
            {CHAIN("", ""), SOURCE ", " BROKEN("p"), true, false},
            {CHAIN("", ""), SOURCE ", " BROKEN("m") ", " ROLE("p", "m", ""), true, false}, // what it stands on
            {CHAIN("", ""), SOURCE ", " BROKEN("m") ", " ROLE("p", "m", CHINA), false, false},
            {CHAIN("", ""), SOURCE ", " BROKEN("m") ", " ROLE("p", "k", ""), false, false},
            {SOURCE, SOURCE ", " BROKEN("p"), false, false},        // it was not there
            {SOURCE ", " BROKEN("p"), CHAIN("", ""), false, false}, // it was broken from its first day
            {SOURCE ", " BROKEN("p"), SOURCE ", " BROKEN("p"), false, true},
        };
        for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
                struct profile_table *now = profile_table_new(NULL, settings_with(t[i].before));
                struct profile_table *next = profile_table_new(now, settings_with(t[i].after));
                const struct profile_member *p = member(next, "p");
                if (p->carry_over != t[i].carry_over || p->is_same != t[i].is_same)
                        fail_msg("%zu: %s", i, t[i].after);
                assert_true(p->is_newly_broken ==
                            (strstr(t[i].after, "broken") && !strstr(t[i].before, "broken") && p->fault));
                profile_table_free(next);
                profile_table_free(now);
        }
}

// --- with entries ---

static void apply_text(struct fixture *h, const char *profiles)
{
        struct error e = {0};
        if (apply_settings(h, settings_with(profiles), &e) < 0)
                fail_msg("%s", e.message);
}

static enum entry_state state_of(const struct fixture *h, const char *name)
{
        struct entry_status status;
        entry_status(entry_of(h, name), &status);
        return status.state;
}

static void turn_until(struct fixture *h, const char *name, enum entry_state wanted)
{
        TURN_UNTIL(h, state_of(h, name) == wanted);
}

// This moment, without a turn of the loop.
static void expect(const struct fixture *h, const char *name, const char *id)
{
        const struct credentials *c = entry_peek(entry_of(h, name));
        assert_true((c != NULL) == (id != NULL));
        if (c)
                assert_true(slice_eq(c->access_key_id, slice_str(id)));
}

static void test_broken_and_mended(void **state)
{
        struct fixture *h = *state;
        apply_text(h, BASE("a", KEY_A) ", " BASE("b", KEY_B));
        turn_until(h, "a", ENTRY_FRESH);
        for (int i = 0; i < 3; i++) { // more than once, and with others that come and go
                apply_text(h, BROKEN("a") ", " BASE("b", KEY_B));
                expect(h, "a", KEY_A);
                turn_until(h, "a", ENTRY_STALE);
                apply_text(h, BROKEN("a"));
                struct settings *worse = settings_with(BROKEN("a") ", " BASE("c", KEY_B));
                static char fault[] = "found another typo";
                worse->profiles[0].fault = fault;
                const struct entry *before = entry_of(h, "a");
                assert_int_equal(apply_settings(h, worse, NULL), 0);
                assert_ptr_not_equal(entry_of(h, "a"), before);
                expect(h, "a", KEY_A);
                turn_until(h, "a", ENTRY_STALE);
                struct entry_status status;
                entry_status(entry_of(h, "a"), &status);
                assert_non_null(strstr(status.last_error->message, "another typo"));
                assert_int_equal(status.generation, 1);
                apply_text(h, BASE("a", KEY_A) ", " BASE("b", KEY_B));
                expect(h, "a", KEY_A);
                turn_until(h, "a", ENTRY_FRESH);
                assert_int_equal(entry_generation(entry_of(h, "a")), 1);
        }
}

static void test_broken_and_then_another(void **state)
{
        struct fixture *h = *state;
        apply_text(h, BASE("a", KEY_A));
        turn_until(h, "a", ENTRY_FRESH);
        apply_text(h, BROKEN("a") ", " BASE("b", KEY_B));
        expect(h, "a", KEY_A);
        apply_text(h, BASE("a", KEY_B) ", " BASE("b", KEY_B));
        expect(h, "a", NULL); // never the other identity's
        turn_until(h, "a", ENTRY_FRESH);
        expect(h, "a", KEY_B);
        assert_int_equal(entry_generation(entry_of(h, "a")), 2);
        apply_text(h, BROKEN("a"));
        expect(h, "a", KEY_B);
        apply_text(h, BASE("b", KEY_B)); // removed
        assert_null(server_find_profile(h->server, SLICE("a")));
        apply_text(h, BROKEN("a"));
        expect(h, "a", NULL);
        apply_text(h, BASE("a", KEY_B));
        expect(h, "a", NULL);
}

// Nothing would ever take them from a profile that stays broken.
static void test_what_does_not_end_goes(void **state)
{
        struct fixture *h = *state;
        struct settings *s = settings_with(BASE("a", KEY_A));
        s->profiles[0].keys.expiration = NULL;
        assert_int_equal(apply_settings(h, s, NULL), 0);
        turn_until(h, "a", ENTRY_FRESH);
        apply_text(h, BROKEN("a"));
        expect(h, "a", NULL);
        turn_until(h, "a", ENTRY_FAILED);
}

static void test_dropped_is_dropped(void **state)
{
        struct fixture *h = *state;
        apply_text(h, BASE("a", KEY_A));
        turn_until(h, "a", ENTRY_FRESH);
        entry_drop(entry_of(h, "a"));
        apply_text(h, BROKEN("a"));
        expect(h, "a", NULL);
        apply_text(h, BASE("a", KEY_A));
        for (int i = 0; i < 100; i++)
                uv_run(&h->loop, UV_RUN_NOWAIT);
        expect(h, "a", NULL);
        assert_int_equal(state_of(h, "a"), ENTRY_EMPTY);
        assert_int_equal(entry_generation(entry_of(h, "a")), 1);
}

// What is inherited is not lost by a table that could not be put in force.
static void test_failure_changes_nothing(void **state)
{
        struct fixture *h = *state;
        struct error e = {0};
        apply_text(h, BASE("a", KEY_A));
        turn_until(h, "a", ENTRY_FRESH);
        const struct entry *a = entry_of(h, "a");
        struct settings *bad = settings_with(BROKEN("a") ", " BASE("z", KEY_B));
        bad->profiles[1].type = PROFILE_TYPE_COUNT;
        assert_int_equal(apply_settings(h, bad, &e), -1);
        assert_ptr_equal(entry_of(h, "a"), a);
        expect(h, "a", KEY_A);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_what_is_carried_over),
            TEST(test_broken_and_mended),
            TEST(test_broken_and_then_another),
            TEST(test_what_does_not_end_goes),
            TEST(test_dropped_is_dropped),
            TEST(test_failure_changes_nothing),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
