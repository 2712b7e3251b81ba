// SPDX-License-Identifier: Apache-2.0
// What makes settings be read again, with the real watcher on files of a folder of its own, a loader that can be held,
// and a table of profiles that only counts.
#include "sidecar/app/reload.h"

#include <fcntl.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <uv.h>

#include "proto/mem/buffer.h"
#include "sidecar/app/notify.h"
#include "sidecar/app/profile_table.h"
#include "sidecar/base/clock.h"
#include "sidecar/base/file.h"
#include "sidecar/base/log.h"
#include "sidecar/config/settings.h"
#include "sidecar/io/watch.h"
#include "tests/unit/app/settings_text.h"

#define TEXT                                                                                                           \
        "{\"profiles\": {\"p\": {\"type\": \"static\", \"access_key_id\": \"AKIDEXAMPLE00001\", "                      \
        "\"secret_access_key\": "                                                                                      \
        "\"wJalrXUtnFEMIxK7\"}}}"

enum { DEADLINE_MS = 60000, HOUR_MS = 3600000 };

struct fixture {
        uv_loop_t loop;
        uv_timer_t deadline;
        struct clock clock;
        struct log log;
        int pipe[2];
        struct reload *reload;
        char folder[32], files[2][64];
        char *watched[2];
        size_t watched_count; // of what is loaded next
        bool refuses;         // apply()
        atomic_bool holds;    // load(): until somebody posts `leave`
        sem_t entered, leave;
        atomic_uint loads, loads_at_once;
        unsigned applies;
        struct profile_table *in_force;
        struct notify notify;
        int manager; // the service manager's end
        char manager_path[64];
        char told[16]; // by the first letters of what it was told: RELOADING, READY as "Rr"
};

static void on_deadline(uv_timer_t *timer)
{
        (void)timer;
        fail_msg("nothing was loaded");
}

static void write_file(const char *path, const char *text)
{
        FILE *f = fopen(path, "w");
        assert_non_null(f);
        assert_true(fputs(text, f) >= 0);
        assert_int_equal(fclose(f), 0);
}

// In the pool. Settings are bad where the first file begins so.
static int load(void *context, struct profile_table **ret, struct error *e)
{
        struct fixture *h = context;
        struct buffer text;
        bool is_alone = atomic_fetch_add(&h->loads_at_once, 1) == 0;
        atomic_fetch_add(&h->loads, 1);
        if (atomic_load(&h->holds)) {
                (void)sem_post(&h->entered);
                (void)sem_wait(&h->leave);
        }
        buffer_init(&text, 64);
        int r = file_read(h->files[0], "shared file", &text, e);
        if (r == 0 && slice_starts_with(buffer_slice(&text), SLICE("bad")))
                r = error_set(e, ERROR_CONFIG, "a bad file");
        buffer_free(&text);
        atomic_fetch_sub(&h->loads_at_once, 1);
        if (!is_alone)
                r = error_set(e, ERROR_INTERNAL, "two at once");
        if (r < 0)
                return -1;
        struct settings *settings = settings_of(TEXT);
        settings->watched = h->watched;
        settings->watched_count = h->watched_count;
        *ret = profile_table_new(h->in_force, settings);
        return 0;
}

static int apply(void *context, struct profile_table *table, struct profile_table **ret_before, struct error *e)
{
        struct fixture *h = context;
        if (h->refuses)
                return error_set(e, ERROR_INTERNAL, "refused");
        h->applies++;
        *ret_before = h->in_force;
        h->in_force = table;
        return 0;
}

static void open_manager(struct fixture *h)
{
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        (void)snprintf(h->manager_path, sizeof(h->manager_path), "%s/manager", h->folder);
        (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", h->manager_path);
        h->manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        assert_true(h->manager >= 0);
        assert_int_equal(bind(h->manager, (const struct sockaddr *)&address, sizeof(address)), 0);
}

static int set_up(void **state)
{
        struct fixture *h = calloc(1, sizeof(*h));
        assert_non_null(h);
        (void)snprintf(h->folder, sizeof(h->folder), "/tmp/keyfob-reload-XXXXXX");
        assert_non_null(mkdtemp(h->folder));
        for (size_t i = 0; i < 2; i++) {
                (void)snprintf(h->files[i], sizeof(h->files[i]), "%s/%zu", h->folder, i);
                h->watched[i] = h->files[i];
        }
        h->watched_count = 1;
        write_file(h->files[0], "first");
        assert_int_equal(pipe2(h->pipe, O_CLOEXEC | O_NONBLOCK), 0);
        clock_init_system(&h->clock);
        h->log =
            (struct log){.fd = h->pipe[1], .level = LOG_LEVEL_INFO, .format = LOG_FORMAT_LOGFMT, .clock = &h->clock};
        assert_int_equal(uv_loop_init(&h->loop), 0);
        assert_int_equal(uv_timer_init(&h->loop, &h->deadline), 0);
        assert_int_equal(uv_timer_start(&h->deadline, on_deadline, DEADLINE_MS, 0), 0);
        open_manager(h);
        notify_init(&h->notify, &h->loop, h->manager_path);
        assert_int_equal(sem_init(&h->entered, 0, 0), 0);
        assert_int_equal(sem_init(&h->leave, 0, 0), 0);
        const struct reload_deps deps = {.loop = &h->loop,
                                         .log = &h->log,
                                         .manager = &h->notify,
                                         .poll_every_ms = HOUR_MS,
                                         .load = load,
                                         .apply = apply,
                                         .context = h};
        h->reload = reload_new(&deps);
        assert_non_null(h->reload);
        int64_t read_ns = watch_moment();
        struct error e;
        assert_int_equal(load(h, &h->in_force, &e), 0);
        // what was just written has been read
        reload_watch(h->reload, h->in_force->settings, read_ns + 1000000000);
        h->loads = 0;
        *state = h;
        return 0;
}

static int tear_down(void **state)
{
        struct fixture *h = *state;
        reload_close(h->reload);
        notify_stopping(&h->notify);
        uv_close((uv_handle_t *)&h->deadline, NULL);
        assert_int_equal(uv_run(&h->loop, UV_RUN_DEFAULT), 0);
        assert_int_equal(uv_loop_close(&h->loop), 0);
        profile_table_free(h->in_force);
        (void)close(h->manager);
        (void)unlink(h->manager_path);
        for (size_t i = 0; i < 2; i++) {
                (void)close(h->pipe[i]);
                (void)unlink(h->files[i]);
        }
        assert_int_equal(rmdir(h->folder), 0);
        free(h);
        return 0;
}

static void hear(struct fixture *h)
{
        char text[128];
        size_t n = strlen(h->told);
        while (recv(h->manager, text, sizeof(text), 0) > 0) {
                assert_true(n + 1 < sizeof(h->told));
                h->told[n++] = strncmp(text, "RELOADING=1\n", 12) == 0 ? 'R' : 'r';
        }
}

static unsigned reloads_reported(struct fixture *h)
{
        unsigned count = 0;
        hear(h);
        for (const char *p = h->told; *p; p++)
                count += *p == 'r';
        return count;
}

// Until so many reloads have ended, and then none is under way.
static void until_loaded(struct fixture *h, unsigned loads)
{
        while (reloads_reported(h) < loads)
                (void)uv_run(&h->loop, UV_RUN_ONCE);
        assert_int_equal(h->loads, loads);
        assert_int_equal(reloads_reported(h), loads);
}

// Until a thread is in load(), and held there.
static void until_held(struct fixture *h)
{
        while (sem_trywait(&h->entered) < 0)
                (void)uv_run(&h->loop, UV_RUN_NOWAIT);
}

// Takes what was logged out of the pipe.
static void assert_logged(struct fixture *h, const char *event, const char *part)
{
        char text[8192];
        ssize_t n = read(h->pipe[0], text, sizeof(text) - 1);
        assert_true(n > 0);
        text[n] = '\0';
        if (!strstr(text, event) || !strstr(text, part))
                fail_msg("%s", text);
}

static void a_changed_file_is_loaded(void **state)
{
        struct fixture *h = *state;
        write_file(h->files[0], "second");
        until_loaded(h, 1);
        assert_int_equal(h->applies, 1);
        assert_logged(h, "config_reloaded", "cause=file");
        write_file(h->files[0], "the third");
        until_loaded(h, 2);
        assert_int_equal(h->applies, 2);
}

static void a_bad_file_changes_nothing_and_is_tried_again(void **state)
{
        struct fixture *h = *state;
        const struct profile_table *before = h->in_force;
        write_file(h->files[0], "bad");
        until_loaded(h, 1);
        assert_int_equal(h->applies, 0);
        assert_logged(h, "config_reload_failed", "a bad file");
        assert_ptr_equal(h->in_force, before);
        write_file(h->files[0], "mended");
        until_loaded(h, 2);
        assert_int_equal(h->applies, 1);
        assert_logged(h, "config_reloaded", "profiles=1");
}

static void what_cannot_be_applied_is_tried_again(void **state)
{
        struct fixture *h = *state;
        h->refuses = true;
        write_file(h->files[0], "second");
        until_loaded(h, 1);
        assert_logged(h, "config_reload_failed", "refused");
        h->refuses = false;
        write_file(h->files[0], "the third");
        until_loaded(h, 2);
        assert_int_equal(h->applies, 1);
}

static void the_list_is_replaced_when_settings_are(void **state)
{
        struct fixture *h = *state;
        h->watched_count = 2;
        reload_run(h->reload, "signal");
        until_loaded(h, 1);
        assert_logged(h, "config_reloaded", "cause=signal");
        write_file(h->files[1], "one that was not there");
        until_loaded(h, 2);
        h->watched_count = 0;
        write_file(h->files[1], "the last that is seen");
        until_loaded(h, 3);
        write_file(h->files[0], "nobody looks");
        write_file(h->files[1], "nobody looks");
        uv_unref((uv_handle_t *)&h->deadline);
        assert_int_equal(uv_run(&h->loop, UV_RUN_DEFAULT), 0); // nothing is waited for any more
        assert_int_equal(h->loads, 3);
}

static void a_bad_reload_keeps_the_list(void **state)
{
        struct fixture *h = *state;
        h->watched_count = 0;
        h->refuses = true;
        reload_run(h->reload, "signal");
        until_loaded(h, 1);
        h->refuses = false;
        write_file(h->files[0], "second");
        until_loaded(h, 2);
        assert_int_equal(h->applies, 1);
}

static void assert_nothing_logged(struct fixture *h)
{
        char byte;
        assert_true(read(h->pipe[0], &byte, 1) < 0);
}

// The loop turns while a thread reads; whoever asks meanwhile, however often, gets one more reload after this one.
static void one_more_follows(void **state)
{
        struct fixture *h = *state;
        h->holds = true;
        reload_run(h->reload, "signal");
        until_held(h);
        for (int i = 0; i < 3; i++) {
                reload_run(h->reload, "signal");
                (void)uv_run(&h->loop, UV_RUN_NOWAIT);
        }
        assert_int_equal(h->applies, 0);
        hear(h);
        assert_string_equal(h->told, "R");
        h->holds = false;
        (void)sem_post(&h->leave);
        until_loaded(h, 2);
        assert_string_equal(h->told, "RrRr");
}

static void the_second_reads_what_is_there_then(void **state)
{
        struct fixture *h = *state;
        h->watched_count = 0; // no reload but those that are asked for
        reload_run(h->reload, "signal");
        until_loaded(h, 1);
        write_file(h->files[0], "bad");
        h->holds = true;
        reload_run(h->reload, "signal");
        until_held(h);
        reload_run(h->reload, "signal");
        (void)sem_post(&h->leave); // the first of the two: fails
        until_held(h);
        assert_int_equal(h->applies, 1);
        write_file(h->files[0], "mended");
        (void)sem_post(&h->leave);
        until_loaded(h, 3);
        assert_int_equal(h->applies, 2);
}

// A file that is written while a thread reads was read, or was not: it is read once more.
static void a_change_during_a_reload_is_seen(void **state)
{
        struct fixture *h = *state;
        h->holds = true;
        reload_run(h->reload, "signal");
        until_held(h);
        write_file(h->files[0], "second");
        h->holds = false;
        (void)sem_post(&h->leave);
        until_loaded(h, 2);
        assert_int_equal(h->applies, 2);
}

// Of a file that nobody watched when it was read.
static void a_change_of_a_new_file_during_a_reload_is_seen(void **state)
{
        struct fixture *h = *state;
        h->watched_count = 2;
        h->holds = true;
        reload_run(h->reload, "signal");
        until_held(h);
        write_file(h->files[1], "written while the settings were read");
        h->holds = false;
        (void)sem_post(&h->leave);
        until_loaded(h, 2);
        assert_int_equal(h->applies, 2);
}

// Nothing of it is applied, logged or told; the memory goes.
static void closed_while_a_thread_reads(void **state)
{
        struct fixture *h = *state;
        h->holds = true;
        reload_run(h->reload, "signal");
        until_held(h);
        reload_run(h->reload, "signal");
        reload_close(h->reload);
        h->reload = NULL;
        (void)uv_run(&h->loop, UV_RUN_NOWAIT);
        (void)sem_post(&h->leave);
        uv_unref((uv_handle_t *)&h->deadline);
        assert_int_equal(uv_run(&h->loop, UV_RUN_DEFAULT), 0);
        assert_int_equal(h->loads, 1);
        assert_int_equal(h->applies, 0);
        hear(h);
        assert_string_equal(h->told, "R");
        assert_nothing_logged(h);
}

// At whatever point a thread is: before it reads, at the applying, while it frees what was before.
static void closed_after_any_number_of_turns(void **state)
{
        struct fixture *h = *state;
        struct notify nobody = {.loop = &h->loop};
        const struct reload_deps deps = {.loop = &h->loop,
                                         .log = &h->log,
                                         .manager = &nobody,
                                         .poll_every_ms = HOUR_MS,
                                         .load = load,
                                         .apply = apply,
                                         .context = h};
        h->watched_count = 0;
        reload_close(h->reload);
        uv_unref((uv_handle_t *)&h->deadline);
        for (unsigned turns = 0; turns < 30; turns++) {
                h->reload = reload_new(&deps);
                assert_non_null(h->reload);
                reload_run(h->reload, "signal");
                for (unsigned i = 0; i < turns; i++)
                        (void)uv_run(&h->loop, UV_RUN_NOWAIT);
                reload_close(h->reload);
                assert_int_equal(uv_run(&h->loop, UV_RUN_DEFAULT), 0);
        }
        h->reload = NULL;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
            TEST(a_changed_file_is_loaded),
            TEST(a_bad_file_changes_nothing_and_is_tried_again),
            TEST(what_cannot_be_applied_is_tried_again),
            TEST(the_list_is_replaced_when_settings_are),
            TEST(a_bad_reload_keeps_the_list),
            TEST(one_more_follows),
            TEST(the_second_reads_what_is_there_then),
            TEST(a_change_during_a_reload_is_seen),
            TEST(a_change_of_a_new_file_during_a_reload_is_seen),
            TEST(closed_while_a_thread_reads),
            TEST(closed_after_any_number_of_turns),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
