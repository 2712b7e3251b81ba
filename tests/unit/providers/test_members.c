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

struct read {
        struct slice text, bytes;
        int64_t time_s, number;
};

static const struct member_rule rules[] = {
    {"a.text", offsetof(struct read, text), MEMBER_TEXT, MEMBER_OPTIONAL},
    {"b", offsetof(struct read, text), MEMBER_TEXT, MEMBER_INFORMATION},
    {"bytes", offsetof(struct read, bytes), MEMBER_BASE64, MEMBER_OPTIONAL},
    {"t", offsetof(struct read, time_s), MEMBER_TIME, MEMBER_OPTIONAL},
    {"n", offsetof(struct read, number), MEMBER_NUMBER, MEMBER_OPTIONAL},
    {"i", offsetof(struct read, number), MEMBER_NUMBER, MEMBER_INFORMATION},
    {"j", offsetof(struct read, time_s), MEMBER_TIME, MEMBER_INFORMATION},
};

static void members_are_read_by_rules(void **state)
{
        (void)state;
        static const struct {
                const char *json;
                struct read want;
                const char *error; // NULL: it is read
        } t[] = {
            {"{}", {.number = 0}, NULL},
            {"{\"a\":{\"text\":\"x\\u0079\"}}", {.text = SLICE_INIT("xy")}, NULL},
            {"{\"a\":[{\"text\":\"x\"},{\"text\":\"y\"}]}", {.text = SLICE_INIT("x")}, NULL},
            {"{\"a\":[]}", {.number = 0}, NULL},
            {"{\"a\":1}", {.number = 0}, NULL},
            {"{\"a\":{\"text\":\"x\"},\"b\":\"y\"}", {.text = SLICE_INIT("x")}, NULL}, // the first counts
            {"{\"a\":{\"text\":\"\"},\"b\":\"y\"}", {.text = SLICE_INIT("y")}, NULL},
            {"{\"a\":{\"text\":null},\"b\":7}", {.number = 0}, NULL},
            {"{\"a\":{\"text\":7}}", {.number = 0}, "member a.text is not a string"},
            {"{\"bytes\":\"eHk=\"}", {.bytes = SLICE_INIT("xy")}, NULL},
            {"{\"bytes\":\"eHk\"}", {.number = 0}, "bytes is not base64"},
            {"{\"bytes\":1}", {.number = 0}, "bytes is not base64"},
            {"{\"t\":\"2026-09-01T20:00:00Z\"}", {.time_s = 1788292800}, NULL},
            {"{\"t\":\"2026-09-01T20:00:00UTC\"}", {.time_s = 1788292800}, NULL},
            {"{\"t\":\"2026-09-01T22:00:00+02:00\"}", {.time_s = 1788292800}, NULL},
            {"{\"t\":null}", {.number = 0}, NULL},
            {"{\"t\":\"UTC\"}", {.number = 0}, "t is not a time"},
            {"{\"t\":\"2026-09-01 20:00:00 GMT\"}", {.time_s = 1788292800}, NULL},
            {"{\"t\":\"9999-12-31T23:59:59-00:01\"}", {.number = 0}, "member t is not a time"},
            {"{\"i\":600,\"j\":\"2026-09-01T20:00:00Z\"}", {.number = 600, .time_s = 1788292800}, NULL},
            {"{\"i\":\"soon\",\"j\":\"\"}", {.number = 0}, NULL},
            {"{\"i\":-1,\"j\":600}", {.number = 0}, NULL},
            {"{\"i\":1.5,\"j\":\"tomorrow\"}", {.number = 0}, NULL},
            {"{\"i\":[],\"j\":{\"i\":1}}", {.number = 0}, NULL},
            {"{\"i\":null,\"j\":null,\"other\":[{\"x\":1e999}]}", {.number = 0}, NULL},
            {"{\"t\":\"2026-09-01\"}", {.number = 0}, "t is not a time"},
            {"{\"t\":1788292800}", {.number = 0}, "t is not a time"},
            {"{\"t\":\"\"}", {.number = 0}, "t is not a time"},
            {"{\"n\":600}", {.number = 600}, NULL},
            {"{\"n\":-1}", {.number = 0}, "n is not a whole number"},
            {"{\"n\":\"600\"}", {.number = 0}, "n is not a whole number"},
            {"{\"n\":1.5}", {.number = 0}, "n is not a whole number"},
            {"{\"n\":99999999999999999999}", {.number = 0}, "n is not a whole number"},
            {"{\"n\":1,\"n\":2}", {.number = 0}, "invalid JSON: duplicate key"},
            {"[]", {.number = 0}, "an array, expected a JSON object"},
            {" \n", {.number = 0}, "empty"},
        };
        for (size_t i = 0; i < LENGTH(t); i++) {
                struct buffer scratch;
                struct read got = {.number = 0};
                struct error e = {.kind = ERROR_NONE};
                buffer_init(&scratch, 256);
                int r = members_read(slice_str(t[i].json), rules, LENGTH(rules), &scratch, &got, &e);
                if (t[i].error
                        ? r == 0 || e.kind != ERROR_PROTOCOL || !strstr(e.message, t[i].error)
                        : r < 0 || !slice_eq(got.text, t[i].want.text) || !slice_eq(got.bytes, t[i].want.bytes) ||
                              got.time_s != t[i].want.time_s || got.number != t[i].want.number)
                        fail_msg("%s: %s", t[i].json, e.message);
                buffer_free(&scratch);
        }
}

static void needed_members_must_be_there(void **state)
{
        (void)state;
        static const char *const t[] = {"{}", "{\"b\":null}", "{\"b\":\"\"}"};
        static const struct member_rule needed[] = {{"b", offsetof(struct read, text), MEMBER_TEXT, MEMBER_NEEDED}};
        for (size_t i = 0; i < LENGTH(t); i++) {
                struct buffer scratch;
                struct read got = {.number = 0};
                struct error e = {.kind = ERROR_NONE};
                buffer_init(&scratch, 256);
                assert_int_equal(members_read(slice_str(t[i]), needed, 1, &scratch, &got, &e), -1);
                assert_string_equal(e.message, "member b is missing");
                buffer_free(&scratch);
        }
}

static void a_text_over_the_limit_of_the_scratch_buffer_is_refused(void **state)
{
        (void)state;
        struct buffer scratch;
        struct read got = {.number = 0};
        struct error e = {.kind = ERROR_NONE};
        buffer_init(&scratch, 8);
        assert_int_equal(members_read(SLICE("{\"b\":\"123\"}"), rules, LENGTH(rules), &scratch, &got, &e), -1);
        assert_string_equal(e.message, "too large (11 bytes)");
        buffer_free(&scratch);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(other_members_stay),
            cmocka_unit_test(full_buffer),
            cmocka_unit_test(members_are_read_by_rules),
            cmocka_unit_test(needed_members_must_be_there),
            cmocka_unit_test(a_text_over_the_limit_of_the_scratch_buffer_is_refused),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
