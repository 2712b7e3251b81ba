// SPDX-License-Identifier: Apache-2.0
#include "proto/wire/export_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/mem/buffer.h"
#include "proto/wire/export.h"

#define PRIVATE_MODE (S_IRUSR | S_IWUSR) // until the file has its group and is whole

enum { TRIES_MAX = 8, NAME_LONGEST = 255, NAME_SIZE = NAME_LONGEST + 1 };

// The directory, open, and both names in it.
struct place {
        int directory;
        const char *name;
        char temporary[NAME_SIZE];
};

static int failed(const char *step, const char **what)
{
        int number = errno;
        *what = step;
        return -number;
}

static int fail_with(int number, const char *step, const char **what)
{
        *what = step;
        return -number;
}

// --- the place ---

static int open_directory(const char *path, size_t n)
{
        struct buffer directory;
        int fd = -1;
        buffer_init(&directory, n + 2);
        (void)buffer_put(&directory, n > 0 ? slice_of(path, n) : SLICE("."));
        const char *text = buffer_c_str(&directory);
        if (text)
                fd = open(text, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        int number = text ? errno : ENOMEM;
        buffer_free(&directory);
        errno = number;
        return fd;
}

static int place_open(const char *path, struct place *ret, const char **what)
{
        const char *slash = strrchr(path, '/');
        *ret = (struct place){.directory = -1, .name = slash ? slash + 1 : path};
        int n = snprintf(ret->temporary, sizeof(ret->temporary), ".%s.keyfob", ret->name);
        if (ret->name[0] == '\0')
                return fail_with(EISDIR, "open it", what);
        if (n < 0 || n >= (int)sizeof(ret->temporary))
                return fail_with(ENAMETOOLONG, "make a temporary file beside it", what);
        ret->directory = open_directory(path, slash == path ? 1 : (size_t)(ret->name - path));
        return ret->directory < 0 ? failed("open its directory", what) : 0;
}

static void place_close(const struct place *place)
{
        if (place->directory >= 0)
                (void)close(place->directory);
}

// Whether keyfob has written it. -1 with errno.
static int is_ours(const struct place *place)
{
        char head[EXPORT_HEAD_SIZE];
        int fd = openat(place->directory, place->name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        if (fd < 0)
                return -1;
        ssize_t n = read(fd, head, sizeof(head));
        int number = errno;
        (void)close(fd);
        bool found = n >= 0 && export_is_ours(slice_of(head, (size_t)n));
        errno = number;
        return n < 0 ? -1 : found;
}

// 1: a regular file that may be replaced; 0: nothing is there.
static int look(const struct place *place, const struct export_file *file, const char **what)
{
        struct stat about;
        if (fstatat(place->directory, place->name, &about, AT_SYMLINK_NOFOLLOW) < 0)
                return errno == ENOENT ? 0 : failed("look at it", what);
        int found = S_ISREG(about.st_mode) && file->keeps_others ? is_ours(place) : 1;
        if (found < 0)
                return failed("read what is there", what);
        if (found == 0)
                return fail_with(EEXIST, "replace a file that keyfob has not written", what);
        if (S_ISREG(about.st_mode))
                return 1;
        if (S_ISLNK(about.st_mode))
                return fail_with(ELOOP, "replace a symbolic link", what);
        return fail_with(S_ISDIR(about.st_mode) ? EISDIR : EINVAL, "replace what is not a regular file", what);
}

// --- the temporary file ---

// Whether the name still is the name of this file, which is ours alone. -1 with errno.
static int judge(const struct place *place, int fd)
{
        struct stat about, named;
        if (fstat(fd, &about) < 0)
                return -1;
        if (!S_ISREG(about.st_mode) || about.st_uid != geteuid() || about.st_nlink > 1) {
                errno = EPERM;
                return -1;
        }
        if (fstatat(place->directory, place->temporary, &named, AT_SYMLINK_NOFOLLOW) < 0)
                return errno == ENOENT ? 0 : -1;
        return named.st_dev == about.st_dev && named.st_ino == about.st_ino;
}

// Open, locked, empty, and for us alone. Another process may rename the file between our open() and our lock: then this
// begins anew.
static int temporary_open(const struct place *place)
{
        for (unsigned i = 0; i < TRIES_MAX; i++) {
                int fd = openat(place->directory, place->temporary,
                                O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, PRIVATE_MODE);
                if (fd < 0)
                        return -1;
                int r = flock(fd, LOCK_EX | LOCK_NB) < 0 ? -1 : judge(place, fd);
                if (r > 0 && fchmod(fd, PRIVATE_MODE) == 0 && ftruncate(fd, 0) == 0)
                        return fd;
                int number = r == 0 ? EAGAIN : errno;
                (void)close(fd);
                errno = number;
                if (r != 0)
                        return -1;
        }
        return -1;
}

static int write_all(int fd, struct slice s)
{
        while (s.n > 0) {
                ssize_t n = write(fd, s.p, s.n);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return -1;
                s = slice_from(s, (size_t)n);
        }
        return 0;
}

// The group comes first: until then nobody but us may read it.
static int fill(int fd, const struct export_file *file, struct slice content, const char **what)
{
        if (write_all(fd, content) < 0)
                return failed("write it", what);
        if (file->has_gid && fchown(fd, (uid_t)-1, file->gid) < 0)
                return failed("set its group", what);
        if (fchmod(fd, file->mode) < 0)
                return failed("set its mode", what);
        return fsync(fd) < 0 ? failed("write it to the disk", what) : 0;
}

static int replace(const struct place *place, const struct export_file *file, struct slice content, const char **what)
{
        int fd = temporary_open(place);
        if (fd < 0)
                return failed("make a temporary file beside it", what);
        int r = fill(fd, file, content, what);
        if (r == 0 && renameat(place->directory, place->temporary, place->directory, place->name) < 0)
                r = failed("rename the new file to it", what);
        if (r < 0)
                (void)unlinkat(place->directory, place->temporary, 0);
        (void)close(fd); // which unlocks it
        if (r == 0 && fsync(place->directory) < 0)
                r = failed("write its directory to the disk", what);
        return r;
}

int export_file_replace(const struct export_file *file, struct slice content, const char **what)
{
        struct place place;
        int r = place_open(file->path, &place, what);
        if (r == 0)
                r = look(&place, file, what);
        if (r >= 0)
                r = replace(&place, file, content, what);
        place_close(&place);
        return r;
}

// --- what was there before ---

bool export_file_has_ended(const char *path, int64_t now_s)
{
        struct buffer text;
        struct stat about;
        ssize_t n = -1;
        int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
        if (fd < 0)
                return false;
        buffer_init(&text, EXPORT_TEXT_MAX);
        uint8_t *space = fstat(fd, &about) == 0 && S_ISREG(about.st_mode) && about.st_size <= EXPORT_TEXT_MAX
                             ? buffer_reserve(&text, (size_t)about.st_size + 1)
                             : NULL;
        if (space)
                n = read(fd, space, (size_t)about.st_size); // of what keyfob writes, one read gives all
        (void)close(fd);
        if (n > 0)
                buffer_commit(&text, (size_t)n);
        struct slice all = buffer_slice(&text);
        bool has_ended = n > 0 && export_is_ours(slice_head(all, EXPORT_HEAD_SIZE)) && export_ends(all) <= now_s;
        buffer_free(&text);
        return has_ended;
}

// --- the end ---

// One that another process is writing stays.
static void remove_leftover(const struct place *place)
{
        int fd = openat(place->directory, place->temporary, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
        if (fd < 0)
                return;
        if (flock(fd, LOCK_EX | LOCK_NB) == 0 && judge(place, fd) > 0)
                (void)unlinkat(place->directory, place->temporary, 0);
        (void)close(fd);
}

int export_file_remove(const struct export_file *file, const char **what)
{
        struct place place;
        int r = place_open(file->path, &place, what);
        if (r == -ENOENT)
                return 0;
        if (r == 0)
                r = look(&place, file, what);
        if (r > 0)
                r = unlinkat(place.directory, place.name, 0) < 0 && errno != ENOENT ? failed("remove it", what) : 0;
        if (place.directory >= 0)
                remove_leftover(&place);
        place_close(&place);
        return r;
}
