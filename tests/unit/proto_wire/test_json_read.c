// SPDX-License-Identifier: Apache-2.0
// What is accepted, and how it is read.
#include "proto/wire/json_read.h"

#include <errno.h>
#include <stdio.h>

#include "tests/unit/guard.h"
#include "tests/unit/unit.h"

static void test_accepted(void **state)
{
        static const struct {
                const char *text;
                enum json_kind kind;
                size_t length;
        } rows[] = {
            {"{}", JSON_OBJECT, 0},
            {" \t\r\n{ } \n", JSON_OBJECT, 0},
            {"[]", JSON_ARRAY, 0},
            {"[[],{}]", JSON_ARRAY, 2},
            {"\"\"", JSON_STRING, 0},
            {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e4\\ud83d\\ude00\"", JSON_STRING, 0},
            {"0", JSON_NUMBER, 0},
            {"-0", JSON_NUMBER, 0},
            {"-12.5e+10", JSON_NUMBER, 0},
            {"1E9 ", JSON_NUMBER, 0},
            {"true", JSON_TRUE, 0},
            {" false", JSON_FALSE, 0},
            {"null\n", JSON_NULL, 0},
            {"{\"a\":1,\"b\":[1,2,3],\"c\":{\"d\":null}}", JSON_OBJECT, 3},
            {"{ \"a\" : 1 , \"b\" : 2 }", JSON_OBJECT, 2},
            {"{\"a\":{\"a\":{\"a\":1}}}", JSON_OBJECT, 1}, // equal keys, but in different objects
            {"{\"\":\"\"}", JSON_OBJECT, 1},
            {"[1,2,[3,[4]],5]", JSON_ARRAY, 4},
            {"{\"\xc3\xa4\":\"\xf0\x9f\x98\x80\"}", JSON_OBJECT, 1},
            {"\"\x7f\"", JSON_STRING, 0},
        };
        struct json_doc doc;
        (void)state;
        json_doc_init(&doc);
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct slice text = guard_copy(slice_str(rows[i].text));
                struct json_fault fault = {0};
                if (json_parse(&doc, text, &fault) < 0)
                        fail_msg("%s: %s at %zu", rows[i].text, fault.what, fault.offset);
                assert_int_equal(json_kind(&doc, JSON_ROOT), rows[i].kind);
                assert_int_equal(json_length(&doc, JSON_ROOT), rows[i].length);
                size_t seen = 0;
                for (size_t child = json_first(&doc, JSON_ROOT); child != JSON_NONE; child = json_next(&doc, child))
                        seen++;
                assert_int_equal(seen, rows[i].length);
                assert_int_equal(json_next(&doc, JSON_ROOT), JSON_NONE);
                guard_free(text);
        }
        json_doc_free(&doc);
}

static void test_lookup(void **state)
{
        struct json_doc doc;
        struct json_fault fault;
        (void)state;
        json_doc_init(&doc);
        struct slice text = SLICE("{\"one\":{\"x\":[]},\"tw\\u006f\":2,\"three\":[{\"two\":3}],\"x\":\"two\"}");
        assert_int_equal(json_parse(&doc, text, &fault), 0);
        assert_int_equal(json_kind(&doc, json_get(&doc, JSON_ROOT, SLICE("one"))), JSON_OBJECT);
        assert_int_equal(json_kind(&doc, json_get(&doc, JSON_ROOT, SLICE("two"))), JSON_NUMBER);
        assert_int_equal(json_kind(&doc, json_get(&doc, JSON_ROOT, SLICE("three"))), JSON_ARRAY);
        assert_int_equal(json_get(&doc, JSON_ROOT, SLICE("tw")), JSON_NONE);
        assert_int_equal(json_get(&doc, JSON_ROOT, SLICE("tw\\u006f")), JSON_NONE);
        assert_int_equal(json_get(&doc, json_get(&doc, JSON_ROOT, SLICE("none")), SLICE("x")), JSON_NONE);
        assert_int_equal(json_get(&doc, json_get(&doc, JSON_ROOT, SLICE("two")), SLICE("x")), JSON_NONE);
        assert_int_equal(json_length(&doc, json_get(&doc, JSON_ROOT, SLICE("two"))), 0);
        size_t key = json_first(&doc, JSON_ROOT);
        assert_true(json_string_is(&doc, key, SLICE("one")));
        assert_false(json_has_escapes(&doc, key));
        key = json_next(&doc, key);
        assert_true(json_string_is(&doc, key, SLICE("two")));
        assert_false(json_string_is(&doc, key, SLICE("twoo")));
        assert_false(json_string_is(&doc, key, SLICE("")));
        assert_true(json_has_escapes(&doc, key));
        assert_true(slice_eq(json_raw(&doc, key), SLICE("tw\\u006f")));
        assert_false(json_string_is(&doc, json_value(&doc, key), SLICE("2"))); // a number
        assert_int_equal(json_first(&doc, json_value(&doc, key)), JSON_NONE);
        json_doc_free(&doc);
}

static void test_strings(void **state)
{
        static const struct {
                const char *text;
                struct slice want;
        } rows[] = {
            {"\"\"", SLICE_INIT("")},
            {"\"plain\"", SLICE_INIT("plain")},
            {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", SLICE_INIT("\"\\/\b\f\n\r\t")},
            {"\"\\u0001\\u007f\\u0080\\u07FF\\u0800\\uffff\"",
             SLICE_INIT("\x01\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf")},
            {"\"\\ud800\\udc00\\uffff\"",
             SLICE_INIT("\xf0\x90\x80\x80\xef\xbf\xbf")}, // the first of four bytes, the last of three
            {"\"a\\ud83d\\ude00b\\uDBFF\\uDFFF\"", SLICE_INIT("a\xf0\x9f\x98\x80"
                                                              "b\xf4\x8f\xbf\xbf")},
            {"\"\xc3\xa4\\u00e4\"", SLICE_INIT("\xc3\xa4\xc3\xa4")},
            {"\"\\\\u0041\"", SLICE_INIT("\\u0041")},
        };
        struct json_doc doc;
        struct json_fault fault;
        struct buffer out;
        (void)state;
        json_doc_init(&doc);
        buffer_init(&out, 100);
        for (size_t i = 0; i < LENGTH(rows); i++) {
                buffer_reset(&out);
                (void)buffer_put_str(&out, ">");
                struct slice text = guard_copy(slice_str(rows[i].text));
                assert_int_equal(json_parse(&doc, text, &fault), 0);
                assert_int_equal(json_string(&doc, JSON_ROOT, &out), 0);
                assert_true(slice_eq(slice_from(buffer_slice(&out), 1), rows[i].want));
                assert_true(json_string_is(&doc, JSON_ROOT, rows[i].want));
                guard_free(text);
        }
        buffer_free(&out);
        buffer_init(&out, 3);
        assert_int_equal(json_parse(&doc, SLICE("\"four\""), &fault), 0);
        assert_int_equal(json_string(&doc, JSON_ROOT, &out), -ENOBUFS);
        buffer_reset(&out);
        assert_int_equal(json_parse(&doc, SLICE("\"f\\nur\""), &fault), 0);
        assert_int_equal(json_string(&doc, JSON_ROOT, &out), -ENOBUFS);
        buffer_reset(&out);
        assert_int_equal(json_parse(&doc, SLICE("1"), &fault), 0);
        assert_int_equal(json_string(&doc, JSON_ROOT, &out), -EINVAL);
        buffer_free(&out);
        json_doc_free(&doc);
}

static void test_integers_and_booleans(void **state)
{
        static const struct {
                const char *text;
                int r;
                int64_t value;
        } rows[] = {
            {"0", 0, 0},           {"-12", 0, -12},      {"9223372036854775807", 0, INT64_MAX},
            {"1.0", -EINVAL, 0},   {"1e3", -EINVAL, 0},  {"9223372036854775808", -ERANGE, 0},
            {"\"1\"", -EINVAL, 0}, {"null", -EINVAL, 0}, {"[1]", -EINVAL, 0},
        };
        struct json_doc doc;
        struct json_fault fault;
        bool flag = false;
        (void)state;
        json_doc_init(&doc);
        for (size_t i = 0; i < LENGTH(rows); i++) {
                int64_t value = 0;
                assert_int_equal(json_parse(&doc, slice_str(rows[i].text), &fault), 0);
                assert_int_equal(json_integer(&doc, JSON_ROOT, &value), rows[i].r);
                assert_int_equal(value, rows[i].value);
                assert_int_equal(json_boolean(&doc, JSON_ROOT, &flag), -EINVAL);
        }
        assert_int_equal(json_parse(&doc, SLICE("true"), &fault), 0);
        assert_int_equal(json_boolean(&doc, JSON_ROOT, &flag), 0);
        assert_true(flag);
        assert_int_equal(json_parse(&doc, SLICE("false"), &fault), 0);
        assert_int_equal(json_boolean(&doc, JSON_ROOT, &flag), 0);
        assert_false(flag);
        assert_string_equal(json_kind_name(JSON_OBJECT), "an object");
        assert_string_equal(json_kind_name(JSON_NULL), "null");
        json_doc_free(&doc);
}

// Each of them is found, and the first of a key stays.
static void test_kept_duplicates(void **state)
{
        char large[1024] = "{";
        for (int i = 0; i < 40; i++)
                (void)snprintf(large + strlen(large), sizeof(large) - strlen(large), "%s\"k%d\":%d", i ? "," : "",
                               i % 20, i);
        (void)snprintf(large + strlen(large), sizeof(large) - strlen(large), "}");
        const struct {
                const char *text;
                size_t duplicates, length;
        } rows[] = {{"{\"a\":1,\"b\":2}", 0, 2},
                    {"{\"a\":1,\"a\":2,\"b\":3,\"\\u0061\":{}}", 2, 2},
                    {"{\"a\":1,\"a\":2}", 1, 1},
                    {large, 20, 20}};
        struct json_doc doc;
        struct json_fault fault;
        (void)state;
        json_doc_init(&doc);
        for (size_t i = 0; i < LENGTH(rows); i++) {
                int64_t value = -1;
                size_t found = 0, key;
                doc.keeps_duplicates = true;
                assert_int_equal(json_parse(&doc, slice_str(rows[i].text), &fault), 0);
                while ((key = json_duplicate_key(&doc, JSON_ROOT)) != JSON_NONE) {
                        json_remove_key(&doc, JSON_ROOT, key);
                        found++;
                }
                assert_int_equal(found, rows[i].duplicates);
                assert_int_equal(json_length(&doc, JSON_ROOT), rows[i].length);
                assert_int_equal(json_integer(&doc, json_value(&doc, json_first(&doc, JSON_ROOT)), &value), 0);
                assert_int_equal(value, i == 3 ? 0 : 1);
        }
        assert_int_equal(json_parse(&doc, SLICE("[{\"a\":1,\"a\":2}]"), &fault), 0); // as the document was set
        json_doc_free(&doc);
        assert_int_equal(json_parse(&doc, SLICE("[{\"a\":1,\"a\":2}]"), &fault), -1);
        json_doc_free(&doc);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_accepted),        cmocka_unit_test(test_lookup),
            cmocka_unit_test(test_strings),         cmocka_unit_test(test_integers_and_booleans),
            cmocka_unit_test(test_kept_duplicates),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
