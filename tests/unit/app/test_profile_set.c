// SPDX-License-Identifier: Apache-2.0
// What a reload keeps and what it replaces, with the real vault, server and providers. Static profiles give what the
// configuration says; those chained on them ask an STS that takes connections and never answers.
#include <poll.h>
#include <string.h>

#include "tests/unit/app/profile_set_fixture.h"

// After how many seconds the entry `rechecked`, added last, is fetched again. The linker sends calls of vault_add()
// here.
static int64_t noted_recheck_seconds;
#define ROLE_OF_BASE(role)                                                                                             \
        "\"type\": \"assume_role\", \"region\": \"us-east-1\", \"source_profile\": \"base\", \"role_arn\":"            \
        " \"arn:aws:iam::111122223333:role/" role "\""

static struct entry_options noted; // of the one of this name

struct entry *__real_vault_add(struct vault *v, const struct entry_options *options, struct provider *provider);
struct entry *__wrap_vault_add(struct vault *v, const struct entry_options *options, struct provider *provider);
struct entry *__wrap_vault_add(struct vault *v, const struct entry_options *options, struct provider *provider)
{
        if (strcmp(options->name, "rechecked") == 0)
                noted_recheck_seconds = options->recheck_seconds;
        if (strcmp(options->name, "noted") == 0)
                noted = *options;
        return __real_vault_add(v, options, provider);
}

static void what_does_not_expire_is_fetched_again(void **state)
{
        static const struct {
                const char *body;
                int64_t seconds;
        } rows[] = {
            {"\"type\": \"static\", \"access_key_id\": \"" KEY_A "\", \"secret_access_key\": \"s\"", 0},
            {"\"type\": \"static\", \"access_key_id\": \"" KEY_A "\", \"secret_access_key_file\": \"/x\"", 60},
            {"\"type\": \"static\", \"region\": \"us-east-1\", \"secretsmanager\": {\"secret_id\": \"x\","
             " \"source_profile\": \"base\"}",
             300},
            {"\"type\": \"static\", \"region\": \"us-east-1\", \"secretsmanager\": {\"secret_id\": \"x\","
             " \"source_profile\": \"base\", \"version_id\": \"01234567-89ab-cdef-0123-456789abcdef\"}",
             0},
            {"\"type\": \"process\", \"credential_process\": \"/bin/false\"", 3600},
        };
        struct fixture *h = *state;
        for (size_t i = 0; i < LENGTH(rows); i++) {
                char text[512];
                (void)snprintf(text, sizeof(text), "\"rechecked\": {%s, \"refresh\": \"on_demand\"}", rows[i].body);
                noted_recheck_seconds = -1;
                apply(h, BASE("base", KEY_B), text, "");
                if (noted_recheck_seconds != rows[i].seconds)
                        fail_msg("%s: %lld s", rows[i].body, (long long)noted_recheck_seconds);
        }
}

static void entries_know_how_to_be_renewed(void **state)
{
        static const struct {
                const char *body;
                bool needs_interaction, on_demand;
                int64_t refresh_before_s;
        } rows[] = {
            {"\"type\": \"static\", \"access_key_id\": \"" KEY_A "\", \"secret_access_key\": \"s\"", false, false, 0},
            {ROLE_OF_BASE("a"), false, false, 0},
            {ROLE_OF_BASE("b") ", \"refresh\": \"on_demand\"", false, true, 0},
            {ROLE_OF_BASE("c") ", \"refresh_before_seconds\": 700", false, false, 700},
            {ROLE_OF_BASE("d") ", \"mfa_serial\": \"arn:aws:iam::111122223333:mfa/x\"", true, false, 0},
        };
        struct fixture *h = *state;
        for (size_t i = 0; i < LENGTH(rows); i++) {
                char text[512];
                (void)snprintf(text, sizeof(text), "\"noted\": {%s}", rows[i].body);
                noted = (struct entry_options){0};
                apply(h, BASE("base", KEY_B), text, "");
                if (noted.needs_interaction != rows[i].needs_interaction || noted.on_demand != rows[i].on_demand ||
                    noted.refresh_before_seconds != rows[i].refresh_before_s)
                        fail_msg("%s", rows[i].body);
        }
}

static void test_the_servers_table(void **state)
{
        struct fixture *h = *state;
        apply(h, BASE("zoo", KEY_A),
              "\"base\": {\"type\": \"static\", \"access_key_id\": \"" KEY_B "\", \"secret_access_key\": \"s\","
              " \"region\": \"eu-west-1\", \"refresh\": \"on_demand\", \"allow\": {\"uids\": [7], \"scopes\": "
              "[\"sign\"]},"
              " \"sign\": {\"service\": \"bedrock\", \"region\": \"us-west-2\", \"hosts\": [\"a.b\", \"*.c\"],"
              " \"paths\": [\"/model/\"]}}",
              "");
        assert_int_equal(h->server->profiles_count, 2);
        assert_string_equal(h->server->profiles[0].name, "base"); // sorted
        assert_string_equal(h->server->profiles[1].name, "zoo");
        const struct server_profile *p = row(h, "base");
        assert_string_equal(p->type, "static");
        assert_string_equal(p->region, "eu-west-1");
        assert_null(p->role_arn);
        assert_true(p->on_demand);
        assert_int_equal(p->allow_count, 1);
        assert_int_equal(p->allow[0].uids[0], 7);
        assert_int_equal(p->allow[0].scopes, ALLOW_SIGN);
        assert_string_equal(p->sign.service, "bedrock");
        assert_string_equal(p->sign.region, "us-west-2");
        assert_int_equal(p->sign.hosts_count, 2);
        assert_string_equal(p->sign.hosts[1], "*.c");
        assert_int_equal(p->sign.paths_count, 1);
        expect_key(h, "zoo", KEY_A);
        assert_int_equal(entry_generation(p->entry), 0); // nobody asked
        refetch(h, "base");
        expect_key(h, "base", KEY_B);
}

static void test_what_is_equal_stays(void **state)
{
        struct fixture *h = *state;
        struct entry_status status;
        apply(h, BASE("a", KEY_A), BASE("b", KEY_B), "");
        expect_key(h, "a", KEY_A);
        expect_key(h, "b", KEY_B);
        const struct entry *a = entry_of(h, "a"), *b = entry_of(h, "b");
        const uint64_t *reloads = &h->server->events.published[EVENT_CONFIG_RELOADED];
        assert_int_equal(*reloads, 0); // the first time is no reload
        for (int i = 0; i < 3; i++)    // in another order too
                apply(h, i % 2 ? BASE("a", KEY_A) : BASE("b", KEY_B), i % 2 ? BASE("b", KEY_B) : BASE("a", KEY_A), "");
        assert_int_equal(*reloads, 3);
        assert_ptr_equal(entry_of(h, "a"), a);
        assert_ptr_equal(entry_of(h, "b"), b);
        assert_non_null(entry_peek(entry_of(h, "a"))); // without a turn of the loop
        entry_status(a, &status);
        assert_int_equal(status.successes, 1);
        assert_int_equal(live_settings, 1);
        refetch(h, "a"); // its provider reads the settings in force
        expect_key(h, "a", KEY_A);
        assert_int_equal(entry_generation(a), 2);
}

// Who may ask, what may be signed and when it is renewed are not what the credentials come from.
static void test_what_is_beside_the_identity_changes_in_place(void **state)
{
        struct fixture *h = *state;
        struct entry_status status;
        apply(h, BASE("a", KEY_A), "", "");
        expect_key(h, "a", KEY_A);
        const struct entry *a = entry_of(h, "a");
        apply(h,
              "\"a\": {\"type\": \"static\", \"access_key_id\": \"" KEY_A "\", \"secret_access_key\": \"s\","
              " \"region\": \"us-east-1\", \"refresh\": \"on_demand\", \"allow\": {\"uids\": [9]},"
              " \"sign\": {\"hosts\": [\"x.y\"]}}",
              "", "");
        assert_ptr_equal(entry_of(h, "a"), a);
        assert_int_equal(row(h, "a")->allow[0].uids[0], 9);
        assert_string_equal(row(h, "a")->sign.hosts[0], "x.y");
        assert_string_equal(row(h, "a")->region, "us-east-1");
        assert_true(row(h, "a")->on_demand);
        assert_non_null(entry_peek(entry_of(h, "a")));
        entry_status(a, &status);
        assert_int_equal(status.successes, 1);
}

static void test_what_has_changed_is_replaced(void **state)
{
        struct fixture *h = *state;
        struct asker waiting;
        apply(h, BASE("a", KEY_A), BASE("b", KEY_B), "");
        expect_key(h, "a", KEY_A);
        expect_key(h, "b", KEY_B);
        struct entry *a = entry_of(h, "a");
        const struct entry *b = entry_of(h, "b");
        struct credentials *lent = credentials_ref(entry_peek(a));
        waiting = (struct asker){.waiter = {.done = on_done, .after_generation = 1}};
        entry_wait(a, VAULT_WANT_NEWER, &waiting.waiter);
        apply(h, BASE("a", KEY_B), BASE("b", KEY_B), "");
        assert_ptr_not_equal(entry_of(h, "a"), a);
        assert_ptr_equal(entry_of(h, "b"), b);
        assert_null(entry_peek(entry_of(h, "a"))); // never the other identity's
        assert_true(slice_eq(lent->access_key_id, SLICE(KEY_A)));
        credentials_unref(lent);
        expect_key(h, "a", KEY_B);
        assert_int_equal(waiting.completions, 1);
        assert_int_equal(waiting.error.kind, ERROR_CANCELLED);
        assert_non_null(strstr(waiting.error.message, "reload"));
        // A client that knows the generation of the other identity must not be told that nothing has changed.
        assert_int_equal(entry_generation(entry_of(h, "a")), 2);
}

static void test_generations_of_what_comes_back(void **state)
{
        struct fixture *h = *state;
        apply(h, BASE("a", KEY_A), BASE("b", KEY_B), "");
        expect_key(h, "a", KEY_A);
        expect_key(h, "b", KEY_B);
        refetch(h, "a");
        refetch(h, "a");
        assert_int_equal(entry_generation(entry_of(h, "a")), 3);
        apply(h, BASE("b", KEY_B), "", "");
        assert_null(row(h, "a"));
        apply(h, BASE("b", KEY_B), BASE("a", KEY_B), "");
        expect_key(h, "a", KEY_B);
        assert_int_equal(entry_generation(entry_of(h, "a")), 4);
        assert_int_equal(entry_generation(entry_of(h, "b")), 1);
}

static void test_chained_profiles_go_with_their_source(void **state)
{
        struct fixture *h = *state;
        char one[512], two[512];
        struct entry_status status;
        apply(h, BASE("a", KEY_A), BASE("b", KEY_B), "");
        for (int is_under_way = 0; is_under_way < 2; is_under_way++) {
                chained(h, "one", "a", one);
                snprintf(two, sizeof(two), "%s, ", BASE("b", KEY_B));
                chained(h, "two", "b", two + strlen(two));
                apply(h, BASE("a", KEY_A), one, two);
                const struct entry *old_one = entry_of(h, "one"), *old_two = entry_of(h, "two");
                const struct entry *old_b = entry_of(h, "b");
                if (is_under_way) {
                        expect_key(h, "a", KEY_A);
                        expect_key(h, "b", KEY_B);
                        int fd = accept(h->sts, NULL, NULL); // a call has begun, and is not answered
                        assert_true(fd >= 0);
                        close(fd);
                }
                apply(h, BASE("a", KEY_B), one, two);
                assert_ptr_not_equal(entry_of(h, "one"), old_one); // equal itself, but on another source
                assert_ptr_equal(entry_of(h, "two"), old_two);
                assert_ptr_equal(entry_of(h, "b"), old_b);
                expect_key(h, "a", KEY_B);
                entry_status(entry_of(h, "one"), &status);
                assert_int_not_equal(status.state, ENTRY_FRESH);
        }
        apply(h, BASE("b", KEY_B), "", ""); // with both of them under way
        assert_null(row(h, "one"));
        assert_null(row(h, "two"));
        expect_key(h, "b", KEY_B);
}

// A chained profile that moves to another source of the same name's sake, while both sources stay.
static void test_chained_profile_moves(void **state)
{
        struct fixture *h = *state;
        char one[512];
        chained(h, "one", "a", one);
        apply(h, BASE("a", KEY_A), BASE("b", KEY_B), one);
        const struct entry *a = entry_of(h, "a"), *before = entry_of(h, "one");
        chained(h, "one", "b", one);
        apply(h, BASE("a", KEY_A), BASE("b", KEY_B), one);
        assert_ptr_equal(entry_of(h, "a"), a);
        assert_ptr_not_equal(entry_of(h, "one"), before);
}

static void test_failure_changes_nothing(void **state)
{
        struct fixture *h = *state;
        struct error e = {0};
        char one[512];
        chained(h, "one", "a", one);
        apply(h, BASE("a", KEY_A), BASE("b", KEY_B), one);
        expect_key(h, "a", KEY_A);
        expect_key(h, "b", KEY_B);
        const struct server_profile *rows = h->server->profiles;
        const struct entry *a = entry_of(h, "a"), *b = entry_of(h, "b"), *chain = entry_of(h, "one");
        for (int i = 0; i < 2; i++) {
                // `a` would be new, `one` with it, `b` would have another rule; the last one cannot be made.
                struct settings *settings = with_profiles(
                    BASE("a", KEY_B),
                    "\"b\": {\"type\": \"static\", \"access_key_id\": \"" KEY_B "\", \"secret_access_key\": \"s\","
                    " \"allow\": {\"uids\": [1]}}, \"last\": {\"type\": \"static\", \"access_key_id\": \"" KEY_A
                    "\", \"secret_access_key\": \"s\"}",
                    one);
                settings->profiles[settings->profiles_count - 1].type = PROFILE_TYPE_COUNT;
                assert_int_equal(apply_settings(h, settings, &e), -1);
                assert_int_equal(h->server->events.published[EVENT_CONFIG_RELOADED], 0);
                assert_non_null(strstr(e.message, "profile "));
                assert_ptr_equal(h->server->profiles, rows);
                assert_int_equal(h->server->profiles_count, 3);
                assert_ptr_equal(entry_of(h, "a"), a);
                assert_ptr_equal(entry_of(h, "b"), b);
                assert_ptr_equal(entry_of(h, "one"), chain);
                assert_int_equal(row(h, "b")->allow_count, 0);
                expect_key(h, "a", KEY_A);
                assert_int_equal(entry_generation(a), 1);
        }
        refetch(h, "a");
        apply(h, BASE("a", KEY_A), BASE("b", KEY_B), one); // and it goes on
        assert_ptr_equal(entry_of(h, "a"), a);
        assert_ptr_equal(entry_of(h, "one"), chain);
}

static void test_first_one_fails(void **state)
{
        struct fixture *h = *state;
        struct error e = {0};
        struct settings *settings = with_profiles(BASE("a", KEY_A), BASE("b", KEY_B), "");
        settings->profiles[1].type = PROFILE_TYPE_COUNT;
        assert_int_equal(apply_settings(h, settings, &e), -1);
        assert_int_equal(h->server->profiles_count, 0);
        assert_null(row(h, "a"));
}

// Tenants that come one reload at a time must not each keep a configuration alive.
static void test_one_copy_of_the_settings_lives(void **state)
{
        struct fixture *h = *state;
        char tenants[1024] = "";
        size_t n = 0;
        for (int i = 0; i < 20; i++) {
                n += (size_t)snprintf(tenants + n, sizeof(tenants) - n,
                                      "%s\"t%d\": {\"type\": \"static\", "
                                      "\"access_key_id\": \"" KEY_A "\", \"secret_access_key\": \"s\"}",
                                      n > 0 ? ", " : "", i);
                if (n > sizeof(tenants) - 128)
                        n = 0; // all of them go, and others come
                apply(h, BASE("a", KEY_A), BASE("b", KEY_B), tenants);
                expect_key(h, "a", KEY_A);
                char last[8];
                snprintf(last, sizeof(last), "t%d", i);
                expect_key(h, last, KEY_A);
                TURN_UNTIL(h, live_settings == 1);
        }
}

// A call that has begun, and is not answered.
static int take_call(struct fixture *h)
{
        struct pollfd call = {.fd = h->sts, .events = POLLIN};
        TURN_UNTIL(h, poll(&call, 1, 0) == 1);
        int fd = accept(h->sts, NULL, NULL);
        assert_true(fd >= 0);
        return fd;
}

// What a call under way still reads stays until its end, and nothing in between.
static void test_calls_under_way_keep_theirs(void **state)
{
        struct fixture *h = *state;
        char one[512];
        chained(h, "one", "a", one);
        apply(h, BASE("a", KEY_A), one, "");
        expect_key(h, "a", KEY_A);
        int fd = take_call(h);
        const struct entry *before = entry_of(h, "one");
        for (int i = 0; i < 5; i++) {
                apply(h, BASE("a", KEY_A), one, BASE("b", KEY_B));
                assert_ptr_equal(entry_of(h, "one"), before);
                assert_int_equal(live_settings, 2);
        }
        close(fd); // the call fails, and the next one reads the settings in force
        TURN_UNTIL(h, live_settings == 1);
        struct asker asker;
        ask(&asker, entry_of(h, "one"), VAULT_WANT_REFRESH);
        close(take_call(h));
        TURN_UNTIL(h, asker.completions > 0);
        assert_int_equal(asker.error.kind, ERROR_TRANSIENT);
}

static void test_files_are_looked_at_again(void **state)
{
        struct fixture *h = *state;
        char path[] = "/tmp/keyfob-test-XXXXXX", profile[512];
        struct entry_status status;
        int fd = mkstemp(path);
        assert_true(fd >= 0);
        assert_int_equal(write(fd, "secret", 6), 6);
        close(fd);
        snprintf(profile, sizeof(profile),
                 "\"a\": {\"type\": \"static\", \"access_key_id\": \"%s\", \"secret_access_key_file\": \"%s\"}", KEY_A,
                 path);
        apply(h, profile, BASE("b", KEY_B), "");
        expect_key(h, "a", KEY_A);
        expect_key(h, "b", KEY_B);
        entry_status(entry_of(h, "a"), &status);
        assert_in_range(status.next_refresh_s - entry_now_s(entry_of(h, "a")), 1, 60);
        entry_status(entry_of(h, "b"), &status);
        assert_int_equal(status.next_refresh_s, 0); // it is all in the configuration
        unlink(path);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            WITH_FIXTURE(what_does_not_expire_is_fetched_again),
            WITH_FIXTURE(entries_know_how_to_be_renewed),
            WITH_FIXTURE(test_the_servers_table),
            WITH_FIXTURE(test_what_is_equal_stays),
            WITH_FIXTURE(test_what_is_beside_the_identity_changes_in_place),
            WITH_FIXTURE(test_what_has_changed_is_replaced),
            WITH_FIXTURE(test_generations_of_what_comes_back),
            WITH_FIXTURE(test_chained_profiles_go_with_their_source),
            WITH_FIXTURE(test_chained_profile_moves),
            WITH_FIXTURE(test_failure_changes_nothing),
            WITH_FIXTURE(test_first_one_fails),
            WITH_FIXTURE(test_one_copy_of_the_settings_lives),
            WITH_FIXTURE(test_calls_under_way_keep_theirs),
            WITH_FIXTURE(test_files_are_looked_at_again),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
