// SPDX-License-Identifier: Apache-2.0
#include "sidecar/providers/token_file.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <uv.h>

#include "sidecar/base/clock.h"
#include "sidecar/config/profile.h"
#include "sidecar/io/workers.h"
#include "sidecar/providers/cache_file.h"
#include "sidecar/providers/provider.h"

static const struct slice second = SLICE_INIT("{\"t\":\"two\",\"other\":[1]}");

struct fixture {
        char folder[40], elsewhere[64];
        char path[64]; // what f.path is, or would be
        struct token_file f;
        char token[32]; // what was read last
        unsigned retries;
        uv_loop_t loop;
        struct clock clock;
        struct profile profile;
        struct provider provider;
        unsigned done;
        struct error e; // of what was done last
};

// The value of "t".
static int read_token(void *owner, struct slice text, struct slice *ret_key, struct error *e)
{
        static const char before[] = "\"t\":\"";
        struct fixture *x = owner;
        const uint8_t *at = text.n > 0 ? memmem(text.p, text.n, before, sizeof(before) - 1) : NULL;
        x->token[0] = '\0';
        if (text.n == 0)
                return 0;
        if (!at)
                return error_set(e, ERROR_PROTOCOL, "no token");
        struct slice value = slice_from(text, (size_t)(at - text.p) + sizeof(before) - 1);
        value = slice_head(value, slice_find(value, '"'));
        (void)snprintf(x->token, sizeof(x->token), "%.*s", (int)value.n, (const char *)value.p);
        *ret_key = value;
        return 0;
}

static void on_done(void *owner, const struct error *e)
{
        struct fixture *x = owner;
        x->done++;
        x->e = e ? *e : (struct error){.kind = ERROR_NONE};
}

static void wait_for_it(struct fixture *x)
{
        x->done = 0;
        while (x->done == 0)
                (void)uv_run(&x->loop, UV_RUN_ONCE);
        assert_int_equal(x->done, 1);
}

// Without a lock, or with one if it can be had. 0, or -1 with x->e.
static int try_load(struct fixture *x, bool locks)
{
        assert_int_equal(token_file_load(&x->f, &x->provider, locks, on_done, &x->e), 0);
        wait_for_it(x);
        return x->e.kind == ERROR_NONE ? 0 : -1;
}

static bool try_lock(struct fixture *x)
{
        assert_int_equal(try_load(x, true), 0);
        return !x->f.is_locked_by_other;
}

// As an owner does after a renewal.
static int take(struct fixture *x, struct slice bytes, struct error *e)
{
        if (token_file_take(&x->f, bytes, e) < 0)
                return -1;
        token_file_write(&x->f, &x->provider, on_done);
        wait_for_it(x);
        return 0;
}

static int setup(void **state)
{
        struct fixture *x = calloc(1, sizeof(*x));
        if (uv_loop_init(&x->loop) < 0)
                return -1;
        clock_init_system(&x->clock);
        x->provider = (struct provider){.profile = &x->profile, .deps = {.loop = &x->loop, .clock = &x->clock}};
        x->provider.deps.workers = workers_new(&x->loop);
        (void)snprintf(x->folder, sizeof(x->folder), "/tmp/keyfob-token-file-XXXXXX");
        if (!mkdtemp(x->folder))
                return -1;
        (void)snprintf(x->path, sizeof(x->path), "%s/t.json", x->folder);
        (void)snprintf(x->elsewhere, sizeof(x->elsewhere), "%s/away", x->folder);
        token_file_init(&x->f, "file", 64, read_token, x);
        x->f.path = strdup(x->path);
        *state = x;
        return x->f.path ? 0 : -1;
}

static int teardown(void **state)
{
        struct fixture *x = *state;
        token_file_deinit(&x->f);
        workers_close(x->provider.deps.workers);
        if (uv_run(&x->loop, UV_RUN_DEFAULT) != 0 || uv_loop_close(&x->loop) < 0)
                return -1;
        (void)unlink(x->path);
        (void)rmdir(x->path);
        (void)unlink(x->elsewhere);
        int r = rmdir(x->folder);
        free(x);
        return r;
}

static void put(struct fixture *x, const char *text)
{
        assert_int_equal(cache_file_write(x->path, "file", slice_str(text), NULL), 0);
}

static void assert_text(struct fixture *x, const char *text)
{
        assert_string_equal(buffer_c_str(&x->f.text), text);
}

static void load(struct fixture *x)
{
        if (try_load(x, false) < 0)
                fail_msg("%s", x->e.message);
}

// Nothing can be written to a name that is a folder's.
static void block(struct fixture *x, bool is_blocked)
{
        if (is_blocked) {
                assert_int_equal(rename(x->path, x->elsewhere), 0);
                assert_int_equal(mkdir(x->path, 0700), 0);
        } else {
                assert_int_equal(rmdir(x->path), 0);
                assert_int_equal(rename(x->elsewhere, x->path), 0);
        }
}

static void no_file_is_no_token(void **state)
{
        struct fixture *x = *state;
        load(x);
        assert_string_equal(x->token, "");
        assert_int_equal(x->f.text.n, 0);
        assert_true(try_lock(x)); // there is nothing to lock
}

static void a_token_that_cannot_be_used_is_not_an_error(void **state)
{
        struct fixture *x = *state;
        put(x, "{}");
        load(x);
        assert_string_equal(x->f.unusable.message, "no token");
        put(x, "{\"t\":\"one\"}");
        load(x);
        assert_int_equal(x->f.unusable.kind, ERROR_NONE);
        assert_int_equal(unlink(x->path), 0);
        assert_int_equal(mkdir(x->path, 0700), 0);
        assert_int_equal(try_load(x, false), -1);
        assert_non_null(strstr(x->e.message, x->path));
}

static void a_renewed_token_is_written(void **state)
{
        struct fixture *x = *state;
        struct error e;
        put(x, "{\"t\":\"one\",\"other\":[1]}");
        load(x);
        assert_string_equal(x->token, "one");
        assert_true(try_lock(x));
        assert_int_equal(cache_file_lock(x->path), -EWOULDBLOCK);
        assert_int_equal(take(x, second, &e), 0);
        assert_string_equal(x->token, "two");
        token_file_unlock(&x->f);
        assert_int_equal(x->f.pending.n, 0);
        load(x);
        assert_text(x, "{\"t\":\"two\",\"other\":[1]}");
}

static void another_process_that_renews_is_seen(void **state)
{
        struct fixture *x = *state;
        put(x, "{\"t\":\"one\"}");
        int lock = cache_file_lock(x->path);
        assert_true(lock >= 0);
        assert_false(try_lock(x));
        assert_int_equal(close(lock), 0);
        assert_true(try_lock(x));
}

// What cannot be written stands in for the file, and is written once that is possible.
static void a_token_is_pending_until_it_can_be_written(void **state)
{
        struct fixture *x = *state;
        struct error e;
        put(x, "{\"t\":\"one\"}");
        load(x);
        block(x, true);
        assert_int_equal(take(x, second, &e), 0);
        assert_string_equal(x->token, "two");
        assert_true(x->f.pending.n > 0);
        block(x, false);
        load(x);
        assert_string_equal(x->token, "two");
        assert_text(x, "{\"t\":\"two\",\"other\":[1]}");
        assert_int_equal(x->f.pending.n, 0);
        load(x);
        assert_text(x, "{\"t\":\"two\",\"other\":[1]}");
}

// A login where there was no file: it stands in for none, and for no other's.
static void a_token_may_be_pending_without_a_file(void **state)
{
        struct fixture *x = *state;
        struct error e;
        for (int i = 0; i < 2; i++) {
                load(x);
                assert_int_equal(token_file_hold(&x->f, second, &e), 0);
                assert_string_equal(x->token, ""); // not yet
                if (i == 1)
                        put(x, "{\"t\":\"three\"}");
                load(x);
                assert_string_equal(x->token, i == 0 ? "two" : "three");
                assert_int_equal(x->f.pending.n, 0);
                load(x);
                assert_string_equal(x->token, i == 0 ? "two" : "three");
                assert_int_equal(unlink(x->path), 0);
        }
}

// A login or a log-out since then: what is pending is of the past.
static void another_token_counts(void **state)
{
        struct fixture *x = *state;
        struct error e;
        for (int i = 0; i < 2; i++) {
                put(x, "{\"t\":\"one\"}");
                load(x);
                block(x, true);
                assert_int_equal(take(x, second, &e), 0);
                assert_true(x->f.pending.n > 0);
                block(x, false);
                if (i == 0)
                        put(x, "{\"t\":\"three\"}");
                else
                        assert_int_equal(unlink(x->path), 0);
                load(x);
                assert_string_equal(x->token, i == 0 ? "three" : "");
                assert_int_equal(x->f.pending.n, 0);
        }
}

// By a login or a log-out while the call was under way that brought the token.
static void what_another_process_wrote_meanwhile_stays(void **state)
{
        struct fixture *x = *state;
        struct error e;
        put(x, "{\"t\":\"one\"}");
        load(x);
        put(x, "{\"t\":\"three\"}");
        assert_int_equal(take(x, second, &e), 0);
        assert_int_equal(x->f.pending.n, 0);
        load(x);
        assert_string_equal(x->token, "three");
        assert_int_equal(unlink(x->path), 0);
        assert_int_equal(take(x, second, &e), 0);
        assert_int_equal(access(x->path, F_OK), -1);
}

static void what_is_too_long_or_no_token_is_not_kept(void **state)
{
        struct fixture *x = *state;
        static const char longest[] =
            "{\"t\":\"0123456789012345678901234567890123456789012345678901234567890123456789\"}";
        struct error e;
        put(x, "{\"t\":\"one\"}");
        load(x);
        assert_int_equal(take(x, slice_str(longest), &e), -1);
        assert_int_equal(x->f.pending.n, 0);
        assert_int_equal(take(x, SLICE("{}"), &e), -1);
        assert_string_equal(e.message, "the renewed token cannot be used: no token");
        assert_int_equal(x->f.pending.n, 0);
        load(x);
        assert_string_equal(x->token, "one");
}

static void count_retry(void *owner)
{
        ((struct fixture *)owner)->retries++;
}

static void find_timer(uv_handle_t *handle, void *ret_due_in_ms)
{
        if (uv_handle_get_type(handle) == UV_TIMER)
                *(uint64_t *)ret_due_in_ms = uv_timer_get_due_in((uv_timer_t *)handle);
}

// Every tenth of a second, for 15 s.
static void waits_for_another_process_but_not_for_ever(void **state)
{
        struct fixture *x = *state;
        struct error e;
        uv_loop_t *loop = &x->loop;
        assert_int_equal(token_file_wait(&x->f, loop, count_retry, &e), 0);
        assert_int_equal(x->retries, 0);
        uint64_t due_in_ms = 0;
        uv_walk(loop, find_timer, &due_in_ms);
        assert_in_range(due_in_ms, 50, 150);
        assert_int_equal(uv_run(loop, UV_RUN_DEFAULT), 0);
        assert_int_equal(x->retries, 1);
        x->f.waits = 149;
        assert_int_equal(token_file_wait(&x->f, loop, count_retry, &e), 0);
        assert_int_equal(token_file_wait(&x->f, loop, count_retry, &e), -1);
        assert_int_equal(e.kind, ERROR_TRANSIENT);
        assert_non_null(strstr(e.message, x->path));
        assert_int_equal(uv_run(loop, UV_RUN_DEFAULT), 0);
        assert_int_equal(x->retries, 2);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
            TEST(no_file_is_no_token),
            TEST(a_token_that_cannot_be_used_is_not_an_error),
            TEST(a_renewed_token_is_written),
            TEST(another_process_that_renews_is_seen),
            TEST(waits_for_another_process_but_not_for_ever),
            TEST(a_token_is_pending_until_it_can_be_written),
            TEST(a_token_may_be_pending_without_a_file),
            TEST(another_token_counts),
            TEST(what_another_process_wrote_meanwhile_stays),
            TEST(what_is_too_long_or_no_token_is_not_kept),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
