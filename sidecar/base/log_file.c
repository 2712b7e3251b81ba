// SPDX-License-Identifier: Apache-2.0
#include "sidecar/base/log_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static int open_file(const char *path, size_t *ret_size)
{
        struct stat st;
        int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600);
        if (fd < 0)
                return -1;
        if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid()) {
                *ret_size = (size_t)st.st_size;
                return fd;
        }
        (void)close(fd);
        errno = EPERM;
        return -1;
}

int log_file_open(const char *path, struct log_file *ret, struct error *e)
{
        *ret = (struct log_file){.path = path, .fd = -1};
        ret->fd = open_file(path, &ret->size);
        if (ret->fd >= 0)
                return 0;
        error_set_errno(e, ERROR_CONFIG, "cannot write the log file %s", path);
        return error_hint(e, "give uid %u a directory that it may write to, or another --log-file",
                          (unsigned)geteuid());
}

void log_file_wrote(struct log_file *file, size_t size)
{
        char before[PATH_MAX];
        file->size += size;
        if (file->size < LIMIT_LOG_FILE)
                return;
        int n = snprintf(before, sizeof(before), "%s.1", file->path);
        bool is_moved = n < (int)sizeof(before) && rename(file->path, before) == 0;
        int fd = is_moved ? open_file(file->path, &file->size) : -1;
        if (fd >= 0) {
                (void)dup3(fd, file->fd, O_CLOEXEC);
                (void)close(fd);
        } else if (ftruncate(file->fd, 0) == 0) {
                file->size = 0;
        }
}

void log_file_close(struct log_file *file)
{
        if (file->fd >= 0)
                (void)close(file->fd);
        file->fd = -1;
}
