// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/sign_arguments.h"

#include <errno.h>
#include <fcntl.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clients/cli/cli.h"
#include "proto/mem/text.h"

enum { FILE_MAX = LIMIT_HTTP_BODY / 4 * 3, READ_SIZE = 64 * 1024 };

static const char too_large[] = "sign larger payloads by their hash, over the socket: payload_sha256";

// "Name: value", split in place.
static bool split_header(char *text, struct keyfob_header *ret)
{
        char *colon = strchr(text, ':');
        if (!colon)
                return false;
        struct slice value = slice_trim(slice_str(colon + 1));
        char *start = text + (value.p - (const uint8_t *)text);
        *colon = start[value.n] = 0;
        *ret = (struct keyfob_header){.name = text, .value = start};
        return true;
}

static int read_headers(const struct options *o, struct sign_arguments *ret)
{
        for (size_t i = 0; i < o->headers_count; i++) {
                if (!split_header(o->headers[i], &ret->headers[i]))
                        return cli_fail(EXIT_USAGE, "write -H 'Name: value'", "invalid header: %s", o->headers[i]);
                for (size_t k = 0; k < i; k++)
                        if (strcasecmp(ret->headers[i].name, ret->headers[k].name) == 0)
                                return cli_fail(EXIT_USAGE, "join the values with a comma",
                                                "the header is given twice: %s", ret->headers[i].name);
        }
        ret->request.headers = ret->headers;
        ret->request.headers_count = o->headers_count;
        return EXIT_OK;
}

// 0, or -errno; -EFBIG past the limit of `content`.
static int read_all(int fd, struct buffer *content)
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

// Whether curl will find in this file what was signed: not in a pipe, nor on standard input, where its headers are.
static bool is_readable_again(int fd, const char *name)
{
        struct stat st;
        bool is_special = strncmp(name, "/dev/", 5) == 0 || strncmp(name, "/proc/", 6) == 0;
        return strcmp(name, "/dev/null") == 0 || (!is_special && fstat(fd, &st) == 0 && S_ISREG(st.st_mode));
}

static int read_file(const char *name, bool for_curl, struct buffer *content)
{
        bool is_input = strcmp(name, "-") == 0;
        int fd = is_input ? STDIN_FILENO : open(name, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return cli_fail(EXIT_FAILED, NULL, "cannot open %s: %s", name, strerror(errno));
        bool is_refused = for_curl && (is_input || !is_readable_again(fd, name));
        int r = is_refused ? 0 : read_all(fd, content);
        if (!is_input)
                (void)close(fd);
        if (is_refused && is_input)
                return cli_fail(EXIT_USAGE, "put the data into a file",
                                "-d @- with --curl: curl could not read standard input again");
        if (is_refused)
                return cli_fail(EXIT_USAGE, "put the data into a file", "-d @%s with --curl: not a regular file", name);
        if (r == -EFBIG || content->n > FILE_MAX)
                return cli_fail(EXIT_FAILED, too_large, "%s is too large: the agent accepts payloads of 768 KiB", name);
        return r < 0 ? cli_fail(EXIT_FAILED, NULL, "cannot read %s: %s", name, strerror(-r)) : EXIT_OK;
}

static int read_payload(const struct options *o, struct sign_arguments *ret)
{
        const char *data = o->values[OPTION_DATA];
        struct slice payload = slice_str(data);
        if (data && data[0] == '@') {
                int exit_code = read_file(data + 1, options_has(o, OPTION_CURL), &ret->file);
                if (exit_code != EXIT_OK)
                        return exit_code;
                payload = buffer_slice(&ret->file);
        }
        ret->data = data;
        ret->request.payload = payload.p;
        ret->request.payload_size = payload.n;
        ret->request.unsigned_payload = options_has(o, OPTION_UNSIGNED_PAYLOAD);
        ret->more.has_default_hash = ret->is_presign && !data && !ret->request.unsigned_payload;
        return EXIT_OK;
}

static bool is_hex(char c)
{
        return text_hex_digit((uint8_t)c) >= 0;
}

// "/a%2fb" is "/a%2Fb": newer releases of curl send the latter, whatever they are given.
static void capitalise_escapes(char *url)
{
        for (char *c = url; *c && *c != '?'; c++)
                for (int i = 1; *c == '%' && i <= 2 && is_hex(c[1]) && is_hex(c[2]); i++)
                        if (c[i] >= 'a')
                                c[i] = (char)(c[i] - ('a' - 'A'));
}

// What curl cannot send, and what it changes.
static int check_curl(const struct options *o, struct sign_arguments *ret)
{
        if (!options_has(o, OPTION_CURL))
                return EXIT_OK;
        capitalise_escapes(o->arguments[1]);
        if (strncasecmp(ret->request.url, "ws", 2) == 0)
                return cli_fail(EXIT_USAGE, "leave out --curl, or sign the https:// URL",
                                "curl does not send requests to %s", ret->request.url);
        if (strcasecmp(ret->request.method, "HEAD") != 0 || !ret->data)
                return EXIT_OK;
        if (ret->request.payload_size > 0)
                return cli_fail(EXIT_USAGE, "leave out -d, or use another method", "curl sends no body with HEAD");
        ret->data = NULL;
        return EXIT_OK;
}

static int read_expiry(const struct options *o, struct sign_arguments *ret)
{
        if (cli_duration(o, OPTION_EXPIRES_IN, &ret->more.expires_in_s) < 0)
                return EXIT_USAGE;
        if (options_has(o, OPTION_EXPIRES_IN) &&
            (ret->more.expires_in_s < 1 || ret->more.expires_in_s > LIMIT_PRESIGN_EXPIRES_S))
                return cli_fail(EXIT_USAGE, "write from 1s to 7d", "a URL cannot be signed for this long: %s",
                                o->values[OPTION_EXPIRES_IN]);
        return EXIT_OK;
}

int sign_arguments_read(const struct options *o, bool is_presign, struct sign_arguments *ret)
{
        *ret = (struct sign_arguments){
            .options = o,
            .is_presign = is_presign,
            .request = {.method = o->arguments[0],
                        .url = o->arguments[1],
                        .service = o->values[OPTION_SERVICE],
                        .region = o->values[OPTION_REGION]},
            .more = {.time = o->values[OPTION_TIME], .region_set = o->values[OPTION_REGION_SET]},
        };
        buffer_init(&ret->file, FILE_MAX + READ_SIZE);
        if (options_has(o, OPTION_REGION) && options_has(o, OPTION_REGION_SET))
                return cli_fail(EXIT_USAGE, "give one of them",
                                "options that exclude each other: --region or --region-set");
        int exit_code = read_headers(o, ret);
        if (exit_code == EXIT_OK)
                exit_code = read_expiry(o, ret);
        if (exit_code == EXIT_OK)
                exit_code = read_payload(o, ret);
        return exit_code == EXIT_OK ? check_curl(o, ret) : exit_code;
}

void sign_arguments_free(struct sign_arguments *arguments)
{
        buffer_free(&arguments->file);
}
