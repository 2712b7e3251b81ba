// SPDX-License-Identifier: Apache-2.0
// Files of a folder of its own, changed in every way that programs and people have. Nothing is timed: a test waits for
// what must come, and what must not come is shown by what comes first.
#include "sidecar/io/watch.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#include "tests/unit/folder.h"

enum { DEADLINE_MS = 60000, HOUR_MS = 3600000 };

struct fixture {
        uv_loop_t loop;
        uv_timer_t deadline;
        struct watch *watch;
        unsigned told;
        struct folder root;
        char *paths[3];
};

static void on_deadline(uv_timer_t *timer)
{
        (void)timer;
        fail_msg("nothing was told");
}

static void on_changed(void *arg)
{
        ((struct fixture *)arg)->told++;
}

static char *path_of(const struct fixture *h, const char *name)
{
        char *path = NULL;
        assert_true(asprintf(&path, "%s/%s", h->root.path, name) > 0);
        return path;
}

static void put_file(const struct fixture *h, const char *name, const char *text)
{
        char *path = path_of(h, name);
        write_file(path, text);
        free(path);
}

static void make_folder(const struct fixture *h, const char *name)
{
        char *path = path_of(h, name);
        assert_int_equal(mkdir(path, 0700), 0);
        free(path);
}

static void rename_file(const struct fixture *h, const char *from, const char *to)
{
        char *old = path_of(h, from);
        char *new = path_of(h, to);
        assert_int_equal(rename(old, new), 0);
        free(old);
        free(new);
}

static void remove_file(const struct fixture *h, const char *name)
{
        char *path = path_of(h, name);
        assert_int_equal(remove(path), 0);
        free(path);
}

static void link_to(const struct fixture *h, const char *target, const char *name)
{
        char *path = path_of(h, name);
        assert_int_equal(symlink(target, path), 0);
        free(path);
}

static void set_paths(struct fixture *h, const char *a, const char *b, int64_t read_ns)
{
        const char *names[] = {a, b};
        size_t n = 0;
        for (size_t i = 0; i < 2; i++) {
                free(h->paths[i]);
                h->paths[i] = names[i] ? path_of(h, names[i]) : NULL;
                n += names[i] ? 1 : 0;
        }
        assert_int_equal(watch_set(h->watch, h->paths, n, read_ns), 0);
}

// All that is there now was there before the files were read.
static void watch_files(struct fixture *h, const char *a, const char *b)
{
        set_paths(h, a, b, INT64_MAX);
}

static void until_reported(struct fixture *h, unsigned told)
{
        while (h->told < told)
                (void)uv_run(&h->loop, UV_RUN_ONCE);
        assert_int_equal(h->told, told);
}

static void new_watch(struct fixture *h, uint64_t poll_every_ms, void (*changed)(void *arg))
{
        const struct watch_deps deps = {&h->loop, poll_every_ms, changed, h};
        watch_close(h->watch);
        h->watch = watch_new(&deps);
        assert_non_null(h->watch);
}

static int set_up(void **state)
{
        struct fixture *h = calloc(1, sizeof(*h));
        assert_non_null(h);
        folder_make(&h->root);
        assert_int_equal(uv_loop_init(&h->loop), 0);
        assert_int_equal(uv_timer_init(&h->loop, &h->deadline), 0);
        assert_int_equal(uv_timer_start(&h->deadline, on_deadline, DEADLINE_MS, 0), 0);
        new_watch(h, HOUR_MS, on_changed); // so that events are what tells
        *state = h;
        return 0;
}

static int tear_down(void **state)
{
        struct fixture *h = *state;
        watch_close(h->watch);
        uv_close((uv_handle_t *)&h->deadline, NULL);
        assert_int_equal(uv_run(&h->loop, UV_RUN_DEFAULT), 0);
        assert_int_equal(uv_loop_close(&h->loop), 0);
        for (size_t i = 0; i < 3; i++)
                free(h->paths[i]);
        folder_remove_all(&h->root);
        free(h);
        return 0;
}

static void a_file_is_written(void **state)
{
        struct fixture *h = *state;
        put_file(h, "a", "one");
        watch_files(h, "a", NULL);
        put_file(h, "a", "two!");
        until_reported(h, 1);
        put_file(h, "a", "six!"); // of the same size
        until_reported(h, 2);
}

static void changes_that_come_together_are_told_once(void **state)
{
        struct fixture *h = *state;
        watch_files(h, "a", "b");
        for (int i = 0; i < 20; i++) {
                put_file(h, "a", "some");
                put_file(h, "b", "more");
        }
        until_reported(h, 1);
        put_file(h, "b", "at last"); // had the others been told apart, this would be a later one
        until_reported(h, 2);
}

static void a_file_is_replaced(void **state)
{
        struct fixture *h = *state;
        put_file(h, "a", "one");
        put_file(h, "a.new", "one");
        watch_files(h, "a", NULL);
        rename_file(h, "a.new", "a");
        until_reported(h, 1);
        put_file(h, "a.new", "two");
        rename_file(h, "a.new", "a");
        until_reported(h, 2);
}

static void a_file_goes_and_comes(void **state)
{
        struct fixture *h = *state;
        put_file(h, "a", "one");
        watch_files(h, "a", NULL);
        remove_file(h, "a");
        until_reported(h, 1);
        put_file(h, "a", "one");
        until_reported(h, 2);
}

static void its_folders_come_later(void **state)
{
        struct fixture *h = *state;
        watch_files(h, "x/y/a", NULL);
        make_folder(h, "x");
        make_folder(h, "x/y");
        (void)uv_run(&h->loop, UV_RUN_NOWAIT);
        put_file(h, "x/y/a", "one");
        until_reported(h, 1);
        put_file(h, "x/y/a", "two!");
        until_reported(h, 2);
}

static void its_folder_is_replaced(void **state)
{
        struct fixture *h = *state;
        make_folder(h, "x");
        put_file(h, "x/a", "one");
        watch_files(h, "x/a", NULL);
        remove_file(h, "x/a");
        remove_file(h, "x");
        until_reported(h, 1);
        make_folder(h, "x");
        put_file(h, "x/a", "two");
        until_reported(h, 2);
        rename_file(h, "x", "old");
        until_reported(h, 3);
        rename_file(h, "old", "x");
        until_reported(h, 4);
        put_file(h, "x/a", "three");
        until_reported(h, 5);
}

// A mounted secret of Kubernetes: the files are links by way of ..data, which is replaced.
static void a_link_on_the_way_is_swapped(void **state)
{
        struct fixture *h = *state;
        make_folder(h, "..1");
        make_folder(h, "..2");
        put_file(h, "..1/config", "one");
        put_file(h, "..2/config", "two");
        link_to(h, "..1", "..data");
        link_to(h, "..data/config", "config");
        watch_files(h, "config", NULL);
        link_to(h, "..2", "..data_tmp");
        rename_file(h, "..data_tmp", "..data");
        until_reported(h, 1);
        link_to(h, "..1", "..data_tmp");
        rename_file(h, "..data_tmp", "..data");
        until_reported(h, 2);
}

// There are no events from the folder that a link leads to.
static void what_has_no_events_is_looked_at(void **state)
{
        struct fixture *h = *state;
        make_folder(h, "x");
        make_folder(h, "y");
        put_file(h, "x/a", "one");
        link_to(h, "../x/a", "y/a");
        new_watch(h, 20, on_changed);
        watch_files(h, "y/a", NULL);
        put_file(h, "x/a", "two!");
        until_reported(h, 1);
        put_file(h, "x/a", "three");
        until_reported(h, 2);
}

static void neighbours_do_not_matter(void **state)
{
        struct fixture *h = *state;
        put_file(h, "a", "one");
        watch_files(h, "a", NULL);
        for (int i = 0; i < 5; i++) {
                put_file(h, "neighbour", "x");
                remove_file(h, "neighbour");
                (void)uv_run(&h->loop, UV_RUN_ONCE);
        }
        put_file(h, "a", "two");
        until_reported(h, 1);
}

static void a_change_between_reading_and_watching_counts(void **state)
{
        struct fixture *h = *state;
        int64_t before_ns = watch_moment();
        put_file(h, "a", "two");
        set_paths(h, "a", NULL, before_ns);
        until_reported(h, 1);
        set_paths(h, "a", NULL, before_ns); // it has been told
        set_paths(h, "a", "b", before_ns);
        put_file(h, "b", "one");
        until_reported(h, 2);
}

static void another_list(void **state)
{
        struct fixture *h = *state;
        put_file(h, "a", "one");
        put_file(h, "b", "one");
        watch_files(h, "a", NULL);
        watch_files(h, "b", NULL);
        put_file(h, "a", "two!"); // nobody's any more
        put_file(h, "b", "two!");
        until_reported(h, 1);
        watch_files(h, "a", "b");
        put_file(h, "a", "three");
        until_reported(h, 2);
        put_file(h, "a", "four!!"); // … and a change that nobody was told of yet is not lost over a new list
        watch_files(h, "b", "a");
        until_reported(h, 3);
        watch_files(h, NULL, NULL);
        put_file(h, "a", "five!!!");
        uv_unref((uv_handle_t *)&h->deadline);
        assert_int_equal(uv_run(&h->loop, UV_RUN_DEFAULT), 0); // nothing is waited for any more
        assert_int_equal(h->told, 3);
}

static void watch_again(void *arg)
{
        struct fixture *h = arg;
        h->told++;
        assert_int_equal(watch_set(h->watch, h->paths, 1, 0), 0);
}

static void close_at_once(void *arg)
{
        struct fixture *h = arg;
        h->told++;
        watch_close(h->watch);
        h->watch = NULL;
}

static void whoever_is_told_may_set_and_close(void **state)
{
        struct fixture *h = *state;
        new_watch(h, HOUR_MS, watch_again);
        watch_files(h, "a", NULL);
        put_file(h, "a", "one");
        until_reported(h, 1);
        put_file(h, "a", "two!");
        until_reported(h, 2);
        new_watch(h, HOUR_MS, close_at_once);
        watch_files(h, "a", NULL);
        put_file(h, "a", "three");
        until_reported(h, 3);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
            TEST(a_file_is_written),
            TEST(changes_that_come_together_are_told_once),
            TEST(a_file_is_replaced),
            TEST(a_file_goes_and_comes),
            TEST(its_folders_come_later),
            TEST(its_folder_is_replaced),
            TEST(a_link_on_the_way_is_swapped),
            TEST(what_has_no_events_is_looked_at),
            TEST(neighbours_do_not_matter),
            TEST(a_change_between_reading_and_watching_counts),
            TEST(another_list),
            TEST(whoever_is_told_may_set_and_close),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
