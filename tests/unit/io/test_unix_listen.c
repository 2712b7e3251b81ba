// SPDX-License-Identifier: Apache-2.0
// As whoever runs it; what an ordinary user may not do is tried in a child that has become one. All sockets are made
// below a new directory, under umasks that would spoil their modes if those played a part.
#include "sidecar/io/unix_listen.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proto/wire/limits.h"
#include "tests/unit/unit.h"

#define NOBODY 65534

struct fixture {
        char directory[64];
        char path[256];
        struct error e;
};

static int set_up(void **state)
{
        struct fixture *f = calloc(1, sizeof(*f));
        assert_non_null(f);
        (void)umask(077);
        (void)snprintf(f->directory, sizeof(f->directory), "/tmp/keyfob-listen-XXXXXX");
        assert_non_null(mkdtemp(f->directory));
        (void)snprintf(f->path, sizeof(f->path), "%s/keyfob.sock", f->directory);
        *state = f;
        return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *walk)
{
        (void)st;
        (void)type;
        (void)walk;
        return remove(path);
}

static int tear_down(void **state)
{
        struct fixture *f = *state;
        assert_int_equal(nftw(f->directory, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
        free(f);
        return 0;
}

static int listen_at(struct fixture *f, const char *path, mode_t mode, const char *group, ino_t *ret_inode)
{
        struct unix_listen options = {.path = path, .mode = mode, .group = group};
        return unix_listen_open(&options, ret_inode, &f->e);
}

static int listen_here(struct fixture *f)
{
        return listen_at(f, f->path, 0600, NULL, NULL);
}

static struct stat status_of(const char *path)
{
        struct stat st;
        assert_int_equal(lstat(path, &st), 0);
        return st;
}

// How many names the directory holds: nothing temporary may stay.
static unsigned names_n;

static int count_one(const char *path, const struct stat *st, int type, struct FTW *walk)
{
        (void)path;
        (void)st;
        (void)type;
        names_n += walk->level == 1;
        return 0;
}

static void assert_names(const struct fixture *f, unsigned count)
{
        names_n = 0;
        assert_int_equal(nftw(f->directory, count_one, 8, FTW_PHYS), 0);
        assert_int_equal(names_n, count);
}

static int connect_to(const char *path)
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

static void assert_reachable(const char *path, int listener)
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

static void assert_refused(struct fixture *f, int fd, enum error_kind kind, const char *text)
{
        assert_int_equal(fd, -1);
        assert_int_equal(f->e.kind, kind);
        if (!strstr(f->e.message, text))
                fail_msg("%s", f->e.message);
}

// --- what is made ---

static void test_open(void **state)
{
        struct fixture *f = *state;
        ino_t inode = 0;
        int fd = listen_at(f, f->path, 0660, NULL, &inode);
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
                        int fd = listen_at(f, f->path, modes[i], NULL, &inode);
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
        (void)snprintf(parent, sizeof(parent), "%s/keyfob", f->directory);
        (void)snprintf(path, sizeof(path), "%s/a.sock", parent);
        int fd = listen_at(f, path, 0600, NULL, NULL);
        assert_true(fd >= 0);
        assert_int_equal(status_of(parent).st_mode & 07777, 0700);
        (void)close(fd);
        (void)snprintf(path, sizeof(path), "%s/no/such/a.sock", f->directory);
        assert_refused(f, listen_at(f, path, 0600, NULL, NULL), ERROR_CONFIG, "make the socket's directory");
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
        int fd = listen_at(f, path, 0600, NULL, &inode);
        assert_true(fd >= 0);
        assert_int_equal(status_of(parent).st_mode & 07777, 0755);
        (void)close(fd);
        unix_listen_unlink(path, inode);
        assert_int_equal(rmdir(parent), 0);
}

static void test_long_paths(void **state)
{
        struct fixture *f = *state;
        size_t base = strlen(f->directory);
        // The end of the path is one byte long, so that the temporary name is longer than it.
        (void)snprintf(f->path, sizeof(f->path), "%s/%0*d", f->directory, (int)(LIMIT_UNIX_PATH - base - 3), 0);
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
                assert_refused(f, listen_at(f, paths[i], 0600, NULL, NULL), ERROR_CONFIG, "not the path of a file");
}

static void test_relative_path(void **state)
{
        struct fixture *f = *state;
        char before[4096];
        assert_non_null(getcwd(before, sizeof(before)));
        assert_int_equal(chdir(f->directory), 0);
        int fd = listen_at(f, "keyfob.sock", 0600, NULL, NULL);
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
        int fd = listen_at(f, f->path, 0600, NULL, &inode);
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
        int fd = listen_at(f, f->path, 0600, NULL, &inode);
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

// One of those who start at the same moment. Says whether it has the name, and keeps it until it is told.
static void race(struct fixture *f, int start, int results, int stop)
{
        char byte = 0;
        (void)!read(start, &byte, 1); // until all are here
        byte = listen_here(f) >= 0 ? 'w' : 'l';
        (void)!write(results, &byte, 1);
        (void)!read(stop, &byte, 1);
        _exit(0);
}

enum { RACERS = 8 };

static void race_once(struct fixture *f)
{
        int start[2];
        int stop[2];
        int results[2];
        pid_t pids[RACERS];
        unsigned winners = 0;
        assert_true(pipe2(start, O_CLOEXEC) == 0 && pipe2(stop, O_CLOEXEC) == 0 && pipe2(results, O_CLOEXEC) == 0);
        for (size_t i = 0; i < RACERS; i++) {
                pids[i] = fork();
                assert_true(pids[i] >= 0);
                if (pids[i] == 0) {
                        (void)close(start[1]);
                        (void)close(stop[1]);
                        race(f, start[0], results[1], stop[0]);
                }
        }
        (void)close(start[1]); // go
        for (size_t i = 0; i < RACERS; i++) {
                char byte = 0;
                assert_int_equal(read(results[0], &byte, 1), 1);
                winners += byte == 'w';
        }
        int client = connect_to(f->path);
        (void)close(stop[1]); // all end
        for (size_t i = 0; i < RACERS; i++)
                assert_int_equal(waitpid(pids[i], NULL, 0), pids[i]);
        assert_int_equal(winners, 1);
        assert_true(client >= 0);
        (void)close(client);
        assert_names(f, 1);
        const int rest[] = {start[0], stop[0], results[0], results[1]};
        for (size_t i = 0; i < LENGTH(rest); i++)
                (void)close(rest[i]);
}

// Exactly one of those who start at the same moment has the name, and is reachable by it. The first race is about a
// free name, the others about the stale one that the last has left.
static void test_race(void **state)
{
        for (unsigned round = 0; round < 30; round++)
                race_once(*state);
}

// Who holds the directory's lock for ever does not keep the agent from starting.
static void test_lock_that_is_held(void **state)
{
        struct fixture *f = *state;
        int lock = open(f->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_int_equal(flock(lock, LOCK_EX), 0);
        int fd = listen_here(f);
        assert_true(fd >= 0);
        assert_refused(f, listen_here(f), ERROR_CONFIG, "another agent is running");
        (void)close(fd);
        (void)close(lock);
}

// --- groups ---

static void test_groups(void **state)
{
        static const struct {
                const char *group;
                gid_t gid;
        } rows[] = {{"0", 0}, {"root", 0}, {"65534", 65534}, {"4294967294", 4294967294}};
        struct fixture *f = *state;
        if (geteuid() != 0)
                skip();
        for (size_t i = 0; i < LENGTH(rows); i++) {
                ino_t inode = 0;
                int fd = listen_at(f, f->path, 0660, rows[i].group, &inode);
                if (fd < 0)
                        fail_msg("%s", f->e.message);
                struct stat st = status_of(f->path);
                assert_int_equal(st.st_gid, rows[i].gid);
                assert_int_equal(st.st_mode & 07777, 0660);
                unix_listen_unlink(f->path, inode);
                (void)close(fd);
        }
}

static void test_unknown_groups(void **state)
{
        static const char *const groups[] = {"", "no-such-group", "4294967295", "99999999999999999999", "-1"};
        struct fixture *f = *state;
        for (size_t i = 0; i < LENGTH(groups); i++) {
                assert_refused(f, listen_at(f, f->path, 0660, groups[i], NULL), ERROR_CONFIG, f->path);
                assert_names(f, 0);
        }
}

// --- as an ordinary user ---

static int expect(bool holds, int code)
{
        return holds ? 0 : code;
}

static int ordinary(struct fixture *f)
{
        if (geteuid() == 0 && (chown(f->directory, NOBODY, NOBODY) < 0 || setgid(NOBODY) < 0 || setuid(NOBODY) < 0))
                return 2;
        ino_t inode = 0;
        int fd = listen_at(f, f->path, 0660, NULL, &inode);
        int r = expect(fd >= 0 && (status_of(f->path).st_mode & 07777) == 0660, 3);
        if (r == 0)
                r = expect(listen_here(f) < 0 && strstr(f->e.message, "another agent is running"), 4);
        unix_listen_unlink(f->path, inode);
        if (r == 0)
                r = expect(access(f->path, F_OK) < 0, 5);
        // A group that it is not in.
        if (r == 0)
                r = expect(listen_at(f, f->path, 0660, "12345", NULL) < 0 && f->e.kind == ERROR_CONFIG &&
                               strstr(f->e.message, "12345") && strstr(f->e.hint, "member"),
                           6);
        // A directory that it may not write in, and one that it may not make.
        if (r == 0)
                r = expect(listen_at(f, "/usr/keyfob.sock", 0600, NULL, NULL) < 0 && f->e.kind == ERROR_CONFIG &&
                               strstr(f->e.hint, "write permission in /usr"),
                           7);
        if (r == 0)
                r = expect(listen_at(f, "/usr/keyfob/keyfob.sock", 0600, NULL, NULL) < 0 &&
                               strstr(f->e.message, "make the socket's directory /usr/keyfob"),
                           8);
        return r;
}

static void run_child(int (*run)(struct fixture *), struct fixture *f)
{
        int status = 0;
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0)
                _exit(run(f));
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_ordinary_user(void **state)
{
        run_child(ordinary, *state);
}

static int not_mine(struct fixture *f)
{
        if (setgid(NOBODY) < 0 || setuid(NOBODY) < 0)
                return 2;
        if (listen_here(f) >= 0 || f->e.kind != ERROR_CONFIG)
                return 3;
        return strstr(f->e.message, "cannot be asked") && strstr(f->e.hint, "another user") ? 0 : 4;
}

// Root's agent has a private socket in a directory that is open to all; nobody's agent cannot tell whether it lives.
static void test_socket_of_another_user(void **state)
{
        struct fixture *f = *state;
        if (geteuid() != 0)
                skip();
        assert_int_equal(chmod(f->directory, 0777), 0);
        int fd = listen_here(f);
        assert_true(fd >= 0);
        run_child(not_mine, f);
        assert_reachable(f->path, fd);
        (void)close(fd);
}

// --- activation ---

enum given { GIVEN_UNIX, GIVEN_NOT_LISTENING, GIVEN_DATAGRAM, GIVEN_FILE, GIVEN_NOTHING };

static const char *scene_path;

static int give(enum given given)
{
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        int fd = -1;
        switch (given) {
        case GIVEN_UNIX:
        case GIVEN_NOT_LISTENING:
                fd = socket(AF_UNIX, SOCK_STREAM, 0);
                memcpy(address.sun_path, scene_path, strlen(scene_path));
                if (given == GIVEN_UNIX &&
                    (bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 1) < 0))
                        return -1;
                break;
        case GIVEN_DATAGRAM:
                fd = socket(AF_UNIX, SOCK_DGRAM, 0);
                break;
        case GIVEN_FILE:
                fd = open("/dev/null", O_RDONLY); // NOLINT: to be inherited
                break;
        case GIVEN_NOTHING:
                return close(3) < 0 && errno != EBADF ? -1 : 0;
        }
        if (fd < 0 || (fd != 3 && (dup2(fd, 3) != 3 || close(fd) < 0)))
                return -1;
        return 0;
}

static int activated(struct fixture *f)
{
        static const struct {
                enum given given;
                const char *fds;
                int want;
        } rows[] = {{GIVEN_UNIX, "1", 1},           {GIVEN_UNIX, "0", 0},    {GIVEN_UNIX, "2", -1},
                    {GIVEN_UNIX, "x", -1},          {GIVEN_UNIX, "", -1},    {GIVEN_UNIX, "-1", -1},
                    {GIVEN_UNIX, "4294967297", -1}, {GIVEN_UNIX, "257", -1}, {GIVEN_NOT_LISTENING, "1", -1},
                    {GIVEN_DATAGRAM, "1", -1},      {GIVEN_FILE, "1", -1},   {GIVEN_NOTHING, "1", -1}};
        char pid[16];
        char other_pid[16];
        (void)snprintf(pid, sizeof(pid), "%d", (int)getpid());
        (void)snprintf(other_pid, sizeof(other_pid), "%d", (int)getppid());
        scene_path = f->path;
        (void)close(4);
        for (size_t i = 0; i < LENGTH(rows); i++) {
                (void)unlink(f->path);
                if (give(rows[i].given) < 0)
                        return 2;
                f->e = (struct error){0};
                int got = unix_listen_activated(pid, rows[i].fds, &f->e);
                if (got != rows[i].want || (got < 0) != (f->e.kind == ERROR_CONFIG))
                        return 10 + (int)i;
                if (got == 1 && (!(fcntl(3, F_GETFD) & FD_CLOEXEC) || !(fcntl(3, F_GETFL) & O_NONBLOCK)))
                        return 3;
        }
        (void)unlink(f->path);
        if (give(GIVEN_UNIX) < 0)
                return 2;
        bool none = unix_listen_activated(NULL, "1", &f->e) == 0 && unix_listen_activated(pid, NULL, &f->e) == 0 &&
                    unix_listen_activated(other_pid, "1", &f->e) == 0;
        if (!none || (fcntl(3, F_GETFD) & FD_CLOEXEC)) // not ours, not touched
                return 4;
        return unix_listen_activated("nobody", "1", &f->e) < 0 ? 0 : 5;
}

static void test_activated(void **state)
{
        run_child(activated, *state);
}

static void test_no_peer(void **state)
{
        struct peer peer;
        (void)state;
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_int_equal(unix_peer(fd, &peer), -1);
        (void)close(fd);
        assert_int_equal(unix_peer(-1, &peer), -1);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
            TEST(test_open),
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
            TEST(test_unknown_groups),
            TEST(test_ordinary_user),
            TEST(test_socket_of_another_user),
            TEST(test_activated),
            cmocka_unit_test(test_no_peer),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
