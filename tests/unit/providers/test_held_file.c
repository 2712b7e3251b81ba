// SPDX-License-Identifier: Apache-2.0
#include "sidecar/providers/held_file.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "sidecar/providers/cache_file.h"

static const struct slice second = SLICE_INIT("{\"t\":\"two\",\"other\":[1]}");

struct fixture {
        char folder[40], elsewhere[64];
        char path[64]; // what f.path is, or would be
        struct held_file f;
};

static int setup(void **state)
{
        struct fixture *x = calloc(1, sizeof(*x));
        (void)snprintf(x->folder, sizeof(x->folder), "/tmp/keyfob-held-file-XXXXXX");
        if (!mkdtemp(x->folder))
                return -1;
        (void)snprintf(x->path, sizeof(x->path), "%s/t.json", x->folder);
        (void)snprintf(x->elsewhere, sizeof(x->elsewhere), "%s/away", x->folder);
        held_file_init(&x->f, "file", 64);
        x->f.path = strdup(x->path);
        *state = x;
        return x->f.path ? 0 : -1;
}

static int teardown(void **state)
{
        struct fixture *x = *state;
        held_file_deinit(&x->f);
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

static void none_is_empty(void **state)
{
        struct fixture *x = *state;
        struct error e;
        assert_int_equal(held_file_read(&x->f, &e), 0);
        assert_false(held_file_prefer(&x->f, slice_of(NULL, 0)));
        assert_int_equal(x->f.text.n, 0);
        assert_int_equal(held_file_lock(&x->f), -ENOENT);
}

static void renewed_and_written(void **state)
{
        struct fixture *x = *state;
        struct error e;
        put(x, "{\"t\":\"one\",\"other\":[1]}");
        assert_int_equal(held_file_read(&x->f, &e), 0);
        assert_false(held_file_prefer(&x->f, SLICE("one")));
        assert_int_equal(held_file_lock(&x->f), 0);
        assert_int_equal(cache_file_lock(x->path), -EWOULDBLOCK);
        assert_int_equal(held_file_put(&x->f, second), 0);
        assert_text(x, "{\"t\":\"two\",\"other\":[1]}");
        held_file_write(&x->f);
        held_file_unlock(&x->f);
        assert_int_equal(x->f.held.n, 0);
        assert_int_equal(held_file_read(&x->f, &e), 0);
        assert_text(x, "{\"t\":\"two\",\"other\":[1]}");
}

// What cannot be written stands in for the file, and is written once that is possible.
static void held_until_it_can_be_written(void **state)
{
        struct fixture *x = *state;
        struct error e;
        put(x, "{\"t\":\"one\"}");
        assert_int_equal(held_file_read(&x->f, &e), 0);
        assert_false(held_file_prefer(&x->f, SLICE("one")));
        assert_int_equal(held_file_put(&x->f, second), 0);
        block(x, true);
        held_file_write(&x->f);
        assert_true(x->f.held.n > 0);
        block(x, false);
        assert_int_equal(held_file_read(&x->f, &e), 0);
        assert_text(x, "{\"t\":\"one\"}");
        assert_true(held_file_prefer(&x->f, SLICE("one")));
        assert_text(x, "{\"t\":\"two\",\"other\":[1]}");
        assert_int_equal(x->f.held.n, 0);
        assert_int_equal(held_file_read(&x->f, &e), 0);
        assert_text(x, "{\"t\":\"two\",\"other\":[1]}");
}

// A login where there was no file: it stands in for none, and for no other's.
static void held_over_nothing(void **state)
{
        struct fixture *x = *state;
        struct error e;
        for (int i = 0; i < 2; i++) {
                assert_int_equal(held_file_read(&x->f, &e), 0);
                assert_false(held_file_prefer(&x->f, slice_of(NULL, 0)));
                assert_int_equal(held_file_put(&x->f, second), 0);
                if (i == 0)
                        assert_int_equal(held_file_read(&x->f, &e), 0);
                else
                        put(x, "{\"t\":\"three\"}");
                if (i == 0)
                        assert_true(held_file_prefer(&x->f, slice_of(NULL, 0)));
                assert_int_equal(held_file_read(&x->f, &e), 0);
                assert_false(held_file_prefer(&x->f, i == 0 ? SLICE("two") : SLICE("three")));
                assert_text(x, i == 0 ? "{\"t\":\"two\",\"other\":[1]}" : "{\"t\":\"three\"}");
                assert_int_equal(x->f.held.n, 0);
                assert_int_equal(unlink(x->path), 0);
        }
}

// Somebody logged in, or out, meanwhile: what is held is of the past.
static void another_token_counts(void **state)
{
        struct fixture *x = *state;
        struct error e;
        for (int i = 0; i < 2; i++) {
                put(x, "{\"t\":\"one\"}");
                assert_int_equal(held_file_read(&x->f, &e), 0);
                assert_false(held_file_prefer(&x->f, SLICE("one")));
                assert_int_equal(held_file_put(&x->f, second), 0);
                block(x, true);
                held_file_write(&x->f);
                assert_true(x->f.held.n > 0);
                block(x, false);
                if (i == 0)
                        put(x, "{\"t\":\"three\"}");
                else
                        assert_int_equal(unlink(x->path), 0);
                assert_int_equal(held_file_read(&x->f, &e), 0);
                assert_false(held_file_prefer(&x->f, i == 0 ? SLICE("three") : slice_of(NULL, 0)));
                assert_int_equal(x->f.held.n, 0);
        }
}

// While the call that brought what is held was under way.
static void overtaken(void **state)
{
        struct fixture *x = *state;
        struct error e;
        put(x, "{\"t\":\"one\"}");
        assert_int_equal(held_file_read(&x->f, &e), 0);
        assert_false(held_file_prefer(&x->f, SLICE("one")));
        assert_int_equal(held_file_put(&x->f, second), 0);
        put(x, "{\"t\":\"three\"}");
        held_file_write(&x->f);
        assert_int_equal(x->f.held.n, 0);
        assert_int_equal(held_file_read(&x->f, &e), 0);
        assert_text(x, "{\"t\":\"three\"}");
        assert_int_equal(held_file_put(&x->f, second), 0);
        assert_int_equal(unlink(x->path), 0);
        held_file_write(&x->f);
        assert_int_equal(access(x->path, F_OK), -1);
}

static void too_long(void **state)
{
        struct fixture *x = *state;
        static const char longest[] =
            "{\"t\":\"0123456789012345678901234567890123456789012345678901234567890123456789\"}";
        struct error e;
        put(x, "{\"t\":\"one\"}");
        assert_int_equal(held_file_read(&x->f, &e), 0);
        assert_false(held_file_prefer(&x->f, SLICE("one")));
        assert_int_equal(held_file_put(&x->f, slice_str(longest)), -1);
        assert_int_equal(x->f.held.n, 0);
        assert_text(x, "{\"t\":\"one\"}");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
            TEST(none_is_empty),     TEST(renewed_and_written),  TEST(held_until_it_can_be_written),
            TEST(held_over_nothing), TEST(another_token_counts), TEST(too_long),
            TEST(overtaken),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
