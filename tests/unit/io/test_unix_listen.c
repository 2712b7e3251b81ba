// SPDX-License-Identifier: Apache-2.0
// Sockets that are made, by name, and what stands in their way.
#include "sidecar/io/unix_listen.h"

#include <sys/file.h>
#include <sys/wait.h>

#include "proto/wire/limits.h"
#include "tests/unit/io/listening.h"

// --- what the linker sends here ---

static struct {
        const char *path; // of the socket under test; NULL: nothing is checked
        unsigned binds, listens;
        mode_t mode_at_bind, mode_at_listen;
        gid_t group_at_listen;
} seen;

static void stat_socket(int fd, struct stat *ret)
{
        struct sockaddr_un address;
        socklen_t size = sizeof(address);
        assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
        assert_string_not_equal(address.sun_path, seen.path); // not yet
        *ret = status_of(address.sun_path);
}

int __real_bind(int fd, const struct sockaddr *address, socklen_t size);
int __wrap_bind(int fd, const struct sockaddr *address, socklen_t size);
int __wrap_bind(int fd, const struct sockaddr *address, socklen_t size)
{
        struct stat st;
        int r = __real_bind(fd, address, size);
        if (!seen.path)
                return r;
        stat_socket(fd, &st);
        seen.binds++;
        seen.mode_at_bind = st.st_mode & 07777;
        return r;
}

int __real_listen(int fd, int backlog);
int __wrap_listen(int fd, int backlog);
int __wrap_listen(int fd, int backlog)
{
        struct stat st;
        if (seen.path) {
                stat_socket(fd, &st);
                seen.listens++;
                seen.mode_at_listen = st.st_mode & 07777;
                seen.group_at_listen = st.st_gid;
        }
        return __real_listen(fd, backlog);
}

// --- what is made ---

// It has its mode and group before anybody can connect, and its name after that.
static void test_private_until_it_is_ready(void **state)
{
        static const mode_t umasks[] = {0, 022, 077};
        struct fixture *f = *state;
        for (size_t i = 0; i < LENGTH(umasks); i++) {
                bool is_root = geteuid() == 0;
                (void)umask(umasks[i]);
                seen.path = f->path;
                int fd = listen_at(f, f->path, 0666, is_root ? 12345 : SAME_GROUP, NULL);
                seen.path = NULL;
                (void)umask(077);
                if (fd < 0)
                        fail_msg("%s", f->e.message);
                assert_int_equal(seen.binds, i + 1);
                assert_int_equal(seen.listens, i + 1);
                assert_int_equal(seen.mode_at_bind, 0600);
                assert_int_equal(seen.mode_at_listen, 0666);
                assert_int_equal(seen.group_at_listen, is_root ? 12345 : getegid());
                (void)close(fd);
        }
}

static void test_open(void **state)
{
        struct fixture *f = *state;
        ino_t inode = 0;
        int fd = listen_at(f, f->path, 0660, SAME_GROUP, &inode);
        if (fd < 0)
                fail_msg("%s", f->e.message);
        struct stat st = status_of(f->path);
        assert_true(S_ISSOCK(st.st_mode));
        assert_int_equal(st.st_mode & 07777, 0660);
        assert_int_equal(st.st_uid, geteuid());
        assert_int_equal(st.st_ino, inode);
        assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
        assert_int_equal(fcntl(fd, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
        assert_reachable(f->path, fd);
        assert_names(f, 1);
        unix_listen_unlink(f->path, inode + 1);
        assert_names(f, 1); // another one's
        unix_listen_unlink(f->path, inode);
        assert_names(f, 0);
        unix_listen_unlink(f->path, inode);
        (void)close(fd);
}

static void test_modes(void **state)
{
        static const mode_t modes[] = {0600, 0660, 0666, 0777, 04755};
        static const mode_t umasks[] = {0, 022, 077, 0777};
        struct fixture *f = *state;
        for (size_t i = 0; i < LENGTH(modes); i++) {
                for (size_t j = 0; j < LENGTH(umasks); j++) {
                        ino_t inode = 0;
                        (void)umask(umasks[j]);
                        int fd = listen_at(f, f->path, modes[i], SAME_GROUP, &inode);
                        assert_int_equal(umask(077), umasks[j]);
                        assert_true(fd >= 0);
                        assert_int_equal(status_of(f->path).st_mode & 07777, modes[i] & 0777);
                        unix_listen_unlink(f->path, inode);
                        (void)close(fd);
                }
        }
}

static void test_parent_is_made(void **state)
{
        struct fixture *f = *state;
        char path[128];
        char parent[96];
        (void)umask(0);
        (void)snprintf(parent, sizeof(parent), "%s/keyfob", f->folder.path);
        (void)snprintf(path, sizeof(path), "%s/a.sock", parent);
        int fd = listen_at(f, path, 0600, SAME_GROUP, NULL);
        assert_true(fd >= 0);
        assert_int_equal(status_of(parent).st_mode & 07777, 0700);
        (void)close(fd);
        (void)snprintf(path, sizeof(path), "%s/no/such/a.sock", f->folder.path);
        assert_refused(f, listen_at(f, path, 0600, SAME_GROUP, NULL), ERROR_CONFIG, "make the socket's directory");
}

// Below /run a service's directory is for its clients too.
static void test_parent_below_run(void **state)
{
        struct fixture *f = *state;
        char path[128];
        char parent[64];
        if (geteuid() != 0 || access("/run", W_OK) != 0)
                skip();
        (void)umask(077);
        (void)snprintf(parent, sizeof(parent), "/run/keyfob-test-%d", (int)getpid());
        (void)snprintf(path, sizeof(path), "%s/a.sock", parent);
        ino_t inode = 0;
        int fd = listen_at(f, path, 0600, SAME_GROUP, &inode);
        assert_true(fd >= 0);
        assert_int_equal(status_of(parent).st_mode & 07777, 0755);
        (void)close(fd);
        unix_listen_unlink(path, inode);
        assert_int_equal(rmdir(parent), 0);
}

static void test_long_paths(void **state)
{
        struct fixture *f = *state;
        size_t base = strlen(f->folder.path);
        // The end of the path is one byte long, so that the temporary name is longer than it.
        (void)snprintf(f->path, sizeof(f->path), "%s/%0*d", f->folder.path, (int)(LIMIT_UNIX_PATH - base - 3), 0);
        assert_int_equal(mkdir(f->path, 0700), 0);
        size_t n = strlen(f->path);
        memcpy(f->path + n, "/s", 3);
        assert_int_equal(strlen(f->path), LIMIT_UNIX_PATH);
        int fd = listen_here(f);
        if (fd < 0)
                fail_msg("%s", f->e.message);
        assert_reachable(f->path, fd);
        assert_refused(f, listen_here(f), ERROR_CONFIG, "another agent is running");
        (void)close(fd);
        fd = listen_here(f);
        assert_true(fd >= 0);
        (void)close(fd);
        memcpy(f->path + n, "/ss", 4);
        assert_refused(f, listen_here(f), ERROR_CONFIG, "the path has 108 bytes, at most 107");
        assert_int_equal(access(f->path, F_OK), -1);
}

static void test_no_path(void **state)
{
        static const char *const paths[] = {"", "/", "/tmp/", "/tmp/.", "/tmp/.."};
        struct fixture *f = *state;
        for (size_t i = 0; i < LENGTH(paths); i++)
                assert_refused(f, listen_at(f, paths[i], 0600, SAME_GROUP, NULL), ERROR_CONFIG,
                               "not the path of a file");
}

static void test_relative_path(void **state)
{
        struct fixture *f = *state;
        char before[4096];
        assert_non_null(getcwd(before, sizeof(before)));
        assert_int_equal(chdir(f->folder.path), 0);
        int fd = listen_at(f, "keyfob.sock", 0600, SAME_GROUP, NULL);
        assert_int_equal(chdir(before), 0);
        assert_true(fd >= 0);
        assert_reachable(f->path, fd);
        (void)close(fd);
}

// --- what is there already ---

static void test_stale_socket_is_replaced(void **state)
{
        struct fixture *f = *state;
        (void)close(listen_here(f));
        ino_t stale = status_of(f->path).st_ino;
        ino_t inode = 0;
        int fd = listen_at(f, f->path, 0600, SAME_GROUP, &inode);
        assert_true(fd >= 0);
        assert_int_equal(status_of(f->path).st_ino, inode);
        assert_int_not_equal(stale, inode);
        assert_reachable(f->path, fd);
        assert_names(f, 1);
        (void)close(fd);
}

static void test_living_socket_is_not(void **state)
{
        struct fixture *f = *state;
        ino_t inode = 0;
        int fd = listen_at(f, f->path, 0600, SAME_GROUP, &inode);
        assert_true(fd >= 0);
        for (unsigned i = 0; i < 3; i++)
                assert_refused(f, listen_here(f), ERROR_CONFIG, "another agent is running");
        assert_int_equal(status_of(f->path).st_ino, inode);
        assert_names(f, 1);
        (void)close(fd);
}

// It is alive, but so busy that it has no room for a connection.
static void test_busy_socket_is_not(void **state)
{
        struct fixture *f = *state;
        int clients[4];
        int fd = listen_here(f);
        assert_true(fd >= 0);
        assert_int_equal(listen(fd, 1), 0);
        for (size_t i = 0; i < 4; i++) {
                struct sockaddr_un address = {.sun_family = AF_UNIX};
                memcpy(address.sun_path, f->path, strlen(f->path));
                clients[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
                (void)connect(clients[i], (const struct sockaddr *)&address, sizeof(address));
        }
        assert_refused(f, listen_here(f), ERROR_CONFIG, "another agent is running");
        for (size_t i = 0; i < 4; i++)
                (void)close(clients[i]);
        (void)close(fd);
}

static void test_datagram_socket_is_not(void **state)
{
        struct fixture *f = *state;
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        memcpy(address.sun_path, f->path, strlen(f->path));
        assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
        assert_refused(f, listen_here(f), ERROR_CONFIG, "another agent is running");
        (void)close(fd);
}

static void test_other_files_are_not(void **state)
{
        struct fixture *f = *state;
        for (unsigned i = 0; i < 3; i++) {
                if (i == 0)
                        assert_int_equal(mkdir(f->path, 0700), 0);
                else if (i == 1)
                        assert_int_equal(symlink("/nowhere", f->path), 0);
                else
                        assert_int_equal(close(open(f->path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600)), 0);
                ino_t inode = status_of(f->path).st_ino;
                assert_refused(f, listen_here(f), ERROR_CONFIG, "it is not a socket");
                assert_int_equal(status_of(f->path).st_ino, inode);
                unix_listen_unlink(f->path, inode);
                assert_names(f, 1);
                assert_int_equal(remove(f->path), 0);
        }
}

// One agent of a race: reports whether it has the name, and keeps it until the race is over.
static void race(struct fixture *f, int start, int results, int stop)
{
        char byte = 0;
        (void)!read(start, &byte, 1); // until all are here
        byte = listen_here(f) >= 0 ? 'w' : 'l';
        (void)!write(results, &byte, 1);
        (void)!read(stop, &byte, 1);
        _exit(0);
}

enum { RACERS_MAX = 8 };

static void race_once(struct fixture *f, unsigned racers)
{
        int start[2];
        int stop[2];
        int results[2];
        pid_t pids[RACERS_MAX];
        unsigned winners = 0;
        assert_true(pipe2(start, O_CLOEXEC) == 0 && pipe2(stop, O_CLOEXEC) == 0 && pipe2(results, O_CLOEXEC) == 0);
        for (size_t i = 0; i < racers; i++) {
                pids[i] = fork();
                assert_true(pids[i] >= 0);
                if (pids[i] == 0) {
                        (void)close(start[1]);
                        (void)close(stop[1]);
                        race(f, start[0], results[1], stop[0]);
                }
        }
        (void)close(start[1]); // go
        for (size_t i = 0; i < racers; i++) {
                char byte = 0;
                assert_int_equal(read(results[0], &byte, 1), 1);
                winners += byte == 'w';
        }
        int client = connect_to(f->path);
        (void)close(stop[1]); // all end
        for (size_t i = 0; i < racers; i++)
                assert_int_equal(waitpid(pids[i], NULL, 0), pids[i]);
        assert_int_equal(winners, 1);
        assert_true(client >= 0);
        (void)close(client);
        assert_names(f, 1);
        const int rest[] = {start[0], stop[0], results[0], results[1]};
        for (size_t i = 0; i < LENGTH(rest); i++)
                (void)close(rest[i]);
}

// Exactly one of those that start at the same moment has the name, and is reachable by it. The first race is for a free
// name, the others for the stale one that the last has left.
static void test_race(void **state)
{
        for (unsigned round = 0; round < 30; round++)
                race_once(*state, RACERS_MAX);
}

// Somebody else holds the directory's lock for ever: that keeps no agent from starting, and two of them still sort
// themselves out.
static void test_lock_that_is_held(void **state)
{
        struct fixture *f = *state;
        int lock = open(f->folder.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_int_equal(flock(lock, LOCK_EX), 0);
        int fd = listen_here(f);
        assert_true(fd >= 0);
        assert_refused(f, listen_here(f), ERROR_CONFIG, "another agent is running");
        (void)close(fd);
        for (unsigned round = 0; round < 5; round++)
                race_once(f, 2);
        (void)close(lock);
}

static void test_groups(void **state)
{
        static const gid_t gids[] = {0, 12, 65534, 4294967294};
        struct fixture *f = *state;
        if (geteuid() != 0)
                skip();
        for (size_t i = 0; i < LENGTH(gids); i++) {
                ino_t inode = 0;
                int fd = listen_at(f, f->path, 0660, gids[i], &inode);
                if (fd < 0)
                        fail_msg("%s", f->e.message);
                struct stat st = status_of(f->path);
                assert_int_equal(st.st_gid, gids[i]);
                assert_int_equal(st.st_mode & 07777, 0660);
                unix_listen_unlink(f->path, inode);
                (void)close(fd);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            TEST(test_open),
            TEST(test_private_until_it_is_ready),
            TEST(test_modes),
            TEST(test_parent_is_made),
            TEST(test_parent_below_run),
            TEST(test_long_paths),
            TEST(test_no_path),
            TEST(test_relative_path),
            TEST(test_stale_socket_is_replaced),
            TEST(test_living_socket_is_not),
            TEST(test_busy_socket_is_not),
            TEST(test_datagram_socket_is_not),
            TEST(test_other_files_are_not),
            TEST(test_race),
            TEST(test_lock_that_is_held),
            TEST(test_groups),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
