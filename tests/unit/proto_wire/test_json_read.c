// SPDX-License-Identifier: Apache-2.0
#include "proto/wire/json_read.h"

#include <errno.h>
#include <stdio.h>

#include "proto/wire/limits.h"
#include "tests/unit/guard.h"
#include "tests/unit/unit.h"

// --- what is accepted ---

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

// --- what is refused: among it all that the tokenizer lets through ---

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
            {SLICE_INIT("{\"a\":1,}"), 6, "key or \"}\" expected"},
            {SLICE_INIT("{\"a\":}"), 4, "value expected"},
            {SLICE_INIT("{\"a\"}"), 4, "value expected"},
            {SLICE_INIT("{:}"), 1, "key or \"}\" expected"},
            {SLICE_INIT("{,}"), 1, "key or \"}\" expected"},
            {SLICE_INIT("{,\"a\":1}"), 1, "unexpected character"},
            {SLICE_INIT("{\"a\"::1}"), 5, "unexpected character"},
            {SLICE_INIT("{\"a\":1,,\"b\":2}"), 7, "unexpected character"},
            {SLICE_INIT("{\"a\":1:2}"), 6, "\",\" expected"},
            {SLICE_INIT("{\"a\":1 \"b\":2}"), 7, "\",\" expected"},
            {SLICE_INIT("{\"a\",\"b\":2}"), 4, "\":\" expected"},
            {SLICE_INIT("[1 2]"), 3, "\",\" expected"},
            {SLICE_INIT("[1,]"), 2, "value or \"]\" expected"},
            {SLICE_INIT("[,1]"), 1, "unexpected character"},
            {SLICE_INIT("[1,,2]"), 3, "unexpected character"},
            {SLICE_INIT("[1:2]"), 2, "\",\" expected"},
            {SLICE_INIT("[\"a\":1]"), 4, "\",\" expected"},
            {SLICE_INIT("[:]"), 1, "value or \"]\" expected"},
            {SLICE_INIT("{\"a\":1}{\"b\":2}"), 7, "more than one value"},
            {SLICE_INIT("1 2"), 2, "more than one value"},
            {SLICE_INIT("{} x"), 3, "more than one value"},
            {SLICE_INIT("{},"), 2, "unexpected character"},
            {SLICE_INIT("1:"), 1, "unexpected character"},
            {SLICE_INIT(","), 0, "unexpected character"},
            {SLICE_INIT("{"), 1, "unexpected end"},
            {SLICE_INIT("[[1]"), 4, "unexpected end"},
            {SLICE_INIT("{\"a\":[1}"), 7, "unexpected character"},
            {SLICE_INIT("{]"), 1, "unexpected character"},
            {SLICE_INIT("}"), 0, "unexpected closing bracket"},
            {SLICE_INIT("[]]"), 2, "unexpected closing bracket"},
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
            {SLICE_INIT("{\"a\":abc}"), 5, "not a JSON value"}, {SLICE_INIT("tru"), 0, "not a JSON value"},
            {SLICE_INIT("True"), 0, "not a JSON value"},        {SLICE_INIT("truex"), 0, "not a JSON value"},
            {SLICE_INIT("nul"), 0, "not a JSON value"},         {SLICE_INIT("NaN"), 0, "not a JSON value"},
            {SLICE_INIT("-Infinity"), 0, "not a JSON value"},   {SLICE_INIT("-"), 0, "not a JSON value"},
            {SLICE_INIT("+1"), 0, "not a JSON value"},          {SLICE_INIT("01"), 0, "not a JSON value"},
            {SLICE_INIT("-01"), 0, "not a JSON value"},         {SLICE_INIT("1."), 0, "not a JSON value"},
            {SLICE_INIT(".5"), 0, "not a JSON value"},          {SLICE_INIT("1e"), 0, "not a JSON value"},
            {SLICE_INIT("1e+"), 0, "not a JSON value"},         {SLICE_INIT("1.e5"), 0, "not a JSON value"},
            {SLICE_INIT("0x10"), 0, "not a JSON value"},        {SLICE_INIT("[1a]"), 1, "not a JSON value"},
            {SLICE_INIT("[--1]"), 1, "not a JSON value"},       {SLICE_INIT("'a'"), 0, "not a JSON value"},
            {SLICE_INIT("// comment"), 0, "not a JSON value"},  {SLICE_INIT("[1]/* */"), 3, "more than one value"},
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
            {SLICE_INIT("\"\\"), 2, "unexpected end"},
            {SLICE_INIT("\"a\nb\""), 2, "control character in a string"},
            {SLICE_INIT("\"12345678\tb\""), 9, "control character in a string"},
            {SLICE_INIT("\"\\n\x1f\""), 3, "control character in a string"},
            {SLICE_INIT("\"a\0b\""), 5, "unexpected end"},
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
            {SLICE_INIT("\"\\x41\""), 0, "unexpected character"},
            {SLICE_INIT("\"\\u12\""), 0, "unexpected character"},
            {SLICE_INIT("\"\\u12g4\""), 0, "unexpected character"},
            {SLICE_INIT("\"\xc3\""), 1, "invalid UTF-8"},
            {SLICE_INIT("{\"\xc3\xa4\":\"\xed\xa0\x80\"}"), 7, "invalid UTF-8"},
            {SLICE_INIT("\xef\xbb\xbf{}"), 0, "unexpected character"}, // a byte order mark
            {SLICE_INIT("\xc2\xa0{}"), 0, "unexpected character"},     // a blank, but not JSON's
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

// --- size and depth ---

static void nested(struct buffer *b, size_t depth, const char *open, const char *close)
{
        buffer_reset(b);
        for (size_t i = 0; i < depth; i++)
                assert_int_equal(buffer_put_str(b, open), 0);
        assert_int_equal(buffer_put_str(b, "1"), 0);
        for (size_t i = 0; i < depth; i++)
                assert_int_equal(buffer_put_str(b, close), 0);
}

static void test_depth(void **state)
{
        struct json_doc doc;
        struct json_fault fault;
        struct buffer b;
        (void)state;
        json_doc_init(&doc);
        buffer_init(&b, 1 << 24);
        nested(&b, LIMIT_JSON_DEPTH_N, "[", "]");
        assert_int_equal(json_parse(&doc, buffer_slice(&b), &fault), 0);
        nested(&b, LIMIT_JSON_DEPTH_N, "{\"a\":", "}");
        assert_int_equal(json_parse(&doc, buffer_slice(&b), &fault), 0);
        nested(&b, LIMIT_JSON_DEPTH_N + 1, "[", "]");
        assert_int_equal(json_parse(&doc, buffer_slice(&b), &fault), -1);
        assert_string_equal(fault.what, "nested too deeply");
        assert_int_equal(fault.offset, LIMIT_JSON_DEPTH_N);
        nested(&b, 1000000, "[", "]");
        assert_int_equal(json_parse(&doc, buffer_slice(&b), &fault), -1);
        assert_string_equal(fault.what, "nested too deeply");
        buffer_free(&b);
        json_doc_free(&doc);
}

// The short way of plain documents ends where one is long, or might be deep. What it is must not depend on that.
static void test_either_way(void **state)
{
        struct json_doc doc;
        struct json_fault fault;
        struct buffer b;
        (void)state;
        json_doc_init(&doc);
        buffer_init(&b, 1 << 16);
        for (size_t n = 4000; n < 4200; n++) {
                for (size_t opens = 0; opens < 2; opens++) {
                        buffer_reset(&b);
                        assert_int_equal(buffer_put_str(&b, "{\"k\":\""), 0);
                        while (b.n < n)
                                assert_int_equal(buffer_put_byte(&b, opens ? '[' : 'x'), 0);
                        assert_int_equal(buffer_put_str(&b, "\"}"), 0);
                        assert_int_equal(json_parse(&doc, buffer_slice(&b), &fault), 0);
                        assert_int_equal(json_raw(&doc, json_get(&doc, JSON_ROOT, SLICE("k"))).n, n - 6);
                        b.p[b.n - 1] = ']';
                        assert_int_equal(json_parse(&doc, buffer_slice(&b), &fault), -1);
                        assert_string_equal(fault.what, "unexpected character");
                        assert_int_equal(fault.offset, b.n - 1);
                }
        }
        buffer_free(&b);
        json_doc_free(&doc);
}

static void test_many_nodes(void **state)
{
        struct json_doc doc;
        struct json_fault fault;
        struct buffer b;
        (void)state;
        json_doc_init(&doc);
        buffer_init(&b, 1 << 24);
        (void)buffer_put_str(&b, "[0");
        for (size_t i = 2; i < LIMIT_JSON_NODES_N; i++) // the array itself is a node too
                (void)buffer_put_str(&b, ",0");
        (void)buffer_put_str(&b, "]");
        assert_int_equal(json_parse(&doc, buffer_slice(&b), &fault), 0);
        assert_int_equal(json_length(&doc, JSON_ROOT), LIMIT_JSON_NODES_N - 1);
        b.n--;
        assert_int_equal(buffer_put_str(&b, ",0]"), 0);
        assert_int_equal(json_parse(&doc, buffer_slice(&b), &fault), -1);
        assert_string_equal(fault.what, "too many values");
        // that memory is not kept for a small document
        assert_int_equal(json_parse(&doc, SLICE("[1]"), &fault), 0);
        assert_true(doc.capacity < 1000);
        buffer_free(&b);
        json_doc_free(&doc);
}

// An object of `n` keys in scattered order; with `twice` below n, that key is the last one's name too.
static void many_keys(struct buffer *b, size_t n, size_t twice)
{
        buffer_reset(b);
        for (size_t i = 0; i < n; i++) {
                size_t id = i == n - 1 && twice < n ? twice : i;
                assert_int_equal(buffer_printf(b, "%s\"k%zu%s\":%zu", i == 0 ? "{" : ",", id * 7919 % 100003,
                                               i % 3 == 0 ? "\\u0041" : "A", i),
                                 0);
        }
        assert_int_equal(buffer_put_str(b, "}"), 0);
}

static void test_many_keys(void **state)
{
        static const size_t counts[] = {2, 11, 12, 13, 14, 15, 16, 17, 33, 1000, 10000, 100000};
        struct json_doc doc;
        struct json_fault fault;
        struct buffer b;
        (void)state;
        json_doc_init(&doc);
        buffer_init(&b, 1 << 24);
        for (size_t i = 0; i < LENGTH(counts); i++) {
                size_t n = counts[i];
                int64_t value = -1;
                many_keys(&b, n, SIZE_MAX);
                assert_int_equal(json_parse(&doc, buffer_slice(&b), &fault), 0);
                assert_int_equal(json_length(&doc, JSON_ROOT), n);
                size_t seen = 0;
                for (size_t key = json_first(&doc, JSON_ROOT); key != JSON_NONE; key = json_next(&doc, key), seen++) {
                        assert_int_equal(json_kind(&doc, key), JSON_STRING);
                        assert_int_equal(json_integer(&doc, json_value(&doc, key), &value), 0);
                        assert_int_equal(value, seen); // in the order of the text
                }
                assert_int_equal(seen, n);
                assert_int_equal(json_integer(&doc, json_get(&doc, JSON_ROOT, SLICE("k0A")), &value), 0);
                assert_int_equal(value, 0);
                size_t twice[] = {0, 1, n / 2, n - 2};
                for (size_t j = 0; j < LENGTH(twice); j++) {
                        many_keys(&b, n, twice[j] < n - 1 ? twice[j] : 0);
                        assert_int_equal(json_parse(&doc, buffer_slice(&b), &fault), -1);
                        assert_string_equal(fault.what, "duplicate key");
                        assert_memory_equal(b.p + fault.offset - 1, ",\"k", 3);
                        assert_true(slice_find(slice_from(buffer_slice(&b), fault.offset), ',') >=
                                    b.n - fault.offset); // the last key of all
                }
        }
        buffer_free(&b);
        json_doc_free(&doc);
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

static void test_memory_is_kept(void **state)
{
        struct json_doc doc;
        struct json_fault fault;
        (void)state;
        json_doc_init(&doc);
        assert_int_equal(json_parse(&doc, SLICE("[1,2,3]"), &fault), 0);
        const struct json_node *nodes = doc.nodes;
        for (int i = 0; i < 100; i++) {
                assert_int_equal(json_parse(&doc, SLICE("{\"a\":[1,2,3]}"), &fault), 0);
                assert_ptr_equal(doc.nodes, nodes);
                assert_int_equal(json_parse(&doc, SLICE("{\"a\":[1,2,3}"), &fault), -1);
        }
        json_doc_free(&doc);
        assert_null(doc.nodes);
}

// --- reading ---

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

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_accepted),
            cmocka_unit_test(test_refused_structure),
            cmocka_unit_test(test_refused_scalars),
            cmocka_unit_test(test_refused_strings),
            cmocka_unit_test(test_refused_duplicates),
            cmocka_unit_test(test_depth),
            cmocka_unit_test(test_either_way),
            cmocka_unit_test(test_many_nodes),
            cmocka_unit_test(test_many_keys),
            cmocka_unit_test(test_every_prefix_is_refused),
            cmocka_unit_test(test_memory_is_kept),
            cmocka_unit_test(test_faults_have_places),
            cmocka_unit_test(test_lookup),
            cmocka_unit_test(test_strings),
            cmocka_unit_test(test_integers_and_booleans),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
