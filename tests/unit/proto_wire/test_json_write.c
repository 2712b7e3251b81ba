// SPDX-License-Identifier: Apache-2.0
#include "proto/wire/json_write.h"

#include "proto/wire/json_read.h"
#include "tests/unit/guard.h"
#include "tests/unit/unit.h"

static void write_document(struct buffer *b)
{
        json_begin_object(b);
        json_member(b, "text", SLICE("a"));
        json_member_i64(b, "number", -5);
        json_member_bool(b, "yes", true);
        json_member_bool(b, "no", false);
        json_key(b, "nothing");
        json_put_null(b);
        json_key(b, "empty");
        json_begin_array(b);
        json_end_array(b);
        json_key(b, "list");
        json_begin_array(b);
        json_put_i64(b, 1);
        json_put_string(b, SLICE("{"));
        json_put_string(b, SLICE(""));
        json_put_bool(b, true);
        json_put_null(b);
        json_begin_object(b);
        json_end_object(b);
        json_begin_object(b);
        json_member(b, "k", SLICE(","));
        json_end_object(b);
        json_begin_array(b);
        json_end_array(b);
        json_end_array(b);
        json_end_object(b);
}

static const char document[] = "{\"text\":\"a\",\"number\":-5,\"yes\":true,\"no\":false,\"nothing\":null,\"empty\":[],"
                               "\"list\":[1,\"{\",\"\",true,null,{},{\"k\":\",\"},[]]}";

static void test_commas(void **state)
{
        struct buffer b;
        (void)state;
        buffer_init(&b, 1000);
        write_document(&b);
        assert_true(slice_eq(buffer_slice(&b), slice_str(document)));
        buffer_reset(&b);
        (void)buffer_put_str(&b, "data: "); // what stands before a document is no value
        write_document(&b);
        (void)buffer_put_str(&b, "\n");
        size_t first = b.n;
        write_document(&b);
        assert_true(slice_eq(slice_from(buffer_slice(&b), first), slice_str(document)));
        buffer_free(&b);
}

static void test_each_limit(void **state)
{
        struct buffer b;
        (void)state;
        for (size_t max = 0; max < sizeof(document) - 1; max++) {
                buffer_init(&b, max);
                write_document(&b);
                assert_true(b.failed);
                assert_true(b.n <= max);
                buffer_free(&b);
        }
        buffer_init(&b, sizeof(document) - 1);
        write_document(&b);
        assert_false(b.failed);
        buffer_free(&b);
}

static void test_strings(void **state)
{
        static const struct {
                struct slice text;
                const char *want;
        } rows[] = {
            {SLICE_INIT(""), "\"\""},
            {SLICE_INIT("a/b"), "\"a/b\""},
            {SLICE_INIT("\"\\"), "\"\\\"\\\\\""},
            {SLICE_INIT("\n\r\t"), "\"\\n\\r\\t\""},
            {SLICE_INIT("\x00\x01\x1f\x7f"), "\"\\u0000\\u0001\\u001f\\u007f\""},
            {SLICE_INIT("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"), "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\""},
            {SLICE_INIT("a\xff"), "\"a\xef\xbf\xbd\""},
            {SLICE_INIT("\xc3"), "\"\xef\xbf\xbd\""},
            {SLICE_INIT("\xc3("), "\"\xef\xbf\xbd(\""},
            {SLICE_INIT("\xed\xa0\x80"), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
            {SLICE_INIT("\xf0\x9f\x98"), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
            {SLICE_INIT("\xc0\x80"), "\"\xef\xbf\xbd\xef\xbf\xbd\""},
        };
        (void)state;
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct buffer b;
                buffer_init(&b, 100);
                struct slice text = guard_copy(rows[i].text);
                json_put_string(&b, text);
                if (!slice_eq(buffer_slice(&b), slice_str(rows[i].want)))
                        fail_msg("row %zu: %.*s", i, (int)b.n, (const char *)b.p);
                guard_free(text);
                buffer_free(&b);
        }
}

// Each byte on its own survives the way out and in again, but for NUL, which the reader refuses.
static void test_each_byte_reads_back(void **state)
{
        struct json_doc doc;
        struct json_fault fault;
        (void)state;
        json_doc_init(&doc);
        for (unsigned c = 1; c < 128; c++) {
                struct buffer b;
                uint8_t byte = (uint8_t)c;
                buffer_init(&b, 100);
                json_put_string(&b, slice_of(&byte, 1));
                assert_int_equal(json_parse(&doc, buffer_slice(&b), &fault), 0);
                assert_true(json_string_is(&doc, JSON_ROOT, slice_of(&byte, 1)));
                buffer_free(&b);
        }
        json_doc_free(&doc);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_commas),
            cmocka_unit_test(test_each_limit),
            cmocka_unit_test(test_strings),
            cmocka_unit_test(test_each_byte_reads_back),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
