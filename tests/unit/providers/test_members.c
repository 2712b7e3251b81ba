// SPDX-License-Identifier: Apache-2.0
#include "sidecar/providers/members.h"

#include "tests/unit/unit.h"

static const struct member two[] = {{"a", SLICE_INIT("new \"a\"")}, {"b", SLICE_INIT("")}};

static void other_members_stay(void **state)
{
        (void)state;
        static const struct {
                const char *before, *after;
        } cases[] = {
            {"", "{\"a\":\"new \\\"a\\\"\"}"},
            {"{}", "{\"a\":\"new \\\"a\\\"\"}"},
            {"{\"a\":1}", "{\"a\":\"new \\\"a\\\"\"}"},
            {"{\"\\u0061\":1,\"b\":\"gone\"}", "{\"a\":\"new \\\"a\\\"\"}"},
            {"{\"c\":[1, {\"d\":\"\\u00e9\"}], \"e\" : -1.5e3}",
             "{\"a\":\"new \\\"a\\\"\",\"c\":[1, {\"d\":\"\\u00e9\"}],\"e\":-1.5e3}"},
            {"{\"t\":true,\"n\":null,\"s\":\"x\\\"y\"}",
             "{\"a\":\"new \\\"a\\\"\",\"t\":true,\"n\":null,\"s\":\"x\\\"y\"}"},
            {"[]", NULL},
            {"{", NULL},
            {"\"a\"", NULL},
        };
        for (size_t i = 0; i < LENGTH(cases); i++) {
                struct buffer out;
                buffer_init(&out, 4096);
                int r = members_replace(slice_str(cases[i].before), two, LENGTH(two), &out);
                assert_int_equal(r, cases[i].after ? 0 : -1);
                if (cases[i].after)
                        assert_string_equal(buffer_c_str(&out), cases[i].after);
                buffer_free(&out);
        }
}

static void full_buffer(void **state)
{
        (void)state;
        struct buffer out;
        buffer_init(&out, 8);
        assert_int_equal(members_replace(SLICE("{}"), two, LENGTH(two), &out), -1);
        buffer_free(&out);
}

static void times_and_seconds(void **state)
{
        (void)state;
        static const struct {
                const char *json;
                int r;
                int64_t value;
        } times[] = {
            {"{\"t\":\"2026-09-01T20:00:00Z\"}", 0, 1788292800},
            {"{\"t\":\"2026-09-01T20:00:00UTC\"}", 0, 1788292800},
            {"{\"t\":\"2026-09-01T22:00:00+02:00\"}", 0, 1788292800},
            {"{\"t\":null}", 0, 0},
            {"{}", 0, 0},
            {"{\"t\":\"UTC\"}", -1, 0},
            {"{\"t\":\"2026-09-01T20:00:00.0000000000000000000000000000UTC\"}", -1, 0},
            {"{\"t\":\"2026-09-01\"}", -1, 0},
            {"{\"t\":1788292800}", -1, 0},
            {"{\"t\":\"\"}", -1, 0},
        };
        static const struct {
                const char *json;
                int r;
                int64_t value;
        } seconds[] = {
            {"{\"t\":600}", 0, 600},    {"{}", 0, 0},           {"{\"t\":-1}", -1, 0},
            {"{\"t\":\"600\"}", -1, 0}, {"{\"t\":1.5}", -1, 0}, {"{\"t\":99999999999999999999}", -1, 0},
        };
        struct json_doc doc;
        struct json_fault fault;
        int64_t value;
        json_doc_init(&doc);
        for (size_t i = 0; i < LENGTH(times); i++) {
                assert_int_equal(json_parse(&doc, slice_str(times[i].json), &fault), 0);
                assert_int_equal(members_time(&doc, JSON_ROOT, SLICE("t"), &value), times[i].r);
                if (times[i].r == 0)
                        assert_int_equal(value, times[i].value);
        }
        for (size_t i = 0; i < LENGTH(seconds); i++) {
                assert_int_equal(json_parse(&doc, slice_str(seconds[i].json), &fault), 0);
                assert_int_equal(members_seconds(&doc, JSON_ROOT, SLICE("t"), &value), seconds[i].r);
                if (seconds[i].r == 0)
                        assert_int_equal(value, seconds[i].value);
        }
        json_doc_free(&doc);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(other_members_stay),
            cmocka_unit_test(full_buffer),
            cmocka_unit_test(times_and_seconds),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
