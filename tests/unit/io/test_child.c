// SPDX-License-Identifier: Apache-2.0
#include "sidecar/io/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

#include "tests/canary.h"
#include "tests/unit/stack.h"
#include "tests/unit/unit.h"

// Time-outs that the loop is asked for, the last one first. The linker sends calls here, see cmake/tests.cmake.
static uint64_t timeouts_ms[2];

int __real_uv_timer_start(uv_timer_t *timer, uv_timer_cb callback, uint64_t timeout_ms, uint64_t repeat_ms);
int __wrap_uv_timer_start(uv_timer_t *timer, uv_timer_cb callback, uint64_t timeout_ms, uint64_t repeat_ms);
int __wrap_uv_timer_start(uv_timer_t *timer, uv_timer_cb callback, uint64_t timeout_ms, uint64_t repeat_ms)
{
        timeouts_ms[1] = timeouts_ms[0];
        timeouts_ms[0] = timeout_ms;
        return __real_uv_timer_start(timer, callback, timeout_ms, repeat_ms);
}

enum { OUTPUT_MAX = 64 * 1024, TEXT_MAX = 80 * 1024, TEST_TIMEOUT_MS = 60000 };

struct run {
        uv_loop_t loop;
        struct child *child;
        bool is_starting, cancels;
        unsigned completions;
        enum child_end end;
        int status, signal;
        size_t output_n, errors_n;
        char output[TEXT_MAX], errors[TEXT_MAX];
        struct error e;
};

static void ended(void *arg, const struct child_result *result)
{
        struct run *r = arg;
        assert_false(r->is_starting);
        r->completions++;
        r->end = result->end;
        r->status = result->status;
        r->signal = result->signal;
        r->output_n = result->output.n;
        r->errors_n = result->errors.n;
        assert_true(r->output_n < TEXT_MAX && r->errors_n < TEXT_MAX);
        if (r->output_n)
                memcpy(r->output, result->output.p, r->output_n);
        if (r->errors_n)
                memcpy(r->errors, result->errors.p, r->errors_n);
}

static int begin(struct run *r, char *const *words, int64_t timeout_ms)
{
        static char path[] = "PATH=/usr/bin:/bin";
        static char *const environment[] = {path, NULL};
        const struct child_options order = {
            .words = words, .environment = environment, .output_max = OUTPUT_MAX, .timeout_ms = timeout_ms};
        memset(r, 0, sizeof(*r));
        assert_int_equal(uv_loop_init(&r->loop), 0);
        r->is_starting = true;
        r->child = child_start(&r->loop, &order, ended, r, &r->e);
        r->is_starting = false;
        assert_int_equal(r->completions, 0);
        return r->child ? 0 : -1;
}

// Runs to the end; nothing is left in the loop, and no process of ours.
static void finish(struct run *r)
{
        if (r->cancels)
                child_cancel(r->child);
        assert_int_equal(uv_run(&r->loop, UV_RUN_DEFAULT), 0);
        assert_int_equal(r->completions, r->child ? 1 : 0);
        assert_int_equal(uv_loop_close(&r->loop), 0);
        assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
        assert_int_equal(errno, ECHILD);
}

static struct run *shell(const char *script, int64_t timeout_ms)
{
        static char sh[] = "sh", option[] = "-c";
        char *copy = strdup(script);
        struct run *r = malloc(sizeof(*r));
        assert_true(copy && r);
        char *const words[] = {sh, option, copy, NULL};
        if (begin(r, words, timeout_ms) < 0)
                fail_msg("%s", r->e.message);
        free(copy);
        return r;
}

static struct run *shell_to_end(const char *script, int64_t timeout_ms)
{
        struct run *r = shell(script, timeout_ms);
        finish(r);
        return r;
}

static void gives_output_and_status(void **state)
{
        (void)state;
        static const struct {
                const char *script;
                enum child_end end;
                int status, signal;
                const char *output, *errors;
        } t[] = {
            {"echo out; echo err >&2", CHILD_EXITED, 0, 0, "out\n", "err\n"},
            {"exit 3", CHILD_EXITED, 3, 0, "", ""},
            {"printf half; kill -ABRT $$", CHILD_SIGNALLED, 0, SIGABRT, "half", ""},
            {"kill -KILL $$", CHILD_SIGNALLED, 0, SIGKILL, "", ""},
            {"cat; echo eof", CHILD_EXITED, 0, 0, "eof\n", ""},                             // nothing to read
            {"echo a >/dev/stdout; echo b >/dev/stderr", CHILD_EXITED, 0, 0, "a\n", "b\n"}, // pipes, not sockets
            {"echo \"$0 $PATH $HOME\"", CHILD_EXITED, 0, 0, "sh /usr/bin:/bin \n", ""},
            {"exec 1>&- 2>&-; exit 4", CHILD_EXITED, 4, 0, "", ""},
            {"(sleep 60 &) ; echo done", CHILD_EXITED, 0, 0, "done\n", ""}, // what it leaves behind is not waited for
            {"ps -o sid=,pgid=,tty= -p $$ | grep -qx \" *$$ *$$ ? *\" && echo own", CHILD_EXITED, 0, 0, "own\n", ""},
        };
        for (size_t i = 0; i < LENGTH(t); i++) {
                struct run *r = shell_to_end(t[i].script, TEST_TIMEOUT_MS);
                if (r->end != t[i].end || r->status != t[i].status || r->signal != t[i].signal)
                        fail_msg("%s: end %d, status %d, signal %d, %s", t[i].script, r->end, r->status, r->signal,
                                 r->errors);
                assert_string_equal(r->output, t[i].output);
                assert_string_equal(r->errors, t[i].errors);
                free(r);
        }
}

static void all_that_fits(void **state)
{
        (void)state;
        struct run *r = shell_to_end("head -c 65536 /dev/zero | tr '\\0' x", TEST_TIMEOUT_MS);
        assert_int_equal(r->end, CHILD_EXITED);
        assert_int_equal(r->output_n, OUTPUT_MAX);
        free(r);
        // Standard error may be of any length; its end is kept.
        r = shell_to_end("head -c 300000 /dev/zero | tr '\\0' x >&2; echo the end >&2; echo fine", TEST_TIMEOUT_MS);
        assert_int_equal(r->end, CHILD_EXITED);
        assert_string_equal(r->output, "fine\n");
        assert_true(r->errors_n >= 8 * 1024 && r->errors_n <= 16 * 1024);
        assert_string_equal(r->errors + r->errors_n - 9, "xthe end\n");
        free(r);
}

static void too_much_ends_it(void **state)
{
        (void)state;
        static const char *const scripts[] = {
            "head -c 65537 /dev/zero", "head -c 65537 /dev/zero; sleep 600", "yes",
            "trap '' TERM PIPE; yes 2>/dev/null; while :; do sleep 600; done", // needs SIGKILL
        };
        for (size_t i = 0; i < LENGTH(scripts); i++) {
                struct run *r = shell_to_end(scripts[i], TEST_TIMEOUT_MS);
                assert_int_equal(r->end, CHILD_TOO_MUCH);
                free(r);
        }
}

static void time_is_limited(void **state)
{
        (void)state;
        static const char *const scripts[] = {
            "sleep 600",
            "trap '' TERM; sleep 600; sleep 600", // needs SIGKILL
            "sleep 600 & wait",
        };
        for (size_t i = 0; i < LENGTH(scripts); i++) {
                struct run *r = shell_to_end(scripts[i], 20);
                assert_int_equal(r->end, CHILD_TIMED_OUT);
                free(r);
        }
}

static void cancel_ends_it(void **state)
{
        (void)state;
        static const char *const scripts[] = {"sleep 600", "trap '' TERM; sleep 600; sleep 600", "exit 0"};
        for (size_t i = 0; i < LENGTH(scripts); i++) {
                struct run *r = shell(scripts[i], TEST_TIMEOUT_MS);
                r->cancels = true;
                finish(r);
                assert_int_equal(r->end, CHILD_CANCELLED);
                free(r);
        }
}

// The whole group goes: a helper that the command started holds the pipe's other end no longer.
static void its_helpers_end_too(void **state)
{
        (void)state;
        char script[256], name[64], byte;
        char folder[] = "/tmp/keyfob-test-XXXXXX";
        int fd;
        assert_non_null(mkdtemp(folder));
        (void)snprintf(name, sizeof(name), "%s/fifo", folder);
        (void)snprintf(script, sizeof(script), "mkfifo %s; sh -c 'trap \"\" TERM; exec sleep 600' >%s & wait", name,
                       name);
        struct run *r = shell(script, 300);
        while ((fd = open(name, O_RDONLY | O_CLOEXEC)) < 0) // waits for the helper
                assert_int_equal(errno, ENOENT);
        finish(r);
        assert_int_equal(r->end, CHILD_TIMED_OUT);
        assert_int_equal(read(fd, &byte, 1), 0);
        (void)close(fd);
        (void)remove(name);
        assert_int_equal(rmdir(folder), 0);
        free(r);
}

// Also descriptors that were inherited, or opened by a library that does not mark its own.
static void no_descriptor_goes_along(void **state)
{
        (void)state;
        int fd = open("/dev/null", O_RDONLY);
        assert_true(fd >= 3);
        struct run *r = shell_to_end("ls /proc/self/fd | wc -l", TEST_TIMEOUT_MS);
        assert_string_equal(r->output, "4\n"); // 0, 1, 2, and the folder itself
        assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
        (void)close(fd);
        free(r);
}

static void signals_are_as_they_should_be(void **state)
{
        (void)state;
        struct sigaction before, ignore = {.sa_handler = SIG_IGN};
        assert_int_equal(sigaction(SIGPIPE, &ignore, &before), 0);
        struct run *r = shell_to_end("grep -E 'Sig(Blk|Ign)' /proc/self/status | tr -d '\\t'", TEST_TIMEOUT_MS);
        assert_string_equal(r->output, "SigBlk:0000000000000000\nSigIgn:0000000000000000\n");
        assert_int_equal(sigaction(SIGPIPE, &before, NULL), 0);
        free(r);
}

static void what_cannot_be_run(void **state)
{
        (void)state;
        static const struct {
                const char *path, *message, *hint;
        } t[] = {
            {"/nonexistent/command", "/nonexistent/command: no such file", "absolute path"},
            {"keyfob-no-such-command", "no such file", "PATH"},
            {"~/x", "no such file", "~"},
            {"/etc/passwd", "permission denied", "execute"},
            {"/tmp", "permission denied", "execute"},
        };
        for (size_t i = 0; i < LENGTH(t); i++) {
                char *path = strdup(t[i].path);
                assert_non_null(path);
                char *const words[] = {path, NULL};
                struct run *r = malloc(sizeof(*r));
                assert_non_null(r);
                assert_int_equal(begin(r, words, TEST_TIMEOUT_MS), -1);
                assert_int_equal(r->e.kind, ERROR_CONFIG);
                assert_non_null(strstr(r->e.message, t[i].message));
                assert_non_null(strstr(r->e.hint, t[i].hint));
                finish(r);
                free(r);
                free(path);
        }
}

static void no_descriptor_is_left(void **state)
{
        (void)state;
        int before = dup(STDIN_FILENO);
        assert_true(before >= 0);
        (void)close(before);
        free(shell_to_end("echo x; echo y >&2", TEST_TIMEOUT_MS));
        free(shell_to_end("yes", TEST_TIMEOUT_MS));
        free(shell_to_end("exec 1>&-; exit 1", TEST_TIMEOUT_MS));
        int after = dup(STDIN_FILENO);
        assert_int_equal(after, before);
        (void)close(after);
}

struct printed {
        struct run *run;
        char path[32];
};

static void print_file(void *arg)
{
        static char cat[] = "cat";
        struct printed *p = arg;
        char *const words[] = {cat, p->path, NULL};
        assert_int_equal(begin(p->run, words, TEST_TIMEOUT_MS), 0);
        finish(p->run);
}

static void kills_after_half_a_second(void **state)
{
        (void)state;
        struct run *r = shell_to_end("trap '' TERM; while :; do sleep 1; done", 70);
        assert_int_equal(r->end, CHILD_TIMED_OUT);
        assert_int_equal(timeouts_ms[1], 70);
        assert_int_equal(timeouts_ms[0], 500);
        free(r);
}

// It is not read by way of the stack.
static void test_output_leaves_the_stack(void **state)
{
        (void)state;
        struct printed p = {malloc(sizeof(*p.run)), "/tmp/keyfob-child-XXXXXX"};
        int fd = mkstemp(p.path);
        assert_true(p.run && fd >= 0);
        assert_int_equal(write(fd, CANARY, sizeof(CANARY) - 1), sizeof(CANARY) - 1);
        (void)close(fd);
        assert_false(stack_keeps(SLICE(CANARY), print_file, &p));
        assert_int_equal(p.run->output_n, sizeof(CANARY) - 1);
        explicit_bzero(p.run, sizeof(*p.run)); // its copy of the output, see tests/canary.h
        free(p.run);
        assert_int_equal(unlink(p.path), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_output_leaves_the_stack),
            cmocka_unit_test(kills_after_half_a_second),
            cmocka_unit_test(gives_output_and_status),
            cmocka_unit_test(all_that_fits),
            cmocka_unit_test(too_much_ends_it),
            cmocka_unit_test(time_is_limited),
            cmocka_unit_test(cancel_ends_it),
            cmocka_unit_test(its_helpers_end_too),
            cmocka_unit_test(no_descriptor_goes_along),
            cmocka_unit_test(signals_are_as_they_should_be),
            cmocka_unit_test(what_cannot_be_run),
            cmocka_unit_test(no_descriptor_is_left),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
