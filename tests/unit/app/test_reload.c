// SPDX-License-Identifier: Apache-2.0
// What makes settings be read again, with the real watcher on files of a folder of its own, and a loader and a table of
// profiles that only count.
#include "sidecar/app/reload.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include "proto/mem/buffer.h"
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

struct house {
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
        unsigned loads, applies;
        struct settings *in_force;
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

// Settings are bad where the first file begins so.
static int load(void *context, struct settings **ret, struct error *e)
{
        struct house *h = context;
        struct buffer text;
        h->loads++;
        buffer_init(&text, 64);
        int r = file_read(h->files[0], "shared file", &text, e);
        if (r == 0 && slice_starts_with(buffer_slice(&text), SLICE("bad")))
                r = error_set(e, ERROR_CONFIG, "a bad file");
        buffer_free(&text);
        if (r < 0)
                return -1;
        *ret = settings_of(TEXT);
        (*ret)->watched = h->watched;
        (*ret)->watched_count = h->watched_count;
        return 0;
}

static int apply(void *context, struct settings *settings, struct error *e)
{
        struct house *h = context;
        if (h->refuses) {
                settings_free(settings);
                return error_set(e, ERROR_INTERNAL, "refused");
        }
        h->applies++;
        settings_free(h->in_force);
        h->in_force = settings;
        return 0;
}

static int set_up(void **state)
{
        struct house *h = calloc(1, sizeof(*h));
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
        const struct reload_deps deps = {
            .loop = &h->loop, .log = &h->log, .look_every_ms = HOUR_MS, .load = load, .apply = apply, .context = h};
        h->reload = reload_new(&deps);
        assert_non_null(h->reload);
        int64_t read_ns = watch_moment();
        struct error e;
        assert_int_equal(load(h, &h->in_force, &e), 0);
        reload_watch(h->reload, h->in_force, read_ns + 1000000000); // what was just written has been read
        h->loads = 0;
        *state = h;
        return 0;
}

static int tear_down(void **state)
{
        struct house *h = *state;
        reload_close(h->reload);
        uv_close((uv_handle_t *)&h->deadline, NULL);
        assert_int_equal(uv_run(&h->loop, UV_RUN_DEFAULT), 0);
        assert_int_equal(uv_loop_close(&h->loop), 0);
        settings_free(h->in_force);
        for (size_t i = 0; i < 2; i++) {
                (void)close(h->pipe[i]);
                (void)unlink(h->files[i]);
        }
        assert_int_equal(rmdir(h->folder), 0);
        free(h);
        return 0;
}

static void until_loaded(struct house *h, unsigned loads)
{
        while (h->loads < loads)
                (void)uv_run(&h->loop, UV_RUN_ONCE);
        assert_int_equal(h->loads, loads);
}

// Takes what was logged out of the pipe.
static void assert_logged(struct house *h, const char *event, const char *part)
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
        struct house *h = *state;
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
        struct house *h = *state;
        const struct settings *before = h->in_force;
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
        struct house *h = *state;
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
        struct house *h = *state;
        h->watched_count = 2;
        reload_run(h->reload, "signal");
        assert_int_equal(h->loads, 1);
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
        struct house *h = *state;
        h->watched_count = 0;
        h->refuses = true;
        reload_run(h->reload, "signal");
        assert_int_equal(h->loads, 1);
        h->refuses = false;
        write_file(h->files[0], "second");
        until_loaded(h, 2);
        assert_int_equal(h->applies, 1);
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
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
