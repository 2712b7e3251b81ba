// SPDX-License-Identifier: Apache-2.0
#include "sidecar/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static int refuse_open(const char *path, const char *what, struct error *e)
{
        int reason = errno;
        struct stat st;
        error_set_errno(e, ERROR_CONFIG, "%s %s", what, path);
        errno = reason;
        if (reason == ENOENT)
                return error_hint(e, "make sure that the path is right and that the file is mounted here");
        if (reason == EACCES && stat(path, &st) == 0)
                return error_hint(e, "this process runs as uid %u; the file belongs to %u:%u with mode %04o",
                                  geteuid(), st.st_uid, st.st_gid, st.st_mode & 07777);
        return error_hint(e, "this process runs as uid %u; every directory above the file must be searchable for it",
                          geteuid());
}

static int read_all(int fd, struct buffer *ret)
{
        for (;;) {
                uint8_t *room = buffer_reserve(ret, 1);
                if (!room)
                        return -1;
                ssize_t n = read(fd, room, ret->cap - ret->n);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return (int)n;
                buffer_commit(ret, (size_t)n);
        }
}

static int read_open(int fd, const char *path, const char *what, struct buffer *ret, struct error *e)
{
        struct stat st;
        if (fstat(fd, &st) < 0)
                return error_set_errno(e, ERROR_CONFIG, "%s %s", what, path);
        if (!S_ISREG(st.st_mode)) {
                error_set(e, ERROR_CONFIG, "%s %s: is %s, not a regular file", what, path,
                          S_ISDIR(st.st_mode) ? "a directory" : "a device, pipe or socket");
                return error_hint(e, "name the file itself");
        }
        if (st.st_size > 0 && (uint64_t)st.st_size >= ret->max)
                return error_set(e, ERROR_CONFIG, "%s %s: has %lld bytes, more than the %zu that are read", what, path,
                                 (long long)st.st_size, ret->max - 1);
        if (read_all(fd, ret) == 0)
                return 0;
        if (ret->failed)
                return error_set(e, ERROR_CONFIG, "%s %s: grows over %zu bytes while it is read, or memory ran out",
                                 what, path, ret->max - 1);
        return error_set_errno(e, ERROR_CONFIG, "%s %s", what, path);
}

int file_read(const char *path, const char *what, struct buffer *ret, struct error *e)
{
        // Non-blocking: opening a pipe that nobody writes to would wait for ever.
        int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        if (fd < 0)
                return refuse_open(path, what, e);
        int rc = read_open(fd, path, what, ret, e);
        close(fd);
        if (rc < 0)
                buffer_free(ret);
        return rc;
}

int file_read_trimmed(const char *path, const char *what, struct buffer *ret, struct error *e)
{
        if (file_read(path, what, ret, e) < 0)
                return -1;
        struct slice text = slice_trim(buffer_slice(ret));
        if (text.n == 0) {
                buffer_free(ret);
                error_set(e, ERROR_CONFIG, "%s %s: is empty", what, path);
                return error_hint(e, "whatever writes the file has not written it yet, or wrote nothing");
        }
        size_t from = (size_t)(text.p - ret->p);
        size_t after = ret->n - from - text.n;
        ret->n -= after;
        explicit_bzero(ret->p + ret->n, after);
        buffer_consume(ret, from);
        return 0;
}
