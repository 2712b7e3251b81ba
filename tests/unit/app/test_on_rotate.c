// SPDX-License-Identifier: Apache-2.0
// The command of a file, which the linker sends here instead of running it.
#include "sidecar/app/on_rotate.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <uv.h>

#include "proto/mem/length.h"
#include "sidecar/base/clock.h"
#include "sidecar/base/env.h"
#include "sidecar/base/log.h"
#include "sidecar/config/settings.h"
#include "sidecar/io/child.h"
#include "tests/unit/unit.h"

static struct {
        unsigned starts, cancels;
        bool fails;
        char words[128], environment[128];
        size_t output_max;
        int64_t timeout_ms;
        child_done_fn *done;
        void *arg;
} child;

static void join(char *const *list, char *out, size_t size)
{
        size_t n = 0;
        out[0] = '\0';
        for (; *list; list++)
                n += (size_t)snprintf(out + n, size - n, "<%s>", *list);
}

struct child *__wrap_child_start(struct uv_loop_s *loop, const struct child_options *options, child_done_fn *done,
                                 void *arg, struct error *e);
struct child *__wrap_child_start(struct uv_loop_s *loop, const struct child_options *options, child_done_fn *done,
                                 void *arg, struct error *e)
{
        (void)loop;
        child.starts++;
        join(options->words, child.words, sizeof(child.words));
        join(options->environment, child.environment, sizeof(child.environment));
        child.output_max = options->output_max;
        child.timeout_ms = options->timeout_ms;
        child.done = done;
        child.arg = arg;
        if (!child.fails)
                return (struct child *)(void *)&child;
        (void)error_set(e, ERROR_CONFIG, "run x: no such file or directory");
        return NULL;
}

void __wrap_child_cancel(struct child *c);
void __wrap_child_cancel(struct child *c)
{
        assert_ptr_equal(c, &child);
        child.cancels++;
}

struct fixture {
        uv_loop_t loop;
        struct clock clock;
        struct log log;
        struct env env;
        struct on_rotate_deps deps;
        struct on_rotate on_rotate;
        unsigned ends;
};

static char path[] = "/run/keys", profile[] = "a", word_1[] = "/bin/x", word_2[] = "a b";
static char *words[] = {word_1, word_2};
static const struct file_settings with_command = {
    .path = path, .profile = profile, .on_rotate = words, .on_rotate_count = 2};

static void on_ended(void *owner)
{
        ((struct fixture *)owner)->ends++;
}

static int set_up(void **state)
{
        static struct fixture h;
        static char kept[] = "HOME=/root", left_out[] = "KEYFOB_SOCKET=/x", also[] = "AWS_PROFILE=b";
        static char *environment[] = {kept, left_out, also, NULL};
        memset(&child, 0, sizeof(child));
        h = (struct fixture){.ends = 0};
        assert_int_equal(uv_loop_init(&h.loop), 0);
        clock_init_system(&h.clock);
        env_init(&h.env, environment);
        h.log = (struct log){.fd = memfd_create("log", MFD_CLOEXEC), .level = LOG_LEVEL_WARN, .clock = &h.clock};
        h.deps = (struct on_rotate_deps){.loop = &h.loop, .log = &h.log, .env = &h.env};
        h.on_rotate = (struct on_rotate){.deps = &h.deps, .ended = on_ended, .owner = &h};
        *state = &h;
        return 0;
}

static int tear_down(void **state)
{
        struct fixture *h = *state;
        assert_int_equal(close(h->log.fd), 0);
        assert_int_equal(uv_loop_close(&h->loop), 0);
        return 0;
}

static void end(const struct child_result *result)
{
        child.done(child.arg, result);
}

static void read_log(const struct fixture *h, char text[4096])
{
        ssize_t n = pread(h->log.fd, text, 4095, 0);
        assert_true(n >= 0);
        text[n] = '\0';
}

static void runs_the_words_with_the_agents_environment(void **state)
{
        struct fixture *h = *state;
        on_rotate_run(&h->on_rotate, &with_command);
        assert_string_equal(child.words, "</bin/x><a b>");
        assert_string_equal(child.environment, "<HOME=/root>");
        assert_int_equal(child.timeout_ms, 60000);
        assert_int_equal(child.output_max, 65536);
        end(&(struct child_result){.end = CHILD_EXITED});
        char text[4096];
        read_log(h, text);
        assert_string_equal(text, "");
}

static void does_nothing_without_a_command(void **state)
{
        struct fixture *h = *state;
        const struct file_settings without = {.path = path, .profile = profile};
        on_rotate_run(&h->on_rotate, &without);
        assert_int_equal(child.starts, 0);
        assert_false(on_rotate_close(&h->on_rotate));
}

static void runs_once_more_for_files_that_came_meanwhile(void **state)
{
        struct fixture *h = *state;
        static char *others[] = {word_1};
        const struct file_settings other = {
            .path = path, .profile = profile, .on_rotate = others, .on_rotate_count = 1};
        for (unsigned i = 0; i < 3; i++)
                on_rotate_run(&h->on_rotate, &with_command);
        on_rotate_replace(&h->on_rotate, &other); // a reload
        assert_int_equal(child.starts, 1);
        end(&(struct child_result){.end = CHILD_EXITED});
        assert_int_equal(child.starts, 2);
        assert_string_equal(child.words, "</bin/x>");
        end(&(struct child_result){.end = CHILD_EXITED});
        assert_int_equal(child.starts, 2);
        on_rotate_replace(&h->on_rotate, &with_command); // nothing is due
        assert_null(h->on_rotate.next);
}

static void reports_what_fails(void **state)
{
        static const struct {
                struct child_result result;
                const char *text;
        } rows[] = {
            {{.end = CHILD_EXITED, .status = 3, .errors = SLICE_INIT("no such service\n")},
             "ended with status 3: no such service"},
            {{.end = CHILD_SIGNALLED, .signal = 9}, "ended by signal 9"},
            {{.end = CHILD_TIMED_OUT}, "did not end within 60000 ms"},
            {{.end = CHILD_TOO_MUCH}, "more than 65536 bytes"},
            {{.end = CHILD_NO_MEMORY}, "out of memory"},
            {{.end = CHILD_CANCELLED}, "ended before the command"},
            {{.end = CHILD_EXITED, .status = 1, .errors = SLICE_INIT("secret_access_key=CANARY-and-more")}, "***"},
        };
        (void)state;
        for (size_t i = 0; i < LENGTH(rows); i++) {
                char text[4096];
                void *own = NULL;
                assert_int_equal(set_up(&own), 0);
                struct fixture *h = own;
                on_rotate_run(&h->on_rotate, &with_command);
                end(&rows[i].result);
                read_log(h, text);
                if (!strstr(text, "on_rotate_failed") || !strstr(text, rows[i].text) || !strstr(text, path) ||
                    strstr(text, "CANARY"))
                        fail_msg("row %zu: %s", i, text);
                assert_int_equal(tear_down(&own), 0);
        }
}

static unsigned count(const char *text, const char *word)
{
        unsigned found = 0;
        for (const char *at = text; (at = strstr(at, word)); at++)
                found++;
        return found;
}

// A client that may have the profile refreshed may do so all the time.
static void reports_once_a_minute(void **state)
{
        struct fixture *h = *state;
        char text[4096];
        child.fails = true;
        for (unsigned i = 0; i < 5; i++)
                on_rotate_run(&h->on_rotate, &with_command);
        assert_int_equal(child.starts, 5);
        read_log(h, text);
        assert_int_equal(count(text, "on_rotate_failed"), 1);
        h->on_rotate.reported_ms = uv_now(&h->loop) - 59999;
        on_rotate_run(&h->on_rotate, &with_command);
        read_log(h, text);
        assert_int_equal(count(text, "on_rotate_failed"), 1);
        h->on_rotate.reported_ms = uv_now(&h->loop) - 60000;
        on_rotate_run(&h->on_rotate, &with_command);
        read_log(h, text);
        assert_int_equal(count(text, "on_rotate_failed"), 2);
        assert_non_null(strstr(text, "no such file or directory"));
}

static void ends_a_command_with_its_owner(void **state)
{
        struct fixture *h = *state;
        on_rotate_run(&h->on_rotate, &with_command);
        on_rotate_run(&h->on_rotate, &with_command);
        assert_true(on_rotate_close(&h->on_rotate));
        assert_int_equal(child.cancels, 1);
        assert_int_equal(h->ends, 0);
        end(&(struct child_result){.end = CHILD_CANCELLED});
        assert_int_equal(h->ends, 1);
        assert_int_equal(child.starts, 1);
        on_rotate_run(&h->on_rotate, &with_command);
        assert_int_equal(child.starts, 1);
}

#define WITH_FIXTURE(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
            WITH_FIXTURE(runs_the_words_with_the_agents_environment),
            WITH_FIXTURE(does_nothing_without_a_command),
            WITH_FIXTURE(runs_once_more_for_files_that_came_meanwhile),
            cmocka_unit_test(reports_what_fails),
            WITH_FIXTURE(reports_once_a_minute),
            WITH_FIXTURE(ends_a_command_with_its_owner),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
