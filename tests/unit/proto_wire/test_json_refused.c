// SPDX-License-Identifier: Apache-2.0
// What is refused, among it all that the tokenizer lets through, and where a fault is said to be.
#include "proto/wire/json_read.h"
#include "tests/unit/guard.h"
#include "tests/unit/unit.h"

struct refusal {
        struct slice text;
        size_t offset;
        const char *what;
};

static void refuse(const struct refusal *rows, size_t n)
{
        struct json_doc doc;
        json_doc_init(&doc);
        for (size_t i = 0; i < n; i++) {
                struct slice text = guard_copy(rows[i].text);
                struct json_fault fault = {0};
                if (json_parse(&doc, text, &fault) == 0)
                        fail_msg("accepted: %.*s", (int)text.n, (const char *)text.p);
                if (strcmp(fault.what, rows[i].what) != 0 || fault.offset != rows[i].offset)
                        fail_msg("%.*s: %s at %zu", (int)text.n, (const char *)text.p, fault.what, fault.offset);
                assert_int_equal(doc.count, 0);
                assert_int_equal(json_get(&doc, JSON_ROOT, SLICE("a")), JSON_NONE);
                guard_free(text);
        }
        json_doc_free(&doc);
}

static void test_refused_structure(void **state)
{
        static const struct refusal rows[] = {
            {SLICE_INIT(""), 0, "value expected"},
            {SLICE_INIT(" \n"), 2, "value expected"},
            {SLICE_INIT("{\"a\" \"b\"}"), 5, "\":\" expected"},
            {SLICE_INIT("{\"a\":1,}"), 7, "key expected"},
            {SLICE_INIT("{\"a\":}"), 5, "value expected"},
            {SLICE_INIT("{\"a\"}"), 4, "\":\" expected"},
            {SLICE_INIT("{:}"), 1, "key or \"}\" expected"},
            {SLICE_INIT("{,}"), 1, "key or \"}\" expected"},
            {SLICE_INIT("{,\"a\":1}"), 1, "key or \"}\" expected"},
            {SLICE_INIT("{\"a\"::1}"), 5, "value expected"},
            {SLICE_INIT("{\"a\":1,,\"b\":2}"), 7, "key expected"},
            {SLICE_INIT("{\"a\":1:2}"), 6, "\",\" or \"}\" expected"},
            {SLICE_INIT("{\"a\":1 \"b\":2}"), 7, "\",\" or \"}\" expected"},
            {SLICE_INIT("{\"a\",\"b\":2}"), 4, "\":\" expected"},
            {SLICE_INIT("[1 2]"), 3, "\",\" or \"]\" expected"},
            {SLICE_INIT("[1,]"), 3, "value expected"},
            {SLICE_INIT("[,1]"), 1, "value or \"]\" expected"},
            {SLICE_INIT("[1,,2]"), 3, "value expected"},
            {SLICE_INIT("[1:2]"), 2, "\",\" or \"]\" expected"},
            {SLICE_INIT("[\"a\":1]"), 4, "\",\" or \"]\" expected"},
            {SLICE_INIT("[:]"), 1, "value or \"]\" expected"},
            {SLICE_INIT("{\"a\":1}{\"b\":2}"), 7, "unexpected text after the value"},
            {SLICE_INIT("1 2"), 2, "unexpected text after the value"},
            {SLICE_INIT("{} x"), 3, "unexpected text after the value"},
            {SLICE_INIT("{},"), 2, "unexpected text after the value"},
            {SLICE_INIT("1:"), 1, "unexpected text after the value"},
            {SLICE_INIT(","), 0, "value expected"},
            {SLICE_INIT("{"), 1, "unexpected end"},
            {SLICE_INIT("[[1]"), 4, "unexpected end"},
            {SLICE_INIT("{\"a\":[1}"), 7, "\",\" or \"]\" expected"},
            {SLICE_INIT("{]"), 1, "key or \"}\" expected"},
            {SLICE_INIT("}"), 0, "value expected"},
            {SLICE_INIT("[]]"), 2, "unexpected text after the value"},
            {SLICE_INIT("{1:2}"), 1, "a key must be a string"},
            {SLICE_INIT("{null:2}"), 1, "a key must be a string"},
            {SLICE_INIT("{a:1}"), 1, "a key must be a string"},
            {SLICE_INIT("{{}:1}"), 1, "a key must be a string"},
            {SLICE_INIT("{[1]:1}"), 1, "a key must be a string"},
        };
        (void)state;
        refuse(rows, LENGTH(rows));
}

static void test_refused_scalars(void **state)
{
        static const struct refusal rows[] = {
            {SLICE_INIT("{\"a\":abc}"), 5, "not a JSON value"},
            {SLICE_INIT("tru"), 0, "not a JSON value"},
            {SLICE_INIT("True"), 0, "not a JSON value"},
            {SLICE_INIT("truex"), 0, "not a JSON value"},
            {SLICE_INIT("nul"), 0, "not a JSON value"},
            {SLICE_INIT("NaN"), 0, "not a JSON value"},
            {SLICE_INIT("-Infinity"), 0, "not a JSON value"},
            {SLICE_INIT("-"), 0, "not a JSON value"},
            {SLICE_INIT("+1"), 0, "not a JSON value"},
            {SLICE_INIT("01"), 0, "not a JSON value"},
            {SLICE_INIT("-01"), 0, "not a JSON value"},
            {SLICE_INIT("1."), 0, "not a JSON value"},
            {SLICE_INIT(".5"), 0, "not a JSON value"},
            {SLICE_INIT("1e"), 0, "not a JSON value"},
            {SLICE_INIT("1e+"), 0, "not a JSON value"},
            {SLICE_INIT("1.e5"), 0, "not a JSON value"},
            {SLICE_INIT("0x10"), 0, "not a JSON value"},
            {SLICE_INIT("[1a]"), 1, "not a JSON value"},
            {SLICE_INIT("[--1]"), 1, "not a JSON value"},
            {SLICE_INIT("'a'"), 0, "not a JSON value"},
            {SLICE_INIT("// comment"), 0, "not a JSON value"},
            {SLICE_INIT("[1]/* */"), 3, "unexpected text after the value"},
        };
        (void)state;
        refuse(rows, LENGTH(rows));
}

static void test_refused_strings(void **state)
{
        static const struct refusal rows[] = {
            {SLICE_INIT("\""), 1, "unexpected end"},
            {SLICE_INIT("\"abc"), 4, "unexpected end"},
            {SLICE_INIT("\"abc\\\""), 6, "unexpected end"},
            {SLICE_INIT("\"\\"), 1, "invalid escape"},
            {SLICE_INIT("\"a\nb\""), 2, "control character in a string"},
            {SLICE_INIT("\"12345678\tb\""), 9, "control character in a string"},
            {SLICE_INIT("\"\\n\x1f\""), 3, "control character in a string"},
            {SLICE_INIT("\"a\0b\""), 2, "control character in a string"},
            {SLICE_INIT("{}\0"), 2, "control character"},
            {SLICE_INIT("\0{}"), 0, "control character"},
            {SLICE_INIT("[\v]"), 1, "control character"},
            {SLICE_INIT("\"\\u0000\""), 1, "NUL in a string"},
            {SLICE_INIT("\"\\ud800\""), 1, "lone surrogate"},
            {SLICE_INIT("\"x\\ud800x\""), 2, "lone surrogate"},
            {SLICE_INIT("\"\\ud800\\n\""), 1, "lone surrogate"},
            {SLICE_INIT("\"\\udc00\""), 1, "lone surrogate"},
            {SLICE_INIT("\"\\ud800\\ud800\""), 1, "lone surrogate"},
            {SLICE_INIT("\"\\ud83d\\ude00\\ude00\""), 13, "lone surrogate"},
            {SLICE_INIT("\"\\ud800\\u0041\""), 1, "lone surrogate"},
            {SLICE_INIT("\"\\x41\""), 1, "invalid escape"},
            {SLICE_INIT("\"\\u12\""), 1, "invalid escape"},
            {SLICE_INIT("\"\\u12g4\""), 1, "invalid escape"},
            {SLICE_INIT("\"\xc3\""), 1, "invalid UTF-8"},
            {SLICE_INIT("{\"\xc3\xa4\":\"\xed\xa0\x80\"}"), 7, "invalid UTF-8"},
            {SLICE_INIT("\xef\xbb\xbf{}"), 0, "not a JSON value"}, // a byte order mark
            {SLICE_INIT("\xc2\xa0{}"), 0, "not a JSON value"},     // a blank, but not JSON's
        };
        (void)state;
        refuse(rows, LENGTH(rows));
}

static void test_refused_duplicates(void **state)
{
        static const struct refusal rows[] = {
            {SLICE_INIT("{\"a\":1,\"a\":2}"), 7, "duplicate key"},
            {SLICE_INIT("{\"a\":1,\"b\":2,\"a\":{}}"), 13, "duplicate key"},
            {SLICE_INIT("{\"a\":1,\"\\u0061\":2}"), 7, "duplicate key"},
            {SLICE_INIT("{\"\\u0061\":1,\"a\":2}"), 12, "duplicate key"},
            {SLICE_INIT("{\"\\u00e4\":1,\"\xc3\xa4\":2}"), 12, "duplicate key"},
            {SLICE_INIT("{\"\\/\":1,\"/\":2}"), 8, "duplicate key"},
            {SLICE_INIT("{\"\":1,\"\":2}"), 6, "duplicate key"},
            {SLICE_INIT("{\"ab\":1,\"ac\":2,\"ab\":3}"), 15, "duplicate key"},
            {SLICE_INIT("{\"b\":1,\"\":2,\"c\":3,\"\":4}"), 18, "duplicate key"},
            {SLICE_INIT("[{\"x\":{\"k\":1,\"k\":1}}]"), 13, "duplicate key"},
        };
        (void)state;
        refuse(rows, LENGTH(rows));
}

static void test_every_prefix_is_refused(void **state)
{
        static const struct slice whole =
            SLICE_INIT("{\"a\":[1,-2.5e3,true,null,\"\\u00e4\\ud83d\\ude00\xc3\xa4\"],\"b\":{\"c\":\"d\"}}");
        struct json_doc doc;
        struct json_fault fault;
        (void)state;
        json_doc_init(&doc);
        for (size_t n = 0; n < whole.n; n++) {
                struct slice text = guard_copy(slice_head(whole, n));
                assert_int_equal(json_parse(&doc, text, &fault), -1);
                assert_true(fault.offset <= n);
                guard_free(text);
        }
        assert_int_equal(json_parse(&doc, whole, &fault), 0);
        json_doc_free(&doc);
}

static void test_faults_have_places(void **state)
{
        static const struct {
                const char *text;
                unsigned line, column;
        } rows[] = {{"x", 1, 1}, {"{\n  \"a\": 1,\n  \"a\": 2\n}", 3, 3}, {"[1,\n\n2", 3, 2}, {"\n", 2, 1}};
        struct json_doc doc;
        struct json_fault fault;
        (void)state;
        json_doc_init(&doc);
        for (size_t i = 0; i < LENGTH(rows); i++) {
                assert_int_equal(json_parse(&doc, slice_str(rows[i].text), &fault), -1);
                assert_int_equal(fault.line, rows[i].line);
                assert_int_equal(fault.column, rows[i].column);
        }
        assert_int_equal(json_parse(&doc, SLICE("{\n \"a\": [\n12]}"), &fault), 0);
        size_t list = json_get(&doc, JSON_ROOT, SLICE("a"));
        json_locate(&doc, json_first(&doc, list), &fault);
        assert_int_equal(fault.line, 3);
        assert_int_equal(fault.column, 1);
        json_locate(&doc, json_first(&doc, JSON_ROOT), &fault);
        assert_int_equal(fault.line, 2);
        assert_int_equal(fault.column, 2); // of its quote
        assert_int_equal(json_offset(&doc, list), 8);
        json_doc_free(&doc);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_refused_structure),       cmocka_unit_test(test_refused_scalars),
            cmocka_unit_test(test_refused_strings),         cmocka_unit_test(test_refused_duplicates),
            cmocka_unit_test(test_every_prefix_is_refused), cmocka_unit_test(test_faults_have_places),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
