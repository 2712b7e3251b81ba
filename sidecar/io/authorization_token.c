// SPDX-License-Identifier: Apache-2.0
#include "sidecar/io/authorization_token.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/mem/text.h"
#include "proto/wire/limits.h"
#include "sidecar/base/file.h"

#define WHAT "authorization token file"

enum { RANDOM_SIZE = 32, TOKEN_SIZE = 2 * RANDOM_SIZE, PATH_SIZE = 4200 };

// --- a new one ---

static int make_token(char out[TOKEN_SIZE])
{
        uint8_t bytes[RANDOM_SIZE];
        int r = getrandom(bytes, sizeof(bytes), 0) == (ssize_t)sizeof(bytes) ? 0 : -1;
        if (r == 0)
                text_hex_encode(slice_of(bytes, sizeof(bytes)), out);
        explicit_bzero(bytes, sizeof(bytes));
        return r;
}

static int write_all(int fd, const char *p, size_t n)
{
        while (n > 0) {
                ssize_t written = write(fd, p, n);
                if (written < 0 && errno == EINTR)
                        continue;
                if (written <= 0)
                        return -1;
                p += written;
                n -= (size_t)written;
        }
        return 0;
}

static int set_group(int fd, const struct authorization_token_file *file)
{
        if (!file->has_gid)
                return fchmod(fd, 0600);
        return fchown(fd, (uid_t)-1, file->gid) < 0 || fchmod(fd, 0640) < 0 ? -1 : 0;
}

static int fill(int fd, const struct authorization_token_file *file)
{
        char token[TOKEN_SIZE];
        int r = make_token(token);
        if (r == 0 && (set_group(fd, file) < 0 || write_all(fd, token, sizeof(token)) < 0 || fsync(fd) < 0))
                r = -1;
        explicit_bzero(token, sizeof(token));
        return r;
}

// Whole under a temporary name beside it, then under its own; one that appears meanwhile stays.
static int create(const struct authorization_token_file *file, struct error *e)
{
        char temporary[PATH_SIZE];
        uint32_t bits = 0;
        int n = getrandom(&bits, sizeof(bits), 0) == (ssize_t)sizeof(bits)
                    ? snprintf(temporary, sizeof(temporary), "%s.%08x", file->path, bits)
                    : -1;
        if (n < 0 || n >= (int)sizeof(temporary))
                return error_set(e, ERROR_CONFIG, WHAT " %s: cannot create it: the path is too long", file->path);
        int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
        int r = fd < 0 ? -1 : fill(fd, file);
        if (r == 0 && link(temporary, file->path) < 0 && errno != EEXIST)
                r = -1;
        int number = errno;
        if (fd >= 0) {
                (void)close(fd);
                (void)unlink(temporary);
        }
        if (r == 0)
                return 0;
        errno = number;
        error_set_errno(e, ERROR_CONFIG, WHAT " %s: cannot create it", file->path);
        return error_hint(e, "check that its directory exists and uid %u may write there%s", (unsigned)geteuid(),
                          file->has_gid ? ", and is a member of the group" : "");
}

// --- one that is there ---

static bool is_token(struct slice text)
{
        bool is_good = text.n > 0 && text.n <= LIMIT_AUTHORIZATION_TOKEN;
        for (size_t i = 0; i < text.n && is_good; i++)
                is_good = text.p[i] >= ' ' && text.p[i] <= '~';
        return is_good;
}

static int read_token(const char *path, struct secret *ret, struct error *e)
{
        struct buffer text;
        buffer_init(&text, LIMIT_TOKEN_FILE);
        int r = file_read_trimmed(path, WHAT, &text, e);
        struct slice token = slice_trim(buffer_slice(&text));
        if (r == 0 && !is_token(token)) {
                error_set(e, ERROR_CONFIG, WHAT " %s: found no token, expected up to %d printable ASCII characters",
                          path, LIMIT_AUTHORIZATION_TOKEN);
                r = error_hint(e, "delete the file, and the agent creates one");
        }
        if (r == 0 && secret_copy(ret, token) < 0)
                r = error_set(e, ERROR_INTERNAL, WHAT " %s: out of memory", path);
        buffer_free(&text); // wipes
        return r;
}

int authorization_token_load(const struct authorization_token_file *file, struct secret *ret, struct error *e)
{
        struct stat st;
        bool is_missing = stat(file->path, &st) < 0 && errno == ENOENT;
        if (is_missing && create(file, e) < 0)
                return -1;
        return read_token(file->path, ret, e);
}
