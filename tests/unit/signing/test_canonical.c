// SPDX-License-Identifier: Apache-2.0
#include "sidecar/signing/canonical.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/guard.h"
#include "tests/unit/unit.h"

// Compares, and checks that the bound was one: the output ends at a page that nobody may touch.
static void assert_path(const char *path, enum canonical_path_form form, const char *expected)
{
        struct slice in = guard_copy(slice_str(path));
        size_t bound = canonical_path_bound(in);
        uint8_t *room = calloc(1, bound);
        struct slice out = guard_copy(slice_of(room, bound));
        uint8_t *start = (uint8_t *)(uintptr_t)out.p;
        size_t n = (size_t)(canonical_path_put(start, in, form) - start);
        if (!slice_eq(slice_of(start, n), slice_str(expected)))
                fail_msg("%s gave %.*s, expected %s", path, (int)n, (const char *)start, expected);
        guard_free(out);
        guard_free(in);
        free(room);
}

static void test_path(void **state)
{
        static const struct {
                const char *path, *expected;
        } rows[] = {
            {"", "/"},
            {"/", "/"},
            {"//", "/"},
            {"/../..", "/"},
            {"/.", "/"},
            {"/./", "/"},
            {"/a/..", "/"},
            {"/a/../", "/"},
            {"/a/b/..", "/a"},
            {"/a/b/../", "/a/"},
            {"/a/b/../../../c", "/c"},
            {"/a/.", "/a"},
            {"/a//", "/a/"},
            {"/a//b/./c/../d%20e/", "/a/b/d%2520e/"},
            {"/%41~-_.", "/%2541~-_."},
            {"/a%2Fb/c", "/a%252Fb/c"},
            {"/a%2fb", "/a%252fb"},
            {"/\xc3\xa9", "/%25C3%25A9"}, // clients send /%C3%A9
            {"/...", "/..."},
            {"/.a/..b/c.", "/.a/..b/c."},
            {"/%2E%2E/a", "/%252E%252E/a"},
            {"/a:b/c%3Ad", "/a%3Ab/c%253Ad"},
            {"/!$&'()*+,;=:@", "/%21%24%26%27%28%29%2A%2B%2C%3B%3D%3A%40"},
            {"/model/anthropic.claude-3-5-sonnet-20240620-v1%3A0/invoke",
             "/model/anthropic.claude-3-5-sonnet-20240620-v1%253A0/invoke"},
            {"/model/anthropic.claude-3-5-sonnet-20240620-v1:0/invoke",
             "/model/anthropic.claude-3-5-sonnet-20240620-v1%3A0/invoke"},
            {"/aaaaaaaaaaaaaaaa/bbbbbbbbbbbbbbbb/./cc", "/aaaaaaaaaaaaaaaa/bbbbbbbbbbbbbbbb/cc"},
            {"/aaaaaaaaaaaaaaa//b", "/aaaaaaaaaaaaaaa/b"},
        };
        (void)state;
        for (size_t i = 0; i < LENGTH(rows); i++)
                assert_path(rows[i].path, CANONICAL_PATH_ENCODED, rows[i].expected);
}

// Every byte at every place within two blocks.
static void test_path_bytes(void **state)
{
        (void)state;
        for (size_t at = 1; at < 36; at++) {
                for (unsigned byte = 1; byte < 256; byte++) {
                        char path[40] = "/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", expected[48];
                        bool stays = (byte < 0x80 && strchr("-_.~", (int)byte)) || (byte >= '0' && byte <= '9') ||
                                     ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'z');
                        if (byte == '/')
                                continue;
                        path[at] = (char)byte;
                        if (at == 1 && byte == '.')
                                path[2] = 'b'; // not a segment of its own in any case
                        if (stays)
                                (void)snprintf(expected, sizeof(expected), "%s", path);
                        else
                                (void)snprintf(expected, sizeof(expected), "%.*s%%%s%02X%s", (int)at, path,
                                               byte < 0x80 ? "" : "25", byte, path + at + 1);
                        assert_path(path, CANONICAL_PATH_ENCODED, expected);
                }
        }
}

// What is normalised, at every place within two blocks.
static void test_path_segments(void **state)
{
        static const struct {
                const char *inside; // of 36 letters behind a slash
                size_t gone;        // bytes from its beginning that are not in the result
        } rows[] = {{"//", 1}, {"/./", 2}};
        (void)state;
        for (size_t i = 0; i < LENGTH(rows); i++) {
                for (size_t at = 2; at + 4 < 37; at++) {
                        char path[40] = "/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", expected[40];
                        size_t n = strlen(rows[i].inside);
                        memcpy(path + at, rows[i].inside, n);
                        (void)snprintf(expected, sizeof(expected), "%.*s%s", (int)at, path, path + at + rows[i].gone);
                        assert_path(path, CANONICAL_PATH_ENCODED, expected);
                }
        }
        for (size_t at = 2; at + 4 < 37; at++) {
                char path[40] = "/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
                memcpy(path + at, "/../", 4);
                assert_path(path, CANONICAL_PATH_ENCODED, path + at + 3);
        }
}

static void test_path_decoded(void **state)
{
        static const struct {
                const char *path, *expected;
        } rows[] = {
            {"", "/"},
            {"/", "/"},
            {"/dt=1", "/dt%3D1"},
            {"/f(1).txt", "/f%281%29.txt"},
            {"/a+b", "/a%20b"}, // S3 reads "+" as a blank in paths, too
            {"/a%2Bb", "/a%2Bb"},
            {"/a%20b", "/a%20b"},
            {"/a%2fb", "/a/b"},
            {"/%7e%41", "/~A"},
            {"/%c3%a9", "/%C3%A9"},
            {"/\xc3\xa9", "/%C3%A9"},
            {"/!$&'()*,;:@", "/%21%24%26%27%28%29%2A%2C%3B%3A%40"},
            {"/a//b/../c/./", "/a//b/../c/./"}, // keys, not folders
            {"/100%", "/100%25"},
            {"/%zz%4", "/%25zz%254"},
            {"/%4g%%41", "/%254g%25A"},
        };
        (void)state;
        for (size_t i = 0; i < LENGTH(rows); i++)
                assert_path(rows[i].path, CANONICAL_PATH_DECODED, rows[i].expected);
}

static void assert_query_form(const char *query, enum canonical_query_form form, const char *expected)
{
        struct slice in = guard_copy(slice_str(query));
        size_t bound = canonical_query_bound(in, form);
        uint8_t *room = calloc(1, bound + 1);
        struct slice out = guard_copy(slice_of(room, bound));
        uint8_t *start = (uint8_t *)(uintptr_t)out.p;
        size_t n = (size_t)(canonical_query_put(start, in, form) - start);
        if (!slice_eq(slice_of(start, n), slice_str(expected)))
                fail_msg("%s gave %.*s, expected %s", query, (int)n, (const char *)start, expected);
        guard_free(out);
        guard_free(in);
        free(room);
}

static void assert_query(const char *query, const char *expected)
{
        assert_query_form(query, CANONICAL_QUERY_WIRE, expected);
}

static void test_query(void **state)
{
        static const struct {
                const char *query, *expected;
        } rows[] = {
            {"", ""},
            {"acl", "acl="},
            {"&", ""},
            {"&&a&&", "a="},
            {"=", "="},
            {"=v&a", "=v&a="},
            {"a=1&&b", "a=1&b="},
            {"a=1&", "a=1"},
            {"b=2&a=z&a=A&c&d=%20&e=a+b&A=1&a-b=1&aa=", "A=1&a=A&a=z&a-b=1&aa=&b=2&c=&d=%20&e=a%20b"},
            {"a=2&a=10&a=1", "a=1&a=10&a=2"},
            {"k=v=w&k=v", "k=v&k=v%3Dw"},
            {"k=%2f&k=%2F&k=/", "k=%2F&k=%2F&k=%2F"},
            {"k=a,b", "k=a%2Cb"},
            {"k=a:b", "k=a%3Ab"},
            {"k=%7E", "k=~"},
            {"k=%7e~%41", "k=~~A"},
            {"k[]=1", "k%5B%5D=1"},
            {"k=\xc3\xa9&k=%c3%a9", "k=%C3%A9&k=%C3%A9"},
            {"k=100%&k=%zz&k=%4", "k=%254&k=%25zz&k=100%25"},
            {"k=%26%3D%2B%25", "k=%26%3D%2B%25"},
            {"k=%00", "k=%00"},
            {"prefix=photos/2024&list-type=2", "list-type=2&prefix=photos%2F2024"},
            {"byProvider=Anthropic&byOutputModality=TEXT", "byOutputModality=TEXT&byProvider=Anthropic"},
            {"a=?&a=/", "a=%2F&a=%3F"},
            {"a.=1&a=2&a%41=3", "a=2&a.=1&aA=3"}, // sorted by the encoded name: "=" does not count
            {"b=1&%61=2", "a=2&b=1"},
            {",=1&-=2&z=3", "%2C=1&-=2&z=3"},
        };
        (void)state;
        for (size_t i = 0; i < LENGTH(rows); i++) {
                assert_query(rows[i].query, rows[i].expected);
                assert_query(rows[i].expected, rows[i].expected);
                assert_query_form(rows[i].expected, CANONICAL_QUERY_ENCODED, rows[i].expected);
        }
        assert_query_form("b=%20&a", CANONICAL_QUERY_ENCODED, "a=&b=%20");
}

// Every byte, in a name and in a value.
static void test_query_bytes(void **state)
{
        (void)state;
        for (unsigned byte = 1; byte < 256; byte++) {
                bool stays = (byte < 0x80 && strchr("-_.~", (int)byte)) || (byte >= '0' && byte <= '9') ||
                             ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'z');
                char query[32], expected[32];
                (void)snprintf(query, sizeof(query), "k=%c&k=%%%02x", (int)byte, byte);
                if (stays)
                        (void)snprintf(expected, sizeof(expected), "k=%c&k=%c", (int)byte, (int)byte);
                else if (byte == '+')
                        (void)snprintf(expected, sizeof(expected), "k=%%20&k=%%2B");
                else if (byte == '&')
                        (void)snprintf(expected, sizeof(expected), "k=&k=%%26");
                else
                        (void)snprintf(expected, sizeof(expected), "k=%%%02X&k=%%%02X", byte, byte);
                assert_query(query, expected);
        }
}

// More parameters than fit on the stack take another way, with the same result.
static void test_query_many(void **state)
{
        (void)state;
        enum { MANY = 300 };
        char query[MANY * 8] = "", expected[MANY * 8] = "";
        size_t q = 0, x = 0;
        for (int i = MANY; i > 0; i--)
                q += (size_t)snprintf(query + q, sizeof(query) - q, "%sp%03d=v", i == MANY ? "" : "&", i);
        for (int i = 1; i <= MANY; i++)
                x += (size_t)snprintf(expected + x, sizeof(expected) - x, "%sp%03d=v", i == 1 ? "" : "&", i);
        assert_query(query, expected);
}

struct name_value {
        const char *name, *value;
};

static void put_headers(const struct name_value *list, char *lines, char *names)
{
        struct canonical_headers headers;
        canonical_headers_init(&headers);
        for (; list->name; list++) {
                bool blanks = false;
                struct slice value = guard_copy(slice_str(list->value));
                assert_true(canonical_value_scan(value, &blanks));
                guard_free(value);
                assert_int_equal(canonical_headers_add(&headers, slice_str(list->name), slice_str(list->value),
                                                       blanks ? CANONICAL_VALUE_BLANKS : CANONICAL_VALUE_CLEAN),
                                 0);
        }
        size_t bound = canonical_headers_bound(&headers);
        uint8_t *room = malloc(bound), *names_room = malloc(bound), *end = names_room;
        uint8_t *p = canonical_headers_put(room, &headers, &end);
        assert_true((size_t)(p - room) + (size_t)(end - names_room) <= bound);
        memcpy(lines, room, (size_t)(p - room));
        lines[p - room] = '\0';
        memcpy(names, names_room, (size_t)(end - names_room));
        names[end - names_room] = '\0';
        free(room);
        free(names_room);
}

static void test_headers(void **state)
{
        static const struct {
                struct name_value headers[7];
                const char *lines, *names;
        } rows[] = {
            {{{"Host", "h.example:8443"}, {"X-B", "  a   b  "}, {"X-A", "1"}, {"X-A", "2"}, {"Foo", "\"a   b\""}},
             "foo:\"a b\"\nhost:h.example:8443\nx-a:1,2\nx-b:a b\n",
             "foo;host;x-a;x-b"},
            {{{"x-a", "b"}, {"X-A", "a"}, {"x-A", "c"}}, "x-a:b,a,c\n", "x-a"}, // order of arrival
            {{{"my-header", "one\r\n  two\n\tthree"}}, "my-header:one two three\n", "my-header"},
            {{{"empty", ""}, {"blank", " \t "}}, "blank:\nempty:\n", "blank;empty"},
            {{{"x", ""}, {"x", "v"}, {"x", ""}}, "x:,v,\n", "x"},
            {{{"x-amz-meta-b", "2"}, {"x-amz-meta-a", "1"}, {"x-amz-meta", "0"}, {"x-amz", "y"}},
             "x-amz:y\nx-amz-meta:0\nx-amz-meta-a:1\nx-amz-meta-b:2\n",
             "x-amz;x-amz-meta;x-amz-meta-a;x-amz-meta-b"},
            {{{"a_b", "1"}, {"a-b", "2"}, {"a.b", "3"}, {"ab", "4"}}, "a-b:2\na.b:3\na_b:1\nab:4\n", "a-b;a.b;a_b;ab"},
            {{{"long", "0123456789abcdef0123456789abcdef  x"}}, "long:0123456789abcdef0123456789abcdef x\n", "long"},
            {{{"long", "0123456789abcdef0123456789abcdef "}}, "long:0123456789abcdef0123456789abcdef\n", "long"},
            {{{"long", " 0123456789abcdef0123456789abcdef"}}, "long:0123456789abcdef0123456789abcdef\n", "long"},
            {{{"long", "\xc3\xa9 \xc3\xa9\xc3\xa9\xc3\xa9"}}, "long:\xc3\xa9 \xc3\xa9\xc3\xa9\xc3\xa9\n", "long"},
        };
        (void)state;
        for (size_t i = 0; i < LENGTH(rows); i++) {
                char lines[512], names[512];
                put_headers(rows[i].headers, lines, names);
                assert_string_equal(lines, rows[i].lines);
                assert_string_equal(names, rows[i].names);
        }
}

static void test_controls_in_values(void **state)
{
        (void)state;
        for (size_t n = 1; n < 40; n++) {
                for (size_t at = 0; at < n; at++) {
                        char value[40];
                        bool blanks = false;
                        memset(value, 'v', sizeof(value));
                        value[at] = '\x01';
                        assert_false(canonical_value_scan(slice_of(value, n), &blanks));
                        value[at] = '\x7f';
                        assert_false(canonical_value_scan(slice_of(value, n), &blanks));
                        value[at] = '\t';
                        assert_true(canonical_value_scan(slice_of(value, n), &blanks));
                        assert_true(blanks);
                        value[at] = '\xff';
                        assert_true(canonical_value_scan(slice_of(value, n), &blanks));
                        assert_false(blanks);
                }
        }
}

static void test_list_is_bounded(void **state)
{
        (void)state;
        struct canonical_headers headers;
        canonical_headers_init(&headers);
        for (size_t i = 0; i < CANONICAL_HEADERS_MAX; i++)
                assert_int_equal(canonical_headers_add(&headers, SLICE("a"), SLICE("b"), CANONICAL_VALUE_CLEAN), 0);
        assert_int_equal(canonical_headers_add(&headers, SLICE("a"), SLICE("b"), CANONICAL_VALUE_CLEAN), -1);
}

static void test_request(void **state)
{
        (void)state;
        struct canonical_headers headers;
        canonical_headers_init(&headers);
        canonical_headers_add(&headers, SLICE("X-Amz-Date"), SLICE("20260901T120000Z"), CANONICAL_VALUE_CLEAN);
        canonical_headers_add(&headers, SLICE("HOST"), SLICE("example.com"), CANONICAL_VALUE_CLEAN);
        const struct canonical_request request = {
            .method = SLICE("post"),
            .path = SLICE("/a b"),
            .query = SLICE("z&a=1"),
            .headers = &headers,
            .payload_hash = SLICE("UNSIGNED-PAYLOAD"),
        };
        static const char expected[] = "POST\n/a%20b\na=1&z=\nhost:example.com\nx-amz-date:20260901T120000Z\n\n"
                                       "host;x-amz-date\nUNSIGNED-PAYLOAD";
        uint8_t *room = calloc(1, canonical_request_bound(&request));
        struct slice names;
        uint8_t *end = canonical_request_put(room, &request, &names);
        assert_int_equal(end - room, sizeof(expected) - 1);
        assert_memory_equal(room, expected, sizeof(expected) - 1);
        assert_true(slice_eq(names, SLICE("host;x-amz-date")));
        free(room);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_path),
            cmocka_unit_test(test_path_bytes),
            cmocka_unit_test(test_path_segments),
            cmocka_unit_test(test_path_decoded),
            cmocka_unit_test(test_query),
            cmocka_unit_test(test_query_bytes),
            cmocka_unit_test(test_query_many),
            cmocka_unit_test(test_headers),
            cmocka_unit_test(test_controls_in_values),
            cmocka_unit_test(test_list_is_bounded),
            cmocka_unit_test(test_request),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
