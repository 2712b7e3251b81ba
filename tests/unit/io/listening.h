// SPDX-License-Identifier: Apache-2.0
// A folder for sockets, and checks of what is in it.
#ifndef TESTS_UNIT_IO_LISTENING_H
#define TESTS_UNIT_IO_LISTENING_H

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "sidecar/io/unix_listen.h"
#include "tests/unit/folder.h"

struct fixture {
        struct folder folder;
        char path[256];
        struct error e;
};

static inline int set_up(void **state)
{
        struct fixture *f = calloc(1, sizeof(*f));
        assert_non_null(f);
        (void)umask(077);
        folder_make(&f->folder);
        folder_name(&f->folder, "keyfob.sock", f->path, sizeof(f->path));
        *state = f;
        return 0;
}

static inline int tear_down(void **state)
{
        struct fixture *f = *state;
        folder_remove_all(&f->folder);
        free(f);
        return 0;
}

enum { SAME_GROUP = -1 };

static inline int listen_at(struct fixture *f, const char *path, mode_t mode, int64_t gid, ino_t *ret_inode)
{
        struct unix_listen options = {
            .path = path, .mode = mode, .has_gid = gid != SAME_GROUP, .gid = gid != SAME_GROUP ? (gid_t)gid : 0};
        return unix_listen_open(&options, ret_inode, &f->e);
}

static inline int listen_here(struct fixture *f)
{
        return listen_at(f, f->path, 0600, SAME_GROUP, NULL);
}

static inline struct stat status_of(const char *path)
{
        struct stat st;
        assert_int_equal(lstat(path, &st), 0);
        return st;
}

// How many names the directory holds: nothing temporary may stay.
static unsigned names_n;

static inline int count_one(const char *path, const struct stat *st, int type, struct FTW *walk)
{
        (void)path;
        (void)st;
        (void)type;
        names_n += walk->level == 1;
        return 0;
}

static inline void assert_names(const struct fixture *f, unsigned count)
{
        names_n = 0;
        assert_int_equal(nftw(f->folder.path, count_one, 8, FTW_PHYS), 0);
        assert_int_equal(names_n, count);
}

static inline int connect_to(const char *path)
{
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        assert_true(strlen(path) < sizeof(address.sun_path));
        memcpy(address.sun_path, path, strlen(path));
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_true(fd >= 0);
        if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
                return fd;
        (void)close(fd);
        return -1;
}

static inline void assert_reachable(const char *path, int listener)
{
        int client = connect_to(path);
        assert_true(client >= 0);
        int accepted = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        assert_true(accepted >= 0);
        struct peer peer;
        assert_int_equal(unix_peer(accepted, &peer), 0);
        assert_int_equal(peer.uid, getuid());
        assert_int_equal(peer.gid, getgid());
        assert_int_equal(peer.pid, getpid());
        (void)close(accepted);
        (void)close(client);
}

static inline void assert_refused(struct fixture *f, int fd, enum error_kind kind, const char *text)
{
        assert_int_equal(fd, -1);
        assert_int_equal(f->e.kind, kind);
        if (!strstr(f->e.message, text))
                fail_msg("%s", f->e.message);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

#endif
