// SPDX-License-Identifier: Apache-2.0
// The lock is on the token's file itself, so that the folder stays as the AWS CLI has it. A file that was replaced
// meanwhile has been renewed: then the lock is somebody's who has just finished.
#include "sidecar/providers/sso_cache.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sidecar/base/file.h"
#include "sidecar/config/profile.h"
#include "sidecar/signing/sha1.h"

enum { SUFFIX_SIZE = sizeof(".XXXXXX") };

const char *sso_cache_token_key(const struct profile *p)
{
        return p->sso.session ? p->sso.session : p->sso.start_url;
}

int sso_cache_path(const struct profile *p, struct slice key, char **ret, struct error *e)
{
        char name[SHA1_HEX_SIZE];
        if (!p->sso.cache_directory) {
                (void)error_set(e, ERROR_CONFIG, "the cache of IAM Identity Center tokens: HOME is not set");
                return error_hint(e, "set HOME for the agent: tokens are in $HOME/.aws/sso/cache");
        }
        if (sha1_hex(key, name) < 0)
                return error_set(e, ERROR_INTERNAL, "SHA-1 failed");
        size_t size = strlen(p->sso.cache_directory) + sizeof(name) + sizeof("/.json");
        *ret = malloc(size);
        if (!*ret)
                return error_set(e, ERROR_INTERNAL, "out of memory");
        (void)snprintf(*ret, size, "%s/%s.json", p->sso.cache_directory, name);
        return 0;
}

int sso_cache_read(const char *path, struct buffer *ret, struct error *e)
{
        buffer_reset(ret);
        if (access(path, F_OK) < 0 && (errno == ENOENT || errno == ENOTDIR))
                return 0;
        return file_read(path, "IAM Identity Center cache file", ret, e);
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

int sso_cache_write(const char *path, struct slice bytes, struct error *e)
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
                (void)error_set_errno(e, ERROR_CONFIG, "IAM Identity Center cache file %s: cannot be written", path);
                (void)error_hint(e, "the agent's user must be able to write this folder");
        }
        free(beside);
        return r;
}

int sso_cache_lock(const char *path)
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
