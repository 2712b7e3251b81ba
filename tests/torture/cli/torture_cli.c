// SPDX-License-Identifier: Apache-2.0
// What the command makes of its arguments, of files and of answers. Its messages go to standard error.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clients/cli/cli.h"
#include "clients/cli/config_file.h"
#include "clients/cli/event_line.h"
#include "clients/cli/export.h"
#include "clients/cli/sign_arguments.h"
#include "clients/cli/status_table.h"
#include "proto/mem/buffer.h"
#include "tests/torture/torture.h"

static char path[] = "/tmp/keyfob-torture-XXXXXX", data[64];

static int write_request(struct buffer *out)
{
        char method[] = "POST", url[] = "https://sts.us-east-1.amazonaws.com/", header[] = "a: b";
        char *const arguments[] = {method, url};
        struct options o = {.arguments = arguments, .arguments_count = 2, .headers = {header}, .headers_count = 1};
        struct sign_arguments in;
        struct keyfob_error error;
        o.values[OPTION_DATA] = data;
        o.values[OPTION_EXPIRES_IN] = "10m";
        o.values[OPTION_REGION_SET] = "*";
        int exit_code = sign_arguments_read(&o, true, &in);
        if (exit_code == EXIT_OK && client_put_sign_request(&in.request, &in.more, out, &error) != KEYFOB_OK) {
                assert_int_equal(error.status, KEYFOB_NO_MEMORY);
                exit_code = EXIT_FAILED;
        }
        sign_arguments_free(&in);
        return exit_code;
}

// `arg`: not NULL: the file is read byte by byte.
static bool request_round(const void *arg)
{
        struct buffer want, got;
        buffer_init(&want, 1024 * 1024);
        buffer_init(&got, 1024 * 1024);
        assert_int_equal(write_request(&want), EXIT_OK);
        assert_true(slice_ends_with(buffer_slice(&want),
                                    SLICE("\"algorithm\":\"sigv4a\",\"region_set\":\"*\",\"expires_in\":600}")));
        torture_short_reads(arg != NULL);
        torture_begin();
        int exit_code = write_request(&got);
        torture_end();
        torture_short_reads(false);
        if (exit_code == EXIT_OK)
                assert_true(slice_eq(buffer_slice(&got), buffer_slice(&want)));
        else
                assert_int_equal(exit_code, EXIT_FAILED);
        buffer_free(&want);
        buffer_free(&got);
        return exit_code == EXIT_OK;
}

// The file is whole, with or without what is appended.
static bool append_round(const void *arg)
{
        static char file_path[] = "/tmp/keyfob-torture-config-XXXXXX";
        static const char before[] = "[default]\n", after[] = "[default]\n\n[profile p]\n";
        struct config_file file;
        char got[64] = "";
        (void)arg;
        memcpy(file_path + sizeof(file_path) - 7, "XXXXXX", 6);
        int fd = mkstemp(file_path);
        assert_true(fd >= 0);
        assert_int_equal(write(fd, before, sizeof(before) - 1), sizeof(before) - 1);
        torture_begin();
        int r = config_file_read(file_path, &file);
        if (r == 0)
                r = config_file_append(&file, SLICE("[profile p]\n"));
        torture_end();
        config_file_free(&file);
        (void)close(fd);
        fd = open(file_path, O_RDONLY | O_CLOEXEC);
        assert_true(fd >= 0);
        assert_true(read(fd, got, sizeof(got) - 1) > 0);
        (void)close(fd);
        (void)unlink(file_path);
        assert_string_equal(got, r == 0 ? after : before);
        assert_true(r == 0 || r == -ENOMEM);
        return r == 0;
}

#define ERROR                                                                                                          \
        "\"last_error\":{\"code\":\"upstream_error\",\"detail\":\"AssumeRole: denied\",\"hint\":\"check the role\"}"
#define CHAIN                                                                                                          \
        "\"chain\":[{\"link\":\"environment\",\"outcome\":\"not set\"},{\"link\":\"imds\",\"outcome\":\"answers\"}]"

#define CERTIFICATE "\"certificate\":{\"subject\":\"CN=a\",\"serial\":\"1\",\"not_after\":\"2026-09-01T11:59:59Z\"}"

static const char many[] = "{\"profiles\":[{\"name\":\"a\\u00e4\",\"type\":\"static\",\"state\":\"fresh\"},"
                           "{\"name\":\"b\",\"type\":\"assume_role\",\"state\":\"failed\"," ERROR "},"
                           "{\"name\":\"c\",\"type\":\"default_chain\",\"state\":\"failed\"," ERROR "}]}",
                  one[] = "{\"name\":\"c\",\"type\":\"default_chain\",\"state\":\"failed\"," ERROR "," CHAIN
                          "," CERTIFICATE "}";

static bool table_round(const void *arg)
{
        const char *answer = arg;
        struct buffer want, got;
        buffer_init(&want, 1024 * 1024);
        buffer_init(&got, 1024 * 1024);
        assert_int_equal(status_table_write(slice_str(answer), 1788264000, 80, &want), 0);
        torture_begin();
        int r = status_table_write(slice_str(answer), 1788264000, 80, &got);
        torture_end();
        if (r == 0)
                assert_true(slice_eq(buffer_slice(&got), buffer_slice(&want)));
        buffer_free(&want);
        buffer_free(&got);
        return r == 0;
}

static bool event_round(const void *arg)
{
        static const char event[] = "{\"profile\":\"a\",\"generation\":4,\"expiration\":\"2026-09-01T13:00:00Z\","
                                    "\"time\":\"2026-09-01T12:00:00Z\"}";
        struct buffer out;
        (void)arg;
        buffer_init(&out, 1024);
        torture_begin();
        int r = event_line_write(SLICE("rotated"), slice_str(event), &out);
        torture_end();
        if (r == 0)
                assert_string_equal(buffer_c_str(&out), "2026-09-01T12:00:00Z  rotated          a  generation 4, until "
                                                        "2026-09-01T13:00:00Z\n");
        buffer_free(&out);
        return r == 0;
}

static const char document[] = "{\"Version\":1,\"AccessKeyId\":\"ASIA\",\"SecretAccessKey\":\"CANARY-secret\","
                               "\"SessionToken\":\"CANARY-token\",\"Expiration\":\"2026-09-01T12:00:00Z\"}";

// `arg`: the name of a format. The file is the old one or the new one, whole.
static bool export_round(const void *arg)
{
        char file[80], old[] = "# written by keyfob before", found[2000] = "";
        struct export_request request = {.profile = "a", .file = file};
        struct buffer want, got;
        int64_t expires_s;
        (void)snprintf(file, sizeof(file), "%s.export", path);
        buffer_init(&want, sizeof(found) - 1);
        buffer_init(&got, sizeof(found) - 1);
        assert_int_equal(export_format_find(slice_str(arg), &request.format), 0);
        assert_int_equal(export_put(&request, slice_str(document), &want, &expires_s), EXIT_OK);
        assert_int_equal(expires_s, 1788264000);
        struct stat about;
        assert_int_equal(export_replace_file(&request, slice_str(old)), EXIT_OK);
        assert_int_equal(stat(file, &about), 0);
        assert_int_equal(about.st_mode & 07777, 0600);
        torture_begin();
        int exit_code = export_put(&request, slice_str(document), &got, &expires_s);
        if (exit_code == EXIT_OK)
                exit_code = export_replace_file(&request, buffer_slice(&got));
        torture_end();
        FILE *f = fopen(file, "re");
        assert_non_null(f);
        assert_int_equal(setvbuf(f, NULL, _IONBF, 0), 0); // no copy in a buffer of the C library
        (void)!fread(found, 1, sizeof(found) - 1, f);
        (void)fclose(f);
        (void)unlink(file);
        assert_string_equal(found, exit_code == EXIT_OK ? buffer_c_str(&want) : old);
        explicit_bzero(found, sizeof(found));
        buffer_free(&want);
        buffer_free(&got);
        return exit_code == EXIT_OK;
}

int main(void)
{
        static const struct torture_row rows[] = {
            {.name = "a request to sign", .round = request_round},
            {.name = "a request to sign, byte by byte", .round = request_round, .arg = ""},
            {.name = "table of profiles", .round = table_round, .arg = many},
            {.name = "table of one profile", .round = table_round, .arg = one},
            {.name = "line of an event", .round = event_round},
            {.name = "appending to a file", .round = append_round},
            {.name = "export for a shell", .round = export_round, .arg = "env"},
            {.name = "export as JSON", .round = export_round, .arg = "json"},
            {.name = "export as a credentials file", .round = export_round, .arg = "credentials-file"},
            {.name = "export as STS answers", .round = export_round, .arg = "claude-code"},
        };
        int fd = mkstemp(path);
        if (fd < 0 || write(fd, "hello", 5) != 5 || close(fd) < 0)
                return 1;
        (void)snprintf(data, sizeof(data), "@%s", path);
        int failed = torture_main(rows, LENGTH(rows));
        return unlink(path) < 0 ? 1 : failed;
}
