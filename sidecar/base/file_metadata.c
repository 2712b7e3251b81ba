// SPDX-License-Identifier: Apache-2.0
#include "sidecar/base/file_metadata.h"

#include <sys/stat.h>

struct file_metadata file_metadata(const char *path)
{
        struct stat about;
        if (!path || stat(path, &about) < 0)
                return (struct file_metadata){.is_there = false};
        return (struct file_metadata){.is_there = true,
                                      .device = about.st_dev,
                                      .inode = about.st_ino,
                                      .size = about.st_size,
                                      .modified = about.st_mtim,
                                      .changed = about.st_ctim};
}

static bool is_same_time(const struct timespec *a, const struct timespec *b)
{
        return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

bool file_metadata_equal(const struct file_metadata *a, const struct file_metadata *b)
{
        return a->is_there == b->is_there && a->device == b->device && a->inode == b->inode && a->size == b->size &&
               is_same_time(&a->modified, &b->modified) && is_same_time(&a->changed, &b->changed);
}
