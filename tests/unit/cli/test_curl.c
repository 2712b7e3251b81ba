// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/curl.h"

#include <stdio.h>

#include "tests/unit/unit.h"

static const struct keyfob_header own[] = {{"Content-Type", "text/plain"}, {"x-empty", ""}, {"X-Amz-Date", "mine"}};
static const struct keyfob_header signature[] = {{"authorization", "it's"}, {"x-amz-date", "D"}};
static const struct keyfob_header no_type[] = {{"x-empty", ""}};
static const struct keyfob_header quotes[] = {{"a", "'"}, {"b", "''"}, {"c", "a b$c`d\"\\!"}};
static const struct keyfob_header content_type[] = {{"content-type", "x/y"}};

static const struct {
        struct keyfob_sign_request request;
        struct keyfob_signature signature;
        const char *data, *want;
} rows[] = {
    {{.method = "GET", .url = "https://h/a?b=c&d=e"},
     {0},
     NULL,
     "curl --path-as-is --globoff -X 'GET' \\\n  --url 'https://h/a?b=c&d=e'\n"},
    {{.method = "HEAD", .url = "https://h/"},
     {.headers = signature, .headers_count = 1},
     NULL,
     "curl --path-as-is --globoff --head \\\n  -H 'authorization: it'\\''s' \\\n  --url 'https://h/'\n"},
    // the signature's headers replace those of the same name
    {{.method = "POST", .url = "https://h/", .headers = own, .headers_count = 3},
     {.headers = signature, .headers_count = 2},
     "@a file",
     "curl --path-as-is --globoff -X 'POST' \\\n  -H 'Content-Type: text/plain' \\\n  -H 'x-empty;' \\\n"
     "  -H 'authorization: it'\\''s' \\\n  -H 'x-amz-date: D' \\\n  --data-binary '@a file' \\\n"
     "  --url 'https://h/'\n"},
    // curl adds no content type of its own
    {{.method = "POST", .url = "https://h/", .headers = no_type, .headers_count = 1},
     {0},
     "",
     "curl --path-as-is --globoff -X 'POST' \\\n  -H 'x-empty;' \\\n  -H 'Content-Type:' \\\n"
     "  --data-binary '' \\\n  --url 'https://h/'\n"},
    {{.method = "PUT", .url = "https://h/"},
     {.headers = content_type, .headers_count = 1},
     "a\nb",
     "curl --path-as-is --globoff -X 'PUT' \\\n  -H 'content-type: x/y' \\\n  --data-binary 'a\nb' \\\n"
     "  --url 'https://h/'\n"},
    {{.method = "it's", .url = "'"},
     {.headers = quotes, .headers_count = 3},
     NULL,
     "curl --path-as-is --globoff -X 'it'\\''s' \\\n  -H 'a: '\\''' \\\n  -H 'b: '\\'''\\''' \\\n"
     "  -H 'c: a b$c`d\"\\!' \\\n  --url ''\\'''\n"},
};

static void prints_what_was_signed(void **state)
{
        (void)state;
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct buffer out;
                buffer_init(&out, strlen(rows[i].want));
                curl_write(&rows[i].request, &rows[i].signature, rows[i].data, &out);
                assert_slice(buffer_slice(&out), rows[i].want);
                assert_false(out.failed);
                buffer_free(&out);
        }
}

static void fails_when_the_buffer_is_full(void **state)
{
        (void)state;
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct buffer out;
                buffer_init(&out, strlen(rows[i].want) - 1);
                curl_write(&rows[i].request, &rows[i].signature, rows[i].data, &out);
                assert_true(out.failed);
                buffer_free(&out);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(prints_what_was_signed),
                                           cmocka_unit_test(fails_when_the_buffer_is_full)};
        return cmocka_run_group_tests(tests, NULL, NULL);
}
