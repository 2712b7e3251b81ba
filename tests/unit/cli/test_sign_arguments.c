// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/sign_arguments.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "clients/cli/cli.h"
#include "tests/unit/folder.h"
#include "tests/unit/unit.h"

struct fixture {
        char method[8], url[32], headers[2][64];
        char *arguments[2];
        struct options options;
        struct sign_arguments in;
};

static void begin(struct fixture *f)
{
        *f = (struct fixture){.method = "PUT", .url = "https://h/"};
        f->arguments[0] = f->method;
        f->arguments[1] = f->url;
        f->options.arguments = f->arguments;
        f->options.arguments_count = 2;
}

static void add_header(struct fixture *f, const char *text)
{
        char *header = f->headers[f->options.headers_count];
        (void)snprintf(header, sizeof(f->headers[0]), "%s", text);
        f->options.headers[f->options.headers_count++] = header;
}

static void splits_headers(void **state)
{
        static const struct {
                const char *text, *name, *value;
        } rows[] = {{"a: b", "a", "b"}, {"A:b:c", "A", "b:c"}, {"a:", "a", ""}, {"a: \t b c \t", "a", "b c"}};
        struct fixture f;
        (void)state;
        for (size_t i = 0; i < LENGTH(rows); i++) {
                begin(&f);
                add_header(&f, rows[i].text);
                assert_int_equal(sign_arguments_read(&f.options, false, &f.in), EXIT_OK);
                assert_int_equal(f.in.request.headers_count, 1);
                assert_string_equal(f.in.request.headers[0].name, rows[i].name);
                assert_string_equal(f.in.request.headers[0].value, rows[i].value);
                sign_arguments_free(&f.in);
        }
}

static void refuses_a_header_given_twice(void **state)
{
        struct fixture f;
        (void)state;
        begin(&f);
        add_header(&f, "X-A: 1");
        add_header(&f, "x-a: 2");
        assert_int_equal(sign_arguments_read(&f.options, false, &f.in), EXIT_USAGE);
        sign_arguments_free(&f.in);
}

static void limits_the_expiry_to_seven_days(void **state)
{
        static const struct {
                const char *text;
                int exit_code;
                int64_t seconds;
        } rows[] = {{"1s", EXIT_OK, 1},   {"7d", EXIT_OK, 604800}, {"604801", EXIT_USAGE, 604801},
                    {"0", EXIT_USAGE, 0}, {"soon", EXIT_USAGE, 0}, {NULL, EXIT_OK, 0}};
        struct fixture f;
        (void)state;
        for (size_t i = 0; i < LENGTH(rows); i++) {
                begin(&f);
                f.options.values[OPTION_EXPIRES_IN] = rows[i].text;
                assert_int_equal(sign_arguments_read(&f.options, true, &f.in), rows[i].exit_code);
                assert_int_equal(f.in.more.expires_in_s, rows[i].seconds);
                sign_arguments_free(&f.in);
        }
}

// Without -d a presigned request leaves the hash to the service, a signed one has an empty payload.
static void takes_the_payload_from_the_argument(void **state)
{
        static const struct {
                bool is_presign;
                const char *data;
                bool has_default_hash;
        } rows[] = {
            {false, "x", false}, {false, NULL, false}, {true, "x", false}, {true, NULL, true}, {true, "", false}};
        struct fixture f;
        (void)state;
        for (size_t i = 0; i < LENGTH(rows); i++) {
                begin(&f);
                f.options.values[OPTION_DATA] = rows[i].data;
                assert_int_equal(sign_arguments_read(&f.options, rows[i].is_presign, &f.in), EXIT_OK);
                assert_int_equal(f.in.more.has_default_hash, rows[i].has_default_hash);
                assert_int_equal(f.in.request.payload_size, rows[i].data ? strlen(rows[i].data) : 0);
                sign_arguments_free(&f.in);
        }
}

static void signs_with_sigv4a_for_a_set_of_regions(void **state)
{
        static const struct {
                const char *region, *region_set, *ending;
                int exit_code;
        } rows[] = {
            {NULL, "*", "\"algorithm\":\"sigv4a\",\"region_set\":\"*\"}", EXIT_OK},
            {NULL, "us-east-1,eu-*", "\"algorithm\":\"sigv4a\",\"region_set\":\"us-east-1,eu-*\"}", EXIT_OK},
            {"eu-west-1", NULL, "\"region\":\"eu-west-1\"}", EXIT_OK},
            {"eu-west-1", "*", NULL, EXIT_USAGE},
        };
        struct fixture f;
        struct keyfob_error error;
        struct buffer body;
        (void)state;
        for (size_t i = 0; i < LENGTH(rows); i++) {
                begin(&f);
                f.options.values[OPTION_REGION] = rows[i].region;
                f.options.values[OPTION_REGION_SET] = rows[i].region_set;
                assert_int_equal(sign_arguments_read(&f.options, false, &f.in), rows[i].exit_code);
                buffer_init(&body, 4096);
                if (rows[i].ending) {
                        assert_int_equal(client_put_sign_request(&f.in.request, &f.in.more, &body, &error), KEYFOB_OK);
                        assert_true(slice_ends_with(buffer_slice(&body), slice_str(rows[i].ending)));
                }
                buffer_free(&body);
                sign_arguments_free(&f.in);
        }
        begin(&f);
        f.options.values[OPTION_REGION_SET] = "\xff";
        assert_int_equal(sign_arguments_read(&f.options, false, &f.in), EXIT_OK);
        buffer_init(&body, 4096);
        assert_int_equal(client_put_sign_request(&f.in.request, &f.in.more, &body, &error), KEYFOB_INVALID);
        buffer_free(&body);
        sign_arguments_free(&f.in);
}

static void limits_a_file_to_what_the_agent_accepts(void **state)
{
        static const struct {
                size_t size;
                int exit_code;
        } rows[] = {{0, EXIT_OK}, {5, EXIT_OK}, {786432, EXIT_OK}, {786433, EXIT_FAILED}, {2000000, EXIT_FAILED}};
        struct folder folder;
        struct fixture f;
        char path[128], data[130];
        (void)state;
        folder_make(&folder);
        folder_name(&folder, "body", path, sizeof(path));
        (void)snprintf(data, sizeof(data), "@%s", path);
        for (size_t i = 0; i < LENGTH(rows); i++) {
                FILE *file = fopen(path, "w");
                assert_non_null(file);
                assert_int_equal(ftruncate(fileno(file), (off_t)rows[i].size), 0);
                (void)fclose(file);
                begin(&f);
                f.options.values[OPTION_DATA] = data;
                assert_int_equal(sign_arguments_read(&f.options, true, &f.in), rows[i].exit_code);
                if (rows[i].exit_code == EXIT_OK)
                        assert_int_equal(f.in.request.payload_size, rows[i].size);
                sign_arguments_free(&f.in);
        }
        (void)unlink(path);
        folder_remove(&folder);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(splits_headers),
            cmocka_unit_test(refuses_a_header_given_twice),
            cmocka_unit_test(limits_the_expiry_to_seven_days),
            cmocka_unit_test(takes_the_payload_from_the_argument),
            cmocka_unit_test(signs_with_sigv4a_for_a_set_of_regions),
            cmocka_unit_test(limits_a_file_to_what_the_agent_accepts),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
