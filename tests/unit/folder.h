// SPDX-License-Identifier: Apache-2.0
// For tests: a folder of a test's own below /tmp, and files that are written whole.
#ifndef TESTS_UNIT_FOLDER_H
#define TESTS_UNIT_FOLDER_H

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/unit.h"

struct folder {
        char path[32];
};

// Makes it, for its owner alone.
static inline void folder_make(struct folder *f)
{
        (void)snprintf(f->path, sizeof(f->path), "/tmp/keyfob-test-XXXXXX");
        assert_non_null(mkdtemp(f->path));
}

// Its path and a name in it, in `path`, which has room for `size` bytes.
static inline void folder_name(const struct folder *f, const char *name, char *path, size_t size)
{
        int n = snprintf(path, size, "%s/%s", f->path, name);
        assert_true(n > 0 && (size_t)n < size);
}

// What is in it, the test has removed: a file that is left is one that nobody should have made.
static inline void folder_remove(const struct folder *f)
{
        assert_int_equal(rmdir(f->path), 0);
}

static inline int folder_remove_one(const char *path, const struct stat *st, int type, struct FTW *walk)
{
        (void)st;
        (void)type;
        (void)walk;
        return remove(path);
}

// With all that is in it.
static inline void folder_remove_all(const struct folder *f)
{
        assert_int_equal(nftw(f->path, folder_remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

// Writes a file that is for its owner alone, over what was there.
static inline void write_file(const char *path, const char *text)
{
        int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        assert_true(fd >= 0);
        assert_int_equal(write(fd, text, strlen(text)), strlen(text));
        assert_int_equal(close(fd), 0);
}

#endif
