// SPDX-License-Identifier: Apache-2.0
// The lock is on the file itself, so that the folder stays as the AWS CLI has it. A file that was replaced meanwhile
// has been renewed: then the lock is that of a process that has just finished.
#include "sidecar/providers/cache_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sidecar/base/file.h"

enum { SUFFIX_SIZE = sizeof(".XXXXXX") };

int cache_file_path(const char *directory, const char *name, char **ret, struct error *e)
{
        size_t size = strlen(directory) + strlen(name) + sizeof("/.json");
        *ret = malloc(size);
        if (!*ret)
                return error_set(e, ERROR_INTERNAL, "out of memory");
        (void)snprintf(*ret, size, "%s/%s.json", directory, name);
        return 0;
}

int cache_file_read(const char *path, const char *what, struct buffer *ret, struct error *e)
{
        buffer_reset(ret);
        if (access(path, F_OK) < 0 && (errno == ENOENT || errno == ENOTDIR))
                return 0;
        return file_read(path, what, ret, e);
}

// Each folder on the way to the file that is not there yet.
static int make_folders(char *path)
{
        for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
                *slash = '\0';
                if (mkdir(path, 0700) < 0 && errno != EEXIST && access(path, F_OK) < 0)
                        return -1;
                *slash = '/';
        }
        return 0;
}

static int write_all(int fd, struct slice bytes)
{
        while (bytes.n > 0) {
                ssize_t n = write(fd, bytes.p, bytes.n);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return -1;
                bytes = slice_from(bytes, (size_t)n);
        }
        return 0;
}

static int write_beside(char *beside, const char *path, struct slice bytes)
{
        int fd = mkostemp(beside, O_CLOEXEC); // mode 0600
        if (fd < 0)
                return -1;
        int r = write_all(fd, bytes); // not forced to the disk: that would hold up the loop
        if (close(fd) < 0 || r < 0 || rename(beside, path) < 0) {
                int why = errno;
                (void)unlink(beside);
                errno = why;
                return -1;
        }
        return 0;
}

int cache_file_write(const char *path, const char *what, struct slice bytes, struct error *e)
{
        size_t size = strlen(path) + SUFFIX_SIZE;
        char *beside = malloc(size);
        if (!beside)
                return error_set(e, ERROR_INTERNAL, "out of memory");
        (void)snprintf(beside, size, "%s", path);
        int r = make_folders(beside);
        (void)snprintf(beside, size, "%s.XXXXXX", path);
        if (r == 0)
                r = write_beside(beside, path, bytes);
        if (r < 0) {
                (void)error_set_errno(e, ERROR_CONFIG, "%s %s: cannot be written", what, path);
                (void)error_hint(e, "let the agent's user write this folder");
        }
        free(beside);
        return r;
}

int cache_file_lock(const char *path)
{
        struct stat opened, named;
        int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        if (fd < 0)
                return -errno;
        int r = flock(fd, LOCK_EX | LOCK_NB) < 0 ? -errno : 0;
        bool is_same = fstat(fd, &opened) == 0 && stat(path, &named) == 0 && opened.st_dev == named.st_dev &&
                       opened.st_ino == named.st_ino;
        if (r == 0 && !is_same)
                r = -EWOULDBLOCK;
        if (r == 0)
                return fd;
        (void)close(fd);
        return r;
}
