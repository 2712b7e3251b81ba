// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/curl.h"

#include <stdio.h>

#include "tests/unit/unit.h"

static const struct keyfob_header own[] = {{"Content-Type", "text/plain"}, {"x-empty", ""}, {"X-Amz-Date", "mine"}};
static const struct keyfob_header signature[] = {{"authorization", "it's"}, {"x-amz-date", "D"}};
static const struct keyfob_header no_type[] = {{"x-empty", ""}};
static const struct keyfob_header quotes[] = {{"a", "'"}, {"b", "''"}, {"c", "a b$c`d\"\\!"}};
static const struct keyfob_header content_type[] = {{"content-type", "x/y"}};

#define SIGNED "  -H @- <<'HEADERS'\n"
#define END "HEADERS\n"

static const struct {
        struct keyfob_sign_request request;
        struct keyfob_signature signature;
        const char *data, *want;
} rows[] = {
    {{.method = "GET", .url = "https://h/a?b=c&d=e"},
     {.headers = signature, .headers_count = 1},
     NULL,
     "curl --path-as-is --globoff -X 'GET' \\\n  --url 'https://h/a?b=c&d=e' \\\n" SIGNED "authorization: it's\n" END},
    {{.method = "HEAD", .url = "https://h/"},
     {.headers = signature, .headers_count = 2},
     NULL,
     "curl --path-as-is --globoff --head \\\n  --url 'https://h/' \\\n" SIGNED
     "authorization: it's\nx-amz-date: D\n" END},
    {{.method = "head", .url = "https://h/"},
     {0},
     NULL,
     "curl --path-as-is --globoff --head \\\n  --url 'https://h/' \\\n" SIGNED END},
    // the URL to send, where it is another
    {{.method = "get", .url = "https://H/"},
     {.url = "https://h/"},
     NULL,
     "curl --path-as-is --globoff -X 'GET' \\\n  --url 'https://h/' \\\n" SIGNED END},
    // the signature's headers replace those of the same name
    {{.method = "Post", .url = "https://h/", .headers = own, .headers_count = 3},
     {.headers = signature, .headers_count = 2},
     "@a file",
     "curl --path-as-is --globoff -X 'POST' \\\n  -H 'Content-Type: text/plain' \\\n  -H 'x-empty;' \\\n"
     "  --data-binary '@a file' \\\n  --url 'https://h/' \\\n" SIGNED "authorization: it's\nx-amz-date: D\n" END},
    // curl adds no content type of its own
    {{.method = "POST", .url = "https://h/", .headers = no_type, .headers_count = 1},
     {.headers = no_type, .headers_count = 1},
     "",
     "curl --path-as-is --globoff -X 'POST' \\\n  -H 'Content-Type:' \\\n"
     "  --data-binary '' \\\n  --url 'https://h/' \\\n" SIGNED "x-empty;\n" END},
    {{.method = "PUT", .url = "https://h/"},
     {.headers = content_type, .headers_count = 1},
     "a\nb",
     "curl --path-as-is --globoff -X 'PUT' \\\n  --data-binary 'a\nb' \\\n"
     "  --url 'https://h/' \\\n" SIGNED "content-type: x/y\n" END},
    {{.method = "it's", .url = "'", .headers = quotes, .headers_count = 3},
     {0},
     NULL,
     "curl --path-as-is --globoff -X 'IT'\\''S' \\\n  -H 'a: '\\''' \\\n  -H 'b: '\\'''\\''' \\\n"
     "  -H 'c: a b$c`d\"\\!' \\\n  --url ''\\''' \\\n" SIGNED END},
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
