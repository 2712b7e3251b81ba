// SPDX-License-Identifier: Apache-2.0
#include "sidecar/base/log.h"

#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "proto/mem/text.h"
#include "sidecar/base/clock.h"
#include "tests/unit/unit.h"

#define TS "2026-09-01T12:00:00.042Z"

static int64_t fixed_wall_ms(void *context)
{
        return *(const int64_t *)context;
}

struct fixture {
        int64_t wall_ms;
        struct clock clock;
        struct log log;
        int read_fd;
        char line[65536];
};

static int set_up(void **state)
{
        struct fixture *f = calloc(1, sizeof(*f));
        int fds[2];
        assert_non_null(f);
        // Packets: each write is read as one, so that two of them would show.
        assert_int_equal(pipe2(fds, O_CLOEXEC | O_NONBLOCK | O_DIRECT), 0);
        f->wall_ms = 1788264000042;
        f->clock = (struct clock){.wall_ms = fixed_wall_ms, .context = &f->wall_ms, .speed = 1};
        f->log = (struct log){.fd = fds[1], .level = LOG_LEVEL_INFO, .clock = &f->clock};
        f->read_fd = fds[0];
        *state = f;
        return 0;
}

static int tear_down(void **state)
{
        struct fixture *f = *state;
        (void)close(f->read_fd);
        (void)close(f->log.fd);
        free(f);
        return 0;
}

// What the last event wrote. A pipe cuts packets at its page size, so longer lines take several reads.
static const char *take_line(struct fixture *f)
{
        size_t n = 0;
        for (;;) {
                ssize_t got = read(f->read_fd, f->line + n, sizeof(f->line) - 1 - n);
                if (got <= 0)
                        break;
                n += (size_t)got;
                if (got < 4096)
                        break;
        }
        f->line[n] = '\0';
        return f->line;
}

static void test_logfmt(void **state)
{
        struct fixture *f = *state;
        LOG_EVENT(&f->log, LOG_LEVEL_INFO, "rotated", LOG_STR("profile", "dev"), LOG_INT("generation", 7),
                  LOG_STR("role", "arn:aws:iam::1:role/a"), LOG_STR("text", "two words"), LOG_STR("empty", ""),
                  LOG_STR("none", NULL), LOG_INT("low", INT64_MIN));
        assert_string_equal(take_line(f), "ts=" TS " level=info event=rotated profile=dev generation=7 "
                                          "role=arn:aws:iam::1:role/a text=\"two words\" empty=\"\" none=\"\" "
                                          "low=-9223372036854775808\n");
}

static void test_json(void **state)
{
        struct fixture *f = *state;
        f->log.format = LOG_FORMAT_JSON;
        LOG_EVENT(&f->log, LOG_LEVEL_ERROR, "failed", LOG_STR("profile", "dev"), LOG_INT("status", 503),
                  LOG_SLICE("part", slice_of("abcdef", 3)));
        assert_string_equal(take_line(f), "{\"ts\":\"" TS "\",\"level\":\"error\",\"event\":\"failed\","
                                          "\"profile\":\"dev\",\"status\":503,\"part\":\"abc\"}\n");
        log_emit(&f->log, LOG_LEVEL_WARN, "bare", NULL, 0);
        assert_string_equal(take_line(f), "{\"ts\":\"" TS "\",\"level\":\"warn\",\"event\":\"bare\"}\n");
}

static void test_escapes(void **state)
{
        static const struct {
                struct slice value;
                const char *logfmt, *json;
        } rows[] = {
            {SLICE_INIT("a\nb"), "\"a\\nb\"", "\"a\\nb\""},
            {SLICE_INIT("\"\\\r\t"), "\"\\\"\\\\\\r\\t\"", "\"\\\"\\\\\\r\\t\""},
            {SLICE_INIT("\x1b[0m"), "\"\\u001b[0m\"", "\"\\u001b[0m\""},
            {SLICE_INIT("a\0b"), "\"a\\u0000b\"", "\"a\\u0000b\""},
            {SLICE_INIT("\x7f"), "\"\\u007f\"", "\"\\u007f\""},
            {SLICE_INIT("\xc2\x9b"), "\"\\u009b\"", "\"\\u009b\""},   // CSI as one character
            {SLICE_INIT("\xc3\xa9"), "\"\xc3\xa9\"", "\"\xc3\xa9\""}, // é
            {SLICE_INIT("\xc3\x84"), "\"\xc3\x84\"", "\"\xc3\x84\""}, // Ä: its second byte is that of a CSI
            {SLICE_INIT("\xc2\xa7"), "\"\xc2\xa7\"", "\"\xc2\xa7\""}, // §: its first byte is
            {SLICE_INIT("\xe2\x80\xae"), "\"\\u202e\"", "\"\\u202e\""},
            {SLICE_INIT("\xf3\xa0\x81\x81"), "\"\\udb40\\udc41\"", "\"\\udb40\\udc41\""},
            {SLICE_INIT("\xff.\xc3"), "\"\xef\xbf\xbd.\xef\xbf\xbd\"", "\"\xef\xbf\xbd.\xef\xbf\xbd\""},
            {SLICE_INIT("a=b"), "\"a=b\"", "\"a=b\""},
            {SLICE_INIT("a%20b,c@d+e~f"), "a%20b,c@d+e~f", "\"a%20b,c@d+e~f\""},
        };
        struct fixture *f = *state;
        for (size_t i = 0; i < LENGTH(rows); i++) {
                char want[256];
                f->log.format = LOG_FORMAT_LOGFMT;
                LOG_EVENT(&f->log, LOG_LEVEL_INFO, "e", LOG_SLICE("k", rows[i].value));
                (void)snprintf(want, sizeof(want), "ts=" TS " level=info event=e k=%s\n", rows[i].logfmt);
                assert_string_equal(take_line(f), want);
                f->log.format = LOG_FORMAT_JSON;
                LOG_EVENT(&f->log, LOG_LEVEL_INFO, "e", LOG_SLICE("k", rows[i].value));
                (void)snprintf(want, sizeof(want), "{\"ts\":\"" TS "\",\"level\":\"info\",\"event\":\"e\",\"k\":%s}\n",
                               rows[i].json);
                assert_string_equal(take_line(f), want);
        }
}

static void test_long_values_are_cut(void **state)
{
        struct fixture *f = *state;
        for (size_t n = 1020; n < 1030; n++) {
                char text[2048];
                memset(text, 'v', n);
                memcpy(text + n, "\xf0\x9f\x94\x91", 4); // must not be cut in two
                f->log.format = LOG_FORMAT_JSON;
                LOG_EVENT(&f->log, LOG_LEVEL_INFO, "e", LOG_SLICE("k", slice_of(text, n + 4)), LOG_INT("after", 1));
                struct slice line = slice_str(take_line(f));
                bool is_cut = n + 4 > 1024;
                assert_true(text_is_utf8(line));
                assert_true(slice_ends_with(line, is_cut ? SLICE("v\xe2\x80\xa6\",\"after\":1}\n")
                                                         : SLICE("v\xf0\x9f\x94\x91\",\"after\":1}\n")));
                assert_null(memmem(line.p, line.n, "\xef\xbf\xbd", 3));
        }
}

// Values that grow sixfold by their escapes: what does not fit is left out, and the line stays whole.
static void test_lines_that_are_too_long(void **state)
{
        static const enum log_format formats[] = {LOG_FORMAT_LOGFMT, LOG_FORMAT_JSON};
        struct fixture *f = *state;
        char text[1024];
        memset(text, 1, sizeof(text));
        for (size_t i = 0; i < 2; i++) {
                f->log.format = formats[i];
                struct slice value = slice_of(text, sizeof(text));
                LOG_EVENT(&f->log, LOG_LEVEL_INFO, "e", LOG_SLICE("a", value), LOG_SLICE("b", value),
                          LOG_SLICE("c", value), LOG_INT("last", 5));
                struct slice line = slice_str(take_line(f));
                bool is_json = formats[i] == LOG_FORMAT_JSON;
                assert_true(
                    slice_ends_with(line, is_json ? SLICE("\\u0001\",\"last\":5}\n") : SLICE("\\u0001\" last=5\n")));
                assert_null(memmem(line.p, line.n, is_json ? "\"c\"" : " c=", 3));
                assert_int_equal(slice_find(line, '\n'), line.n - 1);
        }
}

static void writes_only_events_up_to_the_level(void **state)
{
        struct fixture *f = *state;
        LOG_EVENT(&f->log, LOG_LEVEL_DEBUG, "hidden", LOG_INT("a", 1));
        assert_string_equal(take_line(f), "");
        f->log.level = LOG_LEVEL_ERROR;
        LOG_EVENT(&f->log, LOG_LEVEL_WARN, "hidden", LOG_INT("a", 1));
        assert_string_equal(take_line(f), "");
        f->log.level = LOG_LEVEL_DEBUG;
        LOG_EVENT(&f->log, LOG_LEVEL_DEBUG, "shown", LOG_INT("a", 1));
        assert_string_equal(take_line(f), "ts=" TS " level=debug event=shown a=1\n");
}

static void test_clock_out_of_range(void **state)
{
        struct fixture *f = *state;
        f->wall_ms = INT64_MAX;
        log_emit(&f->log, LOG_LEVEL_INFO, "e", NULL, 0);
        assert_string_equal(take_line(f), "level=info event=e\n");
        f->wall_ms = -1;
        f->log.format = LOG_FORMAT_JSON;
        log_emit(&f->log, LOG_LEVEL_INFO, "e", NULL, 0);
        assert_string_equal(take_line(f), "{\"level\":\"info\",\"event\":\"e\"}\n");
}

static void test_one_write(void **state)
{
        struct fixture *f = *state;
        char text[512];
        log_emit(&f->log, LOG_LEVEL_INFO, "one", NULL, 0);
        log_emit(&f->log, LOG_LEVEL_INFO, "two", NULL, 0);
        ssize_t n = read(f->read_fd, text, sizeof(text));
        assert_true(n > 0 && text[n - 1] == '\n'); // the first packet is the first line, whole
        assert_true(slice_ends_with(slice_of(text, (size_t)n), SLICE("event=one\n")));
        assert_string_equal(take_line(f), "ts=" TS " level=info event=two\n");
}

static void test_nobody_reads(void **state)
{
        struct fixture *f = *state;
        struct log log = f->log;
        (void)signal(SIGPIPE, SIG_IGN);
        int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
        assert_true(full >= 0);
        log.fd = full;
        log_emit(&log, LOG_LEVEL_INFO, "e", NULL, 0);
        assert_int_equal(close(full), 0);
        log_emit(&log, LOG_LEVEL_INFO, "e", NULL, 0);
        assert_int_equal(close(f->read_fd), 0);
        f->read_fd = -1;
        log_emit(&f->log, LOG_LEVEL_INFO, "e", NULL, 0);
}

static void test_parse(void **state)
{
        static const struct {
                const char *text;
                int level; // -1: refused
        } levels[] = {{"error", LOG_LEVEL_ERROR},
                      {"warn", LOG_LEVEL_WARN},
                      {"info", LOG_LEVEL_INFO},
                      {"debug", LOG_LEVEL_DEBUG},
                      {"", -1},
                      {"INFO", -1},
                      {"warning", -1},
                      {"debug ", -1}};
        enum log_level level = LOG_LEVEL_INFO;
        enum log_format format = LOG_FORMAT_LOGFMT;
        (void)state;
        for (size_t i = 0; i < LENGTH(levels); i++) {
                int r = log_parse_level(levels[i].text, &level);
                assert_int_equal(r, levels[i].level < 0 ? -1 : 0);
                if (r == 0)
                        assert_int_equal(level, levels[i].level);
        }
        assert_int_equal(log_parse_format("json", &format), 0);
        assert_int_equal(format, LOG_FORMAT_JSON);
        assert_int_equal(log_parse_format("logfmt", &format), 0);
        assert_int_equal(format, LOG_FORMAT_LOGFMT);
        assert_int_equal(log_parse_format("text", &format), -1);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

static void on_alarm(int number)
{
        (void)number;
        _exit(3);
}

// A reader that has stopped reading costs lines, not time.
static void test_a_slow_reader_holds_nothing_up(void **state)
{
        struct fixture *f = *state;
        int fds[2];
        struct sigaction action = {.sa_handler = on_alarm};
        assert_int_equal(pipe2(fds, O_CLOEXEC), 0); // blocking, as standard error is
        struct log log = f->log;
        log.fd = fds[1];
        assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
        alarm(60);
        char text[1001];
        memset(text, 'x', sizeof(text) - 1);
        text[sizeof(text) - 1] = '\0';
        for (int i = 0; i < 1000; i++)
                LOG_EVENT(&log, LOG_LEVEL_ERROR, "event", LOG_STR("text", text));
        alarm(0);
        // What did fit is there, and whole.
        size_t lines = 0, n = 0;
        assert_int_equal(fcntl(fds[0], F_SETFL, O_NONBLOCK), 0);
        for (ssize_t got; (got = read(fds[0], f->line, sizeof(f->line))) > 0; n += (size_t)got)
                for (ssize_t i = 0; i < got; i++)
                        lines += f->line[i] == '\n';
        assert_true(lines > 10 && lines < 1000);
        assert_true(n > 1000 * lines && f->line[0] != '\0');
        (void)close(fds[0]);
        (void)close(fds[1]);
}

int main(void)
{
        const struct CMUnitTest tests[] = {TEST(test_logfmt),
                                           TEST(test_json),
                                           TEST(test_escapes),
                                           TEST(test_long_values_are_cut),
                                           TEST(test_lines_that_are_too_long),
                                           TEST(writes_only_events_up_to_the_level),
                                           TEST(test_clock_out_of_range),
                                           TEST(test_one_write),
                                           TEST(test_nobody_reads),
                                           TEST(test_a_slow_reader_holds_nothing_up),
                                           TEST(test_parse)};
        return cmocka_run_group_tests(tests, NULL, NULL);
}
