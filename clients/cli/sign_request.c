// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/sign_request.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "clients/cli/cli.h"
#include "clients/cli/duration.h"
#include "proto/mem/length.h"
#include "proto/mem/text.h"
#include "proto/wire/field.h"
#include "proto/wire/json_write.h"

enum { FILE_MAX = LIMIT_HTTP_BODY / 4 * 3, READ_SIZE = 64 * 1024, MESSAGE_MAX = 1024 };

static const char too_large[] =
    "the agent takes requests of up to 1 MiB, a payload in base64 included; sign larger ones by their hash, over "
    "the socket: payload_sha256";

bool sign_request_header(const char *text, struct slice *ret_name, struct slice *ret_value)
{
        struct slice s = slice_str(text);
        size_t colon = slice_find(s, ':');
        struct slice value = slice_trim(slice_from(s, colon + 1));
        if (colon == s.n || !field_is_name(slice_head(s, colon)) || !field_is_value(value))
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
                        return content->no_memory ? -ENOMEM : -EFBIG;
                ssize_t n = read(fd, to, READ_SIZE);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return n < 0 ? -errno : 0;
                buffer_commit(content, (size_t)n);
        }
}

static void put_bytes(struct slice bytes, struct buffer *out)
{
        json_key(out, "payload");
        (void)buffer_put_byte(out, '"');
        (void)text_base64_encode(bytes, out);
        (void)buffer_put_byte(out, '"');
}

static int refuse_file(const char *what, const char *name, const char *why)
{
        struct buffer about;
        buffer_init(&about, MESSAGE_MAX);
        (void)buffer_put(&about, slice_head(slice_str(name), MESSAGE_MAX / 2));
        (void)buffer_put_str(&about, ": ");
        (void)buffer_put_str(&about, why);
        int exit_code = cli_say_about(EXIT_FAILED, what, buffer_c_str(&about), NULL);
        buffer_free(&about);
        return exit_code;
}

static int put_payload_of_file(const char *name, struct buffer *out)
{
        struct buffer content;
        bool is_input = strcmp(name, "-") == 0;
        int fd = is_input ? STDIN_FILENO : open(name, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return refuse_file("this file cannot be opened", name, strerror(errno));
        buffer_init(&content, FILE_MAX + READ_SIZE);
        int r = read_file(fd, &content);
        int exit_code = EXIT_OK;
        if (!is_input)
                (void)close(fd);
        if (r == -EFBIG || content.n > FILE_MAX)
                exit_code = cli_say_about(EXIT_FAILED, "this file is too large", name, too_large);
        else if (r < 0)
                exit_code = refuse_file("this file cannot be read", name, strerror(-r));
        else
                put_bytes(buffer_slice(&content), out);
        buffer_free(&content);
        return exit_code;
}

static int put_payload(const struct options *o, bool is_presign, struct buffer *out)
{
        const char *data = o->values[OPTION_DATA];
        if (data && data[0] == '@')
                return put_payload_of_file(data + 1, out);
        if (data || !is_presign) // of a presigned request the service says what it expects
                put_bytes(slice_str(data), out);
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
        if (seconds < 1 || seconds > LIMIT_PRESIGN_EXPIRES_S)
                return cli_usage("a URL cannot be signed for this long", text, "write from 1s to 7d");
        json_member_i64(out, "expires_in", seconds);
        return EXIT_OK;
}

// JSON is UTF-8: other bytes would be replaced, and something else be signed than what is sent.
static int check_texts(const struct options *o)
{
        const char *const texts[] = {o->arguments[0], o->arguments[1], o->values[OPTION_SERVICE],
                                     o->values[OPTION_REGION], o->values[OPTION_TIME]};
        for (size_t i = 0; i < LENGTH(texts); i++)
                if (!text_is_utf8(slice_str(texts[i])))
                        return cli_usage("this is no UTF-8", texts[i], "in a URL, percent-encode other bytes");
        for (size_t i = 0; i < o->headers_count; i++)
                if (!text_is_utf8(slice_str(o->headers[i])))
                        return cli_usage("this is no UTF-8", o->headers[i],
                                         "encode other bytes as the service wants them");
        if (options_has(o, OPTION_CURL) && options_has(o, OPTION_DATA) && strcmp(o->values[OPTION_DATA], "@-") == 0)
                return cli_usage("the curl command could not read standard input again", "-d @-",
                                 "put the data into a file");
        return EXIT_OK;
}

int sign_request_write(const struct options *o, bool is_presign, struct buffer *out)
{
        int exit_code = check_texts(o);
        if (exit_code != EXIT_OK)
                return exit_code;
        json_begin_object(out);
        json_member(out, "method", slice_str(o->arguments[0]));
        json_member(out, "url", slice_str(o->arguments[1]));
        put_text(o, OPTION_SERVICE, "service", out);
        put_text(o, OPTION_REGION, "region", out);
        put_text(o, OPTION_TIME, "time", out);
        exit_code = put_headers(o, out);
        if (exit_code == EXIT_OK && is_presign)
                exit_code = put_expiry(o, out);
        if (exit_code == EXIT_OK)
                exit_code = put_payload(o, is_presign, out);
        json_end_object(out);
        if (exit_code == EXIT_OK && out->no_memory)
                exit_code = cli_say(EXIT_FAILED, "out of memory", NULL);
        else if (exit_code == EXIT_OK && out->failed)
                exit_code = cli_say(EXIT_FAILED, "the request to sign is too large", too_large);
        return exit_code;
}
