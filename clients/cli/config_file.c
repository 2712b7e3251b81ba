// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/config_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/wire/limits.h"

enum { READ_SIZE = 64 * 1024, NEW_FILE_MODE = 0600, NEW_FOLDER_MODE = 0700 };

static int read_all(int fd, struct buffer *text)
{
        for (;;) {
                uint8_t *to = buffer_reserve(text, READ_SIZE);
                if (!to)
                        return text->no_memory ? -ENOMEM : -EFBIG;
                ssize_t n = read(fd, to, READ_SIZE);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return n < 0 ? -errno : 0;
                buffer_commit(text, (size_t)n);
        }
}

int config_file_read(const char *path, struct config_file *ret)
{
        *ret = (struct config_file){.exists = false};
        buffer_init(&ret->text, LIMIT_SHARED_FILE + READ_SIZE);
        char resolved[PATH_MAX];
        struct stat link;
        const char *real = realpath(path, resolved);
        bool is_new = !real && errno == ENOENT;
        if (is_new && lstat(path, &link) == 0) // it leads nowhere: do not put a file in its place
                return -ENOENT;
        if (!real && !is_new)
                return -errno;
        ret->path = strdup(is_new ? path : real);
        if (!ret->path || is_new)
                return ret->path ? 0 : -ENOMEM;
        int fd = open(ret->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        if (fd < 0)
                return -errno;
        int r = fstat(fd, &ret->about) < 0 ? -errno : !S_ISREG(ret->about.st_mode) ? -EINVAL : read_all(fd, &ret->text);
        (void)close(fd);
        ret->exists = true;
        return r;
}

static int write_all(int fd, struct slice bytes)
{
        while (bytes.n > 0) {
                ssize_t n = write(fd, bytes.p, bytes.n);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                bytes = slice_from(bytes, (size_t)n);
        }
        return 0;
}

static bool is_unchanged(const struct config_file *f)
{
        struct stat now;
        if (stat(f->path, &now) < 0)
                return !f->exists && errno == ENOENT;
        return f->exists && now.st_ino == f->about.st_ino && now.st_dev == f->about.st_dev &&
               now.st_size == f->about.st_size && now.st_mtim.tv_sec == f->about.st_mtim.tv_sec &&
               now.st_mtim.tv_nsec == f->about.st_mtim.tv_nsec;
}

static int fill(const struct config_file *f, int fd, struct slice more)
{
        struct slice text = buffer_slice(&f->text);
        const char *between = text.n == 0                            ? ""
                              : text.p[text.n - 1] != '\n'           ? "\n\n"
                              : slice_ends_with(text, SLICE("\n\n")) ? ""
                                                                     : "\n";
        int r = write_all(fd, text);
        if (r == 0)
                r = write_all(fd, slice_str(between));
        if (r == 0)
                r = write_all(fd, more);
        if (r == 0 && fchmod(fd, f->exists ? f->about.st_mode & 07777 : NEW_FILE_MODE) < 0)
                r = -errno;
        // The file stays its owner's where root writes it.
        if (r == 0 && f->exists && f->about.st_uid != geteuid() && fchown(fd, f->about.st_uid, f->about.st_gid) < 0)
                r = -errno;
        if (r == 0 && fsync(fd) < 0)
                r = -errno;
        return r;
}

static int make_folder(const char *path)
{
        char *folder = strdup(path);
        if (!folder)
                return -ENOMEM;
        char *slash = strrchr(folder, '/');
        if (slash)
                *slash = '\0';
        int r = slash && slash != folder && mkdir(folder, NEW_FOLDER_MODE) < 0 && errno != EEXIST ? -errno : 0;
        free(folder);
        return r;
}

int config_file_append(const struct config_file *f, struct slice more)
{
        static const char ending[] = ".XXXXXX";
        size_t size = strlen(f->path) + sizeof(ending);
        int r = f->exists ? 0 : make_folder(f->path);
        char *temporary = r == 0 ? malloc(size) : NULL;
        if (!temporary)
                return r < 0 ? r : -ENOMEM;
        (void)snprintf(temporary, size, "%s%s", f->path, ending);
        int fd = mkostemp(temporary, O_CLOEXEC);
        if (fd < 0) {
                r = -errno;
                free(temporary);
                return r;
        }
        r = fill(f, fd, more);
        if (close(fd) < 0 && r == 0)
                r = -errno;
        if (r == 0 && !is_unchanged(f))
                r = -ESTALE;
        if (r == 0 && rename(temporary, f->path) < 0)
                r = -errno;
        if (r < 0)
                (void)unlink(temporary);
        free(temporary);
        return r;
}

void config_file_free(struct config_file *f)
{
        free(f->path);
        buffer_free(&f->text);
}
