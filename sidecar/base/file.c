// SPDX-License-Identifier: Apache-2.0
#include "sidecar/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

// Why a file that exists may not be read: a person compares the two identities.
static void hint_permissions(const char *path, struct error *e)
{
        struct stat st;
        if (stat(path, &st) < 0) {
                error_hint(e, "uid %u may not search one of the directories on the way to it", (unsigned)geteuid());
                return;
        }
        error_hint(e, "this process runs as uid %u, gid %u; the file belongs to uid %u, gid %u and has mode %04o",
                   (unsigned)geteuid(), (unsigned)getegid(), (unsigned)st.st_uid, (unsigned)st.st_gid,
                   (unsigned)(st.st_mode & 07777));
}

static int report_open(const char *path, const char *what, struct error *e)
{
        switch (errno) {
        case ENOENT:
        case ENOTDIR:
                error_set(e, ERROR_CONFIG, "%s %s: does not exist", what, path);
                return error_hint(e, "create it, or correct the path; in a container, check that it is mounted");
        case EACCES:
        case EPERM:
                error_set(e, ERROR_CONFIG, "%s %s: permission denied", what, path);
                hint_permissions(path, e);
                return -1;
        case EMFILE:
        case ENFILE:
        case ENOMEM:
                return error_set_errno(e, ERROR_INTERNAL, "%s %s", what, path);
        default:
                return error_set_errno(e, ERROR_CONFIG, "%s %s", what, path);
        }
}

// Not a device that never ends, not a pipe that nobody writes to.
static int check_type(const struct stat *st, const char *path, const char *what, struct error *e)
{
        if (S_ISREG(st->st_mode))
                return 0;
        if (S_ISDIR(st->st_mode)) {
                error_set(e, ERROR_CONFIG, "%s %s: is a directory", what, path);
                return error_hint(e, "name the file itself; a container runtime makes a directory of a bind mount "
                                     "whose source does not exist");
        }
        error_set(e, ERROR_CONFIG, "%s %s: is not a regular file", what, path);
        return S_ISFIFO(st->st_mode)
                   ? error_hint(e,
                                "write it to a file: a pipe can be read once, and the agent reads it again at a reload")
                   : -1;
}

static int report_too_large(size_t max, const char *path, const char *what, struct error *e)
{
        error_set(e, ERROR_CONFIG, "%s %s: is larger than %zu bytes", what, path, max);
        return error_hint(e, "this is most likely another file than intended");
}

// Up to the end of the file, or one byte past the buffer's limit, whichever is first.
static int read_all(int fd, const char *path, const char *what, struct buffer *ret, struct error *e)
{
        for (;;) {
                uint8_t beyond = 0;
                size_t left = ret->max - ret->n;
                size_t want = left < 4096 ? left : 4096;
                uint8_t *to = left > 0 ? buffer_reserve(ret, want) : &beyond;
                if (!to)
                        return error_set(e, ERROR_INTERNAL, "%s %s: out of memory", what, path);
                ssize_t n = read(fd, to, left > 0 ? want : 1);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return error_set_errno(e, ERROR_CONFIG, "%s %s: cannot be read", what, path);
                if (n == 0)
                        return 0;
                if (left == 0)
                        return report_too_large(ret->max, path, what, e);
                buffer_commit(ret, (size_t)n);
        }
}

static int read_open(int fd, const char *path, const char *what, struct buffer *ret, struct error *e)
{
        struct stat st;
        if (fstat(fd, &st) < 0)
                return error_set_errno(e, ERROR_CONFIG, "%s %s", what, path);
        if (check_type(&st, path, what, e) < 0)
                return -1;
        if (st.st_size > 0 && (uint64_t)st.st_size > ret->max)
                return report_too_large(ret->max, path, what, e);
        // One block for the whole file; files that tell no size (below /proc) grow as they are read.
        if (!buffer_reserve(ret, (size_t)st.st_size))
                return error_set(e, ERROR_INTERNAL, "%s %s: out of memory", what, path);
        return read_all(fd, path, what, ret, e);
}

int file_read(const char *path, const char *what, struct buffer *ret, struct error *e)
{
        buffer_reset(ret);
        int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        if (fd < 0)
                return report_open(path, what, e);
        int r = read_open(fd, path, what, ret, e);
        (void)close(fd); // nothing was written
        if (r < 0)
                buffer_reset(ret);
        return r;
}

bool file_is_empty_device(const char *path)
{
        struct stat st;
        uint8_t byte;
        if (stat(path, &st) < 0 || !S_ISCHR(st.st_mode)) // before it is opened: a pipe may have a reader
                return false;
        int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        bool is_empty = fd >= 0 && fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) && read(fd, &byte, 1) == 0;
        if (fd >= 0)
                (void)close(fd); // nothing was written
        return is_empty;
}

int file_read_trimmed(const char *path, const char *what, struct buffer *ret, struct error *e)
{
        if (file_read(path, what, ret, e) < 0)
                return -1;
        struct slice rest = slice_trim(buffer_slice(ret));
        if (rest.n == 0) {
                bool was_empty = ret->n == 0;
                buffer_reset(ret);
                error_set(e, ERROR_CONFIG, "%s %s: %s", what, path, was_empty ? "is empty" : "is blank");
                return error_hint(e, "whatever writes this file has written nothing yet: look there");
        }
        buffer_consume(ret, (size_t)(rest.p - ret->p));
        explicit_bzero(ret->p + rest.n, ret->n - rest.n);
        ret->n = rest.n;
        return 0;
}
