// SPDX-License-Identifier: Apache-2.0
// Lines of `keyfob events`.
#include "clients/cli/event_line.h"
#include "proto/mem/length.h"
#include "tests/unit/unit.h"

#define AT "\"time\":\"2026-09-01T12:00:00Z\"}"
#define LINE "2026-09-01T12:00:00Z  "

static void writes_a_line_for_each_event(void **state)
{
        (void)state;
        static const struct {
                const char *name, *data, *line;
        } rows[] = {
            {"rotated",
             "{\"event\":\"rotated\",\"profile\":\"irsa\",\"generation\":4,\"expiration\":\"2026-09-01T13:00:00Z\"," AT,
             LINE "rotated          irsa  generation 4, until 2026-09-01T13:00:00Z\n"},
            {"rotated", "{\"profile\":\"a\",\"generation\":1,\"expiration\":null," AT,
             LINE "rotated          a  generation 1\n"},
            {"refresh_failed", "{\"profile\":\"a\",\"generation\":0,\"expiration\":null,\"kind\":\"denied\"," AT,
             LINE "refresh_failed   a  denied\n"},
            {"refresh_failed",
             "{\"profile\":\"a\",\"generation\":2,\"expiration\":\"2026-09-01T13:00:00Z\",\"kind\":\"transient\"," AT,
             LINE "refresh_failed   a  transient  generation 2, until 2026-09-01T13:00:00Z\n"},
            {"config_reloaded", "{" AT, LINE "config_reloaded\n"},
            {"missed", "{\"reason\":\"too_old\"," AT, LINE "missed             too_old\n"},
            {"of_another_version", "{\"profile\":\"a\",\"more\":[1]," AT, LINE "of_another_version  a\n"},
            {"x", "{\"profile\":\"a\\u001b[31m\\nb\",\"generation\":\"4\"}",
             "                      x                a?[31m?b\n"},
            {"\033[2J", "{" AT, LINE "?[2J\n"},
            {"x", "[]", "                      x\n"},
        };
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct buffer out;
                buffer_init(&out, 1024);
                (void)buffer_put(&out, SLICE("before\n"));
                assert_int_equal(event_line_write(slice_str(rows[i].name), slice_str(rows[i].data), &out), 0);
                assert_string_equal(buffer_c_str(&out) + 7, rows[i].line);
                buffer_free(&out);
        }
}

static void refuses_what_is_no_event(void **state)
{
        (void)state;
        static const char *const data[] = {"", "{", "x", "{\"a\":1}{}"};
        for (size_t i = 0; i < LENGTH(data); i++) {
                struct buffer out;
                buffer_init(&out, 1024);
                assert_int_equal(event_line_write(SLICE("rotated"), slice_str(data[i]), &out), -1);
                buffer_free(&out);
        }
        struct buffer small;
        buffer_init(&small, 30);
        assert_int_equal(event_line_write(SLICE("rotated"), SLICE("{" AT), &small), -1);
        buffer_free(&small);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(writes_a_line_for_each_event),
            cmocka_unit_test(refuses_what_is_no_event),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
