// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/providers/harness.h"

static char key_id[] = "AKIDEXAMPLE";

static void keys_of_the_configuration(void **state)
{
        (void)state;
        struct profile profile = {.type = PROFILE_STATIC, .keys.access_key_id = key_id};
        assert_int_equal(secret_copy(&profile.keys.secret_access_key, SLICE("wJalrXUtnFEMI")), 0);
        struct harness *h = harness_new(NULL, 0);
        harness_make(h, &profile, NULL);
        harness_run_to_credentials(h);
        assert_slice(h->c->access_key_id, "AKIDEXAMPLE");
        assert_slice(h->c->secret_access_key, "wJalrXUtnFEMI");
        assert_true(slice_is_empty(h->c->session_token));
        assert_true(h->c->expires_s == CREDENTIALS_NEVER_EXPIRE);
        assert_int_equal(h->c->issued_s, NOW_S);
        harness_free(h);
        secret_clear(&profile.keys.secret_access_key);
}

static void files_are_read_at_each_fetch(void **state)
{
        (void)state;
        static const char *const names[] = {"id", "secret", "token"};
        struct folder folder;
        char paths[3][64];
        folder_make(&folder);
        for (size_t i = 0; i < 3; i++)
                folder_name(&folder, names[i], paths[i], sizeof(paths[i]));
        const struct profile profile = {.type = PROFILE_STATIC,
                                        .keys = {.access_key_id_file = paths[0],
                                                 .secret_access_key_file = paths[1],
                                                 .session_token_file = paths[2]}};
        struct harness *h = harness_new(NULL, 0);
        harness_make(h, &profile, NULL);
        harness_run_to_error(h, ERROR_CONFIG);
        assert_non_null(strstr(h->e.message, paths[0]));

        write_file(paths[0], "AKIDEXAMPLE\n");
        write_file(paths[1], " secret \n");
        write_file(paths[2], "token\r\n");
        harness_run_to_credentials(h);
        assert_slice(h->c->access_key_id, "AKIDEXAMPLE");
        assert_slice(h->c->secret_access_key, "secret");
        assert_slice(h->c->session_token, "token");

        write_file(paths[1], "rotated");
        harness_run(h);
        assert_slice(h->c->secret_access_key, "rotated");

        write_file(paths[1], "no secret has blanks");
        harness_run_to_error(h, ERROR_CONFIG);
        assert_null(strstr(h->e.message, "blanks"));

        write_file(paths[1], "\n");
        harness_run_to_error(h, ERROR_CONFIG);
        harness_free(h);
        for (size_t i = 0; i < 3; i++)
                assert_int_equal(unlink(paths[i]), 0);
        folder_remove(&folder);
}

static int64_t changed_ms(const char *path)
{
        struct stat st;
        assert_int_equal(stat(path, &st), 0);
        return (int64_t)st.st_ctim.tv_sec * 1000 + st.st_ctim.tv_nsec / 1000000;
}

enum { PAUSE_MS = 50 }; // a second of the clock

static void find_pause(uv_handle_t *handle, void *ret_found)
{
        bool is_timer = uv_handle_get_type(handle) == UV_TIMER && uv_is_active(handle);
        uint64_t due_ms = is_timer ? uv_timer_get_due_in((uv_timer_t *)handle) : 0;
        if (due_ms > 0 && due_ms <= PAUSE_MS) // the other one is for a worker that is late
                *(bool *)ret_found = true;
}

// Until the files have been read, and are given time.
static void turn_until_pause(struct harness *h)
{
        for (bool has_paused = false; !has_paused; uv_walk(&h->loop, find_pause, &has_paused))
                (void)uv_run(&h->loop, UV_RUN_NOWAIT);
}

// The secret follows its key a moment later: the two are never mixed.
static void files_that_are_being_replaced(void **state)
{
        (void)state;
        char folder[] = "/tmp/keyfob-test-XXXXXX";
        assert_non_null(mkdtemp(folder));
        char paths[2][64];
        (void)snprintf(paths[0], sizeof(paths[0]), "%s/id", folder);
        (void)snprintf(paths[1], sizeof(paths[1]), "%s/secret", folder);
        const struct profile profile = {.type = PROFILE_STATIC,
                                        .keys = {.access_key_id_file = paths[0], .secret_access_key_file = paths[1]}};
        for (int is_left = 0; is_left < 2; is_left++) {
                struct harness *h = harness_new(NULL, 0);
                h->clock.speed = 1000 / PAUSE_MS;
                harness_make(h, &profile, NULL);
                write_file(paths[0], "AKIDONE");
                write_file(paths[1], "one");
                h->wall_ms = changed_ms(paths[0]);
                harness_run(h); // the first fetch waits for nothing
                assert_true(slice_eq(h->c->access_key_id, SLICE("AKIDONE")));

                write_file(paths[0], "AKIDTWOO");
                h->wall_ms = changed_ms(paths[0]);
                assert_int_equal(harness_start(h), 0);
                turn_until_pause(h);
                assert_int_equal(h->completions, 0);
                if (is_left) {
                        provider_cancel(h->provider);
                        harness_finish(h);
                        assert_int_equal(h->e.kind, ERROR_CANCELLED);
                } else {
                        write_file(paths[1], "two");
                        h->wall_ms = changed_ms(paths[1]) + 1000;
                        harness_finish(h);
                        assert_true(slice_eq(h->c->access_key_id, SLICE("AKIDTWOO")));
                        assert_true(slice_eq(h->c->secret_access_key, SLICE("two")));
                        harness_run(h); // nothing has changed since
                }
                harness_free(h);
        }
        assert_int_equal(unlink(paths[0]) | unlink(paths[1]) | rmdir(folder), 0);
}

static void cancel_completes_once(void **state)
{
        (void)state;
        const struct profile profile = {.type = PROFILE_STATIC, .keys.access_key_id = key_id};
        struct harness *h = harness_new(NULL, 0);
        harness_make(h, &profile, NULL);
        harness_cancel_at_once(h);
        harness_free(h);
}

static void chained_type_needs_a_source(void **state)
{
        (void)state;
        const struct profile profile = {.type = PROFILE_ASSUME_ROLE};
        const struct provider_deps deps = {.loop = NULL};
        struct provider *p = NULL;
        struct error e = {0};
        assert_int_equal(registry_make(&deps, &profile, NULL, &p, &e), -1);
        assert_int_equal(e.kind, ERROR_INTERNAL);
        assert_null(p);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(keys_of_the_configuration),     cmocka_unit_test(files_are_read_at_each_fetch),
            cmocka_unit_test(files_that_are_being_replaced), cmocka_unit_test(cancel_completes_once),
            cmocka_unit_test(chained_type_needs_a_source),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
