// SPDX-License-Identifier: Apache-2.0
// What an ordinary user may not do, tried in a child that has become one; sockets that a service manager hands over.
#include "sidecar/io/activation.h"
#include "sidecar/io/unix_listen.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>

#include "tests/unit/io/listening.h"

#define NOBODY 65534

// --- as an ordinary user ---

static int expect(bool holds, int code)
{
        return holds ? 0 : code;
}

static int ordinary(struct fixture *f)
{
        if (geteuid() == 0 && (chown(f->folder.path, NOBODY, NOBODY) < 0 || setgid(NOBODY) < 0 || setuid(NOBODY) < 0))
                return 2;
        ino_t inode = 0;
        int fd = listen_at(f, f->path, 0660, SAME_GROUP, &inode);
        int r = expect(fd >= 0 && (status_of(f->path).st_mode & 07777) == 0660, 3);
        if (r == 0)
                r = expect(listen_here(f) < 0 && strstr(f->e.message, "another agent is running"), 4);
        unix_listen_unlink(f->path, inode);
        if (r == 0)
                r = expect(access(f->path, F_OK) < 0, 5);
        // A group that it is not in.
        if (r == 0)
                r = expect(listen_at(f, f->path, 0660, 12345, NULL) < 0 && f->e.kind == ERROR_CONFIG &&
                               strstr(f->e.message, "12345") && strstr(f->e.hint, "member"),
                           6);
        // A directory that it may not write in, and one that it may not make.
        if (r == 0)
                r = expect(listen_at(f, "/usr/keyfob.sock", 0600, SAME_GROUP, NULL) < 0 && f->e.kind == ERROR_CONFIG &&
                               strstr(f->e.hint, "write permission in /usr"),
                           7);
        if (r == 0)
                r = expect(listen_at(f, "/usr/keyfob/keyfob.sock", 0600, SAME_GROUP, NULL) < 0 &&
                               strstr(f->e.message, "make the socket's directory /usr/keyfob") &&
                               strstr(f->e.hint, "`keyfob agent start`"),
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
        return strstr(f->e.message, "cannot find out whether another agent uses it: Permission denied") &&
                       strstr(f->e.hint, "another user")
                   ? 0
                   : 4;
}

// Root's agent has a private socket in a directory that is open to all; nobody's agent cannot tell whether it lives.
static void test_socket_of_another_user(void **state)
{
        struct fixture *f = *state;
        if (geteuid() != 0)
                skip();
        assert_int_equal(chmod(f->folder.path, 0777), 0);
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
                int got = activation_take(pid, rows[i].fds, &f->e);
                if (got != rows[i].want || (got < 0) != (f->e.kind == ERROR_CONFIG))
                        return 10 + (int)i;
                if (got == 1 && (!(fcntl(3, F_GETFD) & FD_CLOEXEC) || !(fcntl(3, F_GETFL) & O_NONBLOCK)))
                        return 3;
        }
        (void)unlink(f->path);
        if (give(GIVEN_UNIX) < 0)
                return 2;
        bool none = activation_take(NULL, "1", &f->e) == 0 && activation_take(pid, NULL, &f->e) == 0 &&
                    activation_take(other_pid, "1", &f->e) == 0;
        if (!none || (fcntl(3, F_GETFD) & FD_CLOEXEC)) // not ours, not touched
                return 4;
        return activation_take("nobody", "1", &f->e) < 0 ? 0 : 5;
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

int main(void)
{
        const struct CMUnitTest tests[] = {
            TEST(test_ordinary_user),
            TEST(test_socket_of_another_user),
            TEST(test_activated),
            cmocka_unit_test(test_no_peer),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
