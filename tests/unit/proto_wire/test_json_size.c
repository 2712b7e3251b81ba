// SPDX-License-Identifier: Apache-2.0
// Documents that are deep, long or full of keys, and the memory that is kept between them.
#include "proto/wire/json_read.h"
#include "proto/wire/limits.h"
#include "tests/unit/unit.h"
#include <stdio.h>

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

// Long strings, with brackets that open nothing.
static void test_long_strings(void **state)
{
        struct json_doc doc;
        struct json_fault fault;
        struct buffer b;
        (void)state;
        json_doc_init(&doc);
        buffer_init(&b, 1 << 16);
        for (size_t n = 4000; n < 4032; n++) {
                buffer_reset(&b);
                assert_int_equal(buffer_put_str(&b, "{\"k\":\""), 0);
                while (b.n < n)
                        assert_int_equal(buffer_put_byte(&b, n % 2 ? '[' : 'x'), 0);
                assert_int_equal(buffer_put_str(&b, "\"}"), 0);
                assert_int_equal(json_parse(&doc, buffer_slice(&b), &fault), 0);
                assert_int_equal(json_raw(&doc, json_get(&doc, JSON_ROOT, SLICE("k"))).n, n - 6);
                b.p[b.n - 1] = ']';
                assert_int_equal(json_parse(&doc, buffer_slice(&b), &fault), -1);
                assert_string_equal(fault.what, "\",\" or \"}\" expected");
                assert_int_equal(fault.offset, b.n - 1);
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

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_depth),     cmocka_unit_test(test_long_strings),   cmocka_unit_test(test_many_nodes),
            cmocka_unit_test(test_many_keys), cmocka_unit_test(test_memory_is_kept),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
