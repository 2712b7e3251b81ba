// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/curl.h"

#include <stdio.h>

#include "tests/unit/unit.h"

static void test_quote(void **state)
{
        static const struct {
                const char *text, *want;
        } rows[] = {
            {"", "''"},
            {"a b$c`d\"\\!\n", "'a b$c`d\"\\!\n'"},
            {"it's", "'it'\\''s'"},
            {"'", "''\\'''"},
            {"''", "''\\'''\\'''"},
        };
        (void)state;
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct buffer out;
                buffer_init(&out, 100);
                assert_int_equal(curl_quote(slice_str(rows[i].text), &out), 0);
                assert_true(slice_eq(buffer_slice(&out), slice_str(rows[i].want)));
                buffer_free(&out);
        }
}

static void test_commands(void **state)
{
        static const struct curl_header headers[] = {
            {SLICE_INIT("Content-Type"), SLICE_INIT("text/plain")},
            {SLICE_INIT("x-empty"), SLICE_INIT("")},
            {SLICE_INIT("authorization"), SLICE_INIT("it's")},
        };
        static const struct {
                struct curl_request request;
                const char *want;
        } rows[] = {
            {{"GET", "https://h/a?b=c&d=e", NULL, 0, NULL},
             "curl --path-as-is --globoff -X 'GET' \\\n  --url 'https://h/a?b=c&d=e'\n"},
            {{"HEAD", "https://h/", &headers[2], 1, NULL},
             "curl --path-as-is --globoff --head \\\n  -H 'authorization: it'\\''s' \\\n  --url 'https://h/'\n"},
            {{"POST", "https://h/", headers, 3, "@a file"},
             "curl --path-as-is --globoff -X 'POST' \\\n  -H 'Content-Type: text/plain' \\\n  -H 'x-empty;' \\\n"
             "  -H 'authorization: it'\\''s' \\\n  --data-binary '@a file' \\\n  --url 'https://h/'\n"},
            {{"POST", "https://h/", &headers[1], 1, ""},
             "curl --path-as-is --globoff -X 'POST' \\\n  -H 'x-empty;' \\\n  -H 'Content-Type:' \\\n"
             "  --data-binary '' \\\n  --url 'https://h/'\n"},
        };
        (void)state;
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct buffer out;
                size_t n = strlen(rows[i].want);
                buffer_init(&out, n);
                assert_int_equal(curl_write(&rows[i].request, &out), 0);
                assert_true(slice_eq(buffer_slice(&out), slice_str(rows[i].want)));
                buffer_free(&out);
                buffer_init(&out, n - 1);
                assert_int_equal(curl_write(&rows[i].request, &out), -1);
                buffer_free(&out);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(test_quote), cmocka_unit_test(test_commands)};
        return cmocka_run_group_tests(tests, NULL, NULL);
}
