// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/sign_request.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "clients/cli/cli.h"
#include "clients/cli/duration.h"
#include "proto/mem/text.h"
#include "proto/wire/json_write.h"

enum { FILE_MAX = LIMIT_HTTP_BODY / 4 * 3, READ_SIZE = 64 * 1024 };

static const char too_large[] =
    "the agent takes requests of up to 1 MiB, a payload in base64 included; sign larger ones by their hash, over "
    "the socket: payload_sha256";

// RFC 9110, 5.6.2: what a field name is made of.
static bool is_token_byte(uint8_t c)
{
        return text_is_unreserved(c) || (c > ' ' && c < 0x7f && strchr("!#$%&'*+^`|", c) != NULL);
}

bool sign_request_header(const char *text, struct slice *ret_name, struct slice *ret_value)
{
        struct slice s = slice_str(text);
        size_t colon = slice_find(s, ':');
        if (colon == 0 || colon == s.n)
                return false;
        for (size_t i = 0; i < colon; i++)
                if (!is_token_byte(s.p[i]))
                        return false;
        struct slice value = slice_trim(slice_from(s, colon + 1));
        if (slice_find(value, '\n') < value.n || slice_find(value, '\r') < value.n)
                return false;
        *ret_name = slice_head(s, colon);
        *ret_value = value;
        return true;
}

static int put_headers(const struct options *o, struct buffer *out)
{
        struct slice names[LIMIT_SIGN_HEADERS_N];
        struct slice value;
        if (o->headers_count == 0)
                return EXIT_OK;
        json_key(out, "headers");
        json_begin_object(out);
        for (size_t i = 0; i < o->headers_count; i++) {
                if (!sign_request_header(o->headers[i], &names[i], &value))
                        return cli_usage("this is no header", o->headers[i], "write -H 'Name: value'");
                for (size_t k = 0; k < i; k++)
                        if (slice_eq_ignore_case(names[i], names[k]))
                                return cli_usage("this header is given twice", o->headers[i],
                                                 "join the values with a comma");
                json_put_string(out, names[i]);
                (void)buffer_put_byte(out, ':');
                json_put_string(out, value);
        }
        json_end_object(out);
        return EXIT_OK;
}

static int read_file(int fd, struct buffer *content)
{
        for (;;) {
                uint8_t *to = buffer_reserve(content, READ_SIZE);
                if (!to)
                        return -EFBIG;
                ssize_t n = read(fd, to, READ_SIZE);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return n < 0 ? -errno : 0;
                buffer_commit(content, (size_t)n);
        }
}

static int put_payload_of_file(const char *name, struct buffer *out)
{
        struct buffer content;
        int fd = open(name, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return cli_usage("this file cannot be opened", name, NULL);
        buffer_init(&content, FILE_MAX + READ_SIZE);
        int r = read_file(fd, &content);
        int exit_code = EXIT_OK;
        (void)close(fd);
        if (r == -EFBIG || content.n > FILE_MAX) {
                exit_code = cli_usage("this file is too large", name, too_large);
        } else if (r < 0) {
                exit_code = cli_usage("this file cannot be read", name, NULL);
        } else {
                json_key(out, "payload");
                (void)buffer_put_byte(out, '"');
                (void)text_base64_encode(buffer_slice(&content), out);
                (void)buffer_put_byte(out, '"');
        }
        buffer_free(&content);
        return exit_code;
}

static int put_payload(const struct options *o, bool is_presign, struct buffer *out)
{
        const char *data = o->values[OPTION_DATA];
        if (data && data[0] == '@')
                return put_payload_of_file(data + 1, out);
        if (data || !is_presign) { // of a presigned request the service says what it expects
                json_key(out, "payload");
                (void)buffer_put_byte(out, '"');
                (void)text_base64_encode(slice_str(data), out);
                (void)buffer_put_byte(out, '"');
        }
        return EXIT_OK;
}

static void put_text(const struct options *o, enum option option, const char *key, struct buffer *out)
{
        if (options_has(o, option))
                json_member(out, key, slice_str(o->values[option]));
}

static int put_expiry(const struct options *o, struct buffer *out)
{
        int64_t seconds = 0;
        const char *text = o->values[OPTION_EXPIRES_IN];
        if (!text)
                return EXIT_OK;
        if (duration_parse(slice_str(text), &seconds) < 0)
                return cli_usage("this is no length of time", text, "write 90s, 10m or 1h");
        json_member_i64(out, "expires_in", seconds);
        return EXIT_OK;
}

int sign_request_write(const struct options *o, bool is_presign, struct buffer *out)
{
        json_begin_object(out);
        json_member(out, "method", slice_str(o->arguments[0]));
        json_member(out, "url", slice_str(o->arguments[1]));
        put_text(o, OPTION_SERVICE, "service", out);
        put_text(o, OPTION_REGION, "region", out);
        put_text(o, OPTION_TIME, "time", out);
        int exit_code = put_headers(o, out);
        if (exit_code == EXIT_OK && is_presign)
                exit_code = put_expiry(o, out);
        if (exit_code == EXIT_OK)
                exit_code = put_payload(o, is_presign, out);
        json_end_object(out);
        if (exit_code == EXIT_OK && out->failed)
                exit_code = cli_usage("the request to sign is too large", o->arguments[1], too_large);
        return exit_code;
}
