// SPDX-License-Identifier: Apache-2.0
#include "proto/wire/documents.h"

#include "tests/unit/guard.h"
#include "tests/unit/unit.h"

static const struct credentials whole = {
    .access_key_id = SLICE_INIT("ASIAEXAMPLE"),
    .secret_access_key = SLICE_INIT("secret/+="),
    .session_token = SLICE_INIT("token=="),
    .account_id = SLICE_INIT("111122223333"),
    .expires_s = 1788264000,
};

static const char whole_text[] = "{\"Version\":1,\"AccessKeyId\":\"ASIAEXAMPLE\",\"SecretAccessKey\":\"secret/+=\","
                                 "\"SessionToken\":\"token==\",\"Expiration\":\"2026-09-01T12:00:00Z\","
                                 "\"AccountId\":\"111122223333\"}\n";

static void test_write(void **state)
{
        struct buffer b;
        (void)state;
        buffer_init(&b, 1000);
        assert_int_equal(documents_write_process(&whole, &b), 0);
        assert_true(slice_eq(buffer_slice(&b), slice_str(whole_text)));
        buffer_reset(&b);
        struct credentials fields = whole;
        fields.session_token.n = 0;
        fields.account_id.n = 0;
        fields.expires_s = CREDENTIALS_NEVER_EXPIRE;
        assert_int_equal(documents_write_process(&fields, &b), 0);
        assert_true(slice_eq(buffer_slice(&b), SLICE("{\"Version\":1,\"AccessKeyId\":\"ASIAEXAMPLE\","
                                                     "\"SecretAccessKey\":\"secret/+=\"}\n")));
        buffer_reset(&b);
        fields.expires_s = -1; // never as a document without expiration
        assert_int_equal(documents_write_process(&fields, &b), -1);
        buffer_free(&b);
}

static void test_write_each_limit(void **state)
{
        (void)state;
        for (size_t max = 0; max < sizeof(whole_text) - 1; max++) {
                struct buffer b;
                buffer_init(&b, max);
                assert_int_equal(documents_write_process(&whole, &b), -1);
                buffer_free(&b);
        }
}

static int read_text(const char *text, struct buffer *scratch, struct credentials *fields, const char **what)
{
        struct json_doc doc;
        struct json_fault fault;
        json_doc_init(&doc);
        struct slice copy = guard_copy(slice_str(text));
        assert_int_equal(json_parse(&doc, copy, &fault), 0);
        int r = documents_read_process(&doc, scratch, fields, what);
        json_doc_free(&doc);
        guard_free(copy); // what was read does not point into it
        return r;
}

static void test_read_what_was_written(void **state)
{
        struct buffer scratch;
        struct credentials fields;
        const char *what = NULL;
        (void)state;
        buffer_init(&scratch, 1000);
        assert_int_equal(read_text(whole_text, &scratch, &fields, &what), 0);
        assert_null(what);
        assert_true(slice_eq(fields.access_key_id, whole.access_key_id));
        assert_true(slice_eq(fields.secret_access_key, whole.secret_access_key));
        assert_true(slice_eq(fields.session_token, whole.session_token));
        assert_true(slice_eq(fields.account_id, whole.account_id));
        assert_int_equal(fields.expires_s, whole.expires_s);
        buffer_free(&scratch);
}

static void test_read_variants(void **state)
{
        static const struct {
                const char *text, *what;
        } rows[] = {
            {"{\"Version\":1,\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"s\"}", NULL},
            {"{\"SecretAccessKey\":\"s\",\"AccessKeyId\":\"\\u0041\",\"Version\":1,\"More\":[1]}", NULL},
            {"[]", "the document must be an object"},
            {"{}", "\"Version\" must be 1"},
            {"{\"Version\":\"1\",\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"s\"}", "\"Version\" must be 1"},
            {"{\"Version\":2,\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"s\"}", "\"Version\" must be 1"},
            {"{\"Version\":1,\"SecretAccessKey\":\"s\"}", "\"AccessKeyId\" must be a non-empty string"},
            {"{\"Version\":1,\"AccessKeyId\":\"\",\"SecretAccessKey\":\"s\"}",
             "\"AccessKeyId\" must be a non-empty string"},
            {"{\"Version\":1,\"AccessKeyId\":7,\"SecretAccessKey\":\"s\"}",
             "\"AccessKeyId\" must be a non-empty string"},
            {"{\"Version\":1,\"AccessKeyId\":\"A\"}", "\"SecretAccessKey\" must be a non-empty string"},
            {"{\"Version\":1,\"AccessKeyId\":\"A\",\"SecretAccessKey\":null}",
             "\"SecretAccessKey\" must be a non-empty string"},
            {"{\"Version\":1,\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"s\",\"SessionToken\":\"\"}",
             "\"SessionToken\" must be a non-empty string or absent"},
            {"{\"Version\":1,\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"s\",\"SessionToken\":[]}",
             "\"SessionToken\" must be a non-empty string or absent"},
            {"{\"Version\":1,\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"s\",\"AccountId\":111122223333}",
             "\"AccountId\" must be a non-empty string or absent"},
            {"{\"Version\":1,\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"s\",\"Expiration\":\"soon\"}",
             "\"Expiration\" must be a time such as 2026-09-01T12:00:00Z"},
            {"{\"Version\":1,\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"s\",\"Expiration\":1788264000}",
             "\"Expiration\" must be a time such as 2026-09-01T12:00:00Z"},
            {"{\"Version\":1,\"AccessKeyId\":\"A\\r\\nX: y\",\"SecretAccessKey\":\"s\"}",
             "a member is too long or holds bytes that no AWS credential has"},
            {"{\"Version\":1,\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"s\",\"SessionToken\":\"\xc2\x9b\"}",
             "a member is too long or holds bytes that no AWS credential has"},
        };
        (void)state;
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct buffer scratch;
                struct credentials fields;
                const char *what = NULL;
                buffer_init(&scratch, 1000);
                int r = read_text(rows[i].text, &scratch, &fields, &what);
                assert_int_equal(r, rows[i].what ? -1 : 0);
                if (rows[i].what)
                        assert_string_equal(what, rows[i].what);
                else
                        assert_true(slice_eq(fields.access_key_id, SLICE("A")) &&
                                    fields.expires_s == CREDENTIALS_NEVER_EXPIRE);
                buffer_free(&scratch);
        }
}

// The scratch memory moves while it grows; the slices must not be left behind.
static void test_long_token(void **state)
{
        struct buffer text;
        struct buffer scratch;
        struct credentials fields;
        const char *what = NULL;
        (void)state;
        buffer_init(&text, 60000);
        buffer_init(&scratch, 60000);
        (void)buffer_put_str(&text,
                             "{\"Version\":1,\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"s\",\"SessionToken\":\"");
        for (size_t i = 0; i < 20000; i++)
                (void)buffer_put_byte(&text, 't');
        (void)buffer_put_str(&text, "\",\"AccountId\":\"1\"}");
        assert_int_equal(read_text(buffer_c_str(&text), &scratch, &fields, &what), 0);
        assert_slice(fields.access_key_id, "A");
        assert_int_equal(fields.session_token.n, 20000);
        assert_slice(fields.account_id, "1");
        buffer_free(&scratch);
        buffer_init(&scratch, 10000);
        assert_int_equal(read_text(buffer_c_str(&text), &scratch, &fields, &what), -1);
        assert_string_equal(what, "out of memory");
        buffer_free(&scratch);
        buffer_free(&text);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_write),
            cmocka_unit_test(test_write_each_limit),
            cmocka_unit_test(test_read_what_was_written),
            cmocka_unit_test(test_read_variants),
            cmocka_unit_test(test_long_token),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
