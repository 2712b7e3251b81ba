// SPDX-License-Identifier: Apache-2.0
// What is said of a failure at the start, to whom. A descriptor of ours stands in for standard error.
#include "sidecar/app/report.h"

#include <pty.h>
#include <stdio.h>

#include "sidecar/base/log_file.h"
#include "sidecar/config/faults.h"
#include "tests/unit/app/log_pipe.h"
#include "tests/unit/folder.h"

struct screen {
        int saved;
        struct folder folder;
        char path[64], text[16384];
};

static void screen_begin(struct screen *s)
{
        folder_make(&s->folder);
        folder_name(&s->folder, "stderr", s->path, sizeof(s->path));
        write_file(s->path, "");
        int fd = open(s->path, O_RDWR | O_APPEND | O_CLOEXEC);
        (void)fflush(stderr);
        s->saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
        assert_true(fd >= 0 && s->saved >= 0);
        assert_int_equal(dup2(fd, STDERR_FILENO), STDERR_FILENO);
        close(fd);
}

// What was written since.
static const char *screen_end(struct screen *s)
{
        (void)fflush(stderr);
        assert_int_equal(dup2(s->saved, STDERR_FILENO), STDERR_FILENO);
        close(s->saved);
        int fd = open(s->path, O_RDONLY | O_CLOEXEC);
        ssize_t n = read(fd, s->text, sizeof(s->text) - 1);
        assert_true(n >= 0);
        s->text[n] = '\0';
        close(fd);
        folder_remove_all(&s->folder);
        return s->text;
}

static void chooses_the_exit_status_by_kind(void **state)
{
        static const struct {
                enum error_kind kind;
                int status;
        } rows[] = {{ERROR_CONFIG, 78}, {ERROR_INTERNAL, 1}, {ERROR_TRANSIENT, 1}};
        (void)state;
        for (size_t i = 0; i < LENGTH(rows); i++)
                assert_int_equal(report_exit_status(&(struct error){.kind = rows[i].kind}), rows[i].status);
}

static void prints_an_error_with_its_hint(void **state)
{
        struct screen s;
        (void)state;
        screen_begin(&s);
        report_error(&(struct error){.message = "no socket", .hint = "make one"});
        report_error(&(struct error){.message = "no luck"});
        assert_string_equal(screen_end(&s), "keyfobd: no socket\nhint: make one\nkeyfobd: no luck\n");
}

// A log that nobody reads now has it, and so has whoever started the agent, where that can be known.
static void tells_the_log_and_the_reader(void **state)
{
        static const struct {
                bool is_log_file;
                const char *screen;
        } rows[] = {{false, ""}, {true, "keyfobd: no socket\nhint: make one\n"}};
        const struct error e = {.kind = ERROR_CONFIG, .message = "no socket", .hint = "make one"};
        (void)state;
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct screen s;
                struct log_pipe l;
                struct log_file file = {.fd = -1};
                log_pipe_open(&l);
                if (rows[i].is_log_file)
                        l.log.file = &file;
                screen_begin(&s);
                struct log log = l.log;
                report_failure(&log, &e);
                assert_string_equal(screen_end(&s), rows[i].screen);
                const char *line = log_pipe_read(&l);
                assert_non_null(strstr(line, "level=error event=failed kind=config error=\"no socket\""));
                assert_non_null(strstr(line, "hint=\"make one\""));
                log_pipe_close(&l);
        }
}

// Standard error that only the service manager reads has lines of the log.
static void logs_where_nobody_reads_along(void **state)
{
        const struct error e = {.kind = ERROR_CONFIG, .message = "no socket", .hint = "make one"};
        struct screen s;
        struct clock clock;
        (void)state;
        clock_init_system(&clock);
        screen_begin(&s);
        report_failure(&(struct log){.fd = STDERR_FILENO, .level = LOG_LEVEL_INFO, .clock = &clock}, &e);
        const char *text = screen_end(&s);
        assert_non_null(strstr(text, "event=failed kind=config error=\"no socket\""));
        assert_null(strstr(text, "keyfobd:"));
}

// At a terminal that is the log, too, it is said once, for people.
static void says_it_once_at_a_terminal(void **state)
{
        const struct error e = {.kind = ERROR_CONFIG, .message = "no socket", .hint = "make one"};
        struct clock clock;
        char text[1024];
        int terminal, other;
        (void)state;
        clock_init_system(&clock);
        assert_int_equal(openpty(&terminal, &other, NULL, NULL, NULL), 0);
        (void)fflush(stderr);
        int saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
        assert_int_equal(dup2(other, STDERR_FILENO), STDERR_FILENO);
        report_failure(&(struct log){.fd = STDERR_FILENO, .level = LOG_LEVEL_INFO, .clock = &clock}, &e);
        (void)fflush(stderr);
        assert_int_equal(dup2(saved, STDERR_FILENO), STDERR_FILENO);
        close(saved);
        assert_int_equal(fcntl(terminal, F_SETFL, O_NONBLOCK), 0);
        size_t n = 0;
        for (ssize_t got; (got = read(terminal, text + n, sizeof(text) - 1 - n)) > 0;)
                n += (size_t)got;
        text[n] = '\0';
        assert_string_equal(text, "keyfobd: no socket\r\nhint: make one\r\n");
        close(terminal);
        close(other);
}

static void lists_faults_with_each_hint_once(void **state)
{
        static struct faults faults;
        struct screen s;
        (void)state;
        faults_add(&faults, &(struct error){.message = "a", .hint = "x"});
        faults_add(&faults, &(struct error){.message = "b", .hint = "x"});
        faults_add(&faults, &(struct error){.message = "c", .hint = "y"});
        screen_begin(&s);
        report_faults(&faults);
        assert_string_equal(screen_end(&s), "keyfobd: a\nkeyfobd: b\nhint: x\nkeyfobd: c\nhint: y\n");
        for (size_t i = 3; i < FAULTS_KEPT; i++)
                faults_add(&faults, &(struct error){.message = "d", .hint = "z"});
        screen_begin(&s);
        report_faults(&faults);
        const char *text = screen_end(&s);
        assert_null(strstr(text, "more"));
        assert_non_null(strstr(text, "keyfobd: d\nhint: z\n")); // the last one has its hint
        for (int i = 0; i < 2; i++)
                faults_add(&faults, &(struct error){.message = "e", .hint = "z"});
        screen_begin(&s);
        report_faults(&faults);
        assert_non_null(strstr(screen_end(&s), "keyfobd: d\nhint: z\nkeyfobd: and 2 more\n"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(chooses_the_exit_status_by_kind), cmocka_unit_test(prints_an_error_with_its_hint),
            cmocka_unit_test(logs_where_nobody_reads_along),   cmocka_unit_test(tells_the_log_and_the_reader),
            cmocka_unit_test(says_it_once_at_a_terminal),      cmocka_unit_test(lists_faults_with_each_hint_once),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
