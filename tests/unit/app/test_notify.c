// SPDX-License-Identifier: Apache-2.0
#include "sidecar/app/notify.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <uv.h>

#include "tests/unit/unit.h"

// The service manager's end; `name` as in NOTIFY_SOCKET.
static int manager_open(const char *name)
{
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        size_t n = strlen(name);
        assert_true(n < sizeof(address.sun_path));
        memcpy(address.sun_path, name, n);
        if (name[0] == '@')
                address.sun_path[0] = '\0';
        int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        assert_true(fd >= 0);
        socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
        assert_int_equal(bind(fd, (const struct sockaddr *)&address, size), 0);
        return fd;
}

static void expect(int manager, const char *text)
{
        char got[256] = "";
        ssize_t n = recv(manager, got, sizeof(got) - 1, 0);
        assert_int_equal(n, strlen(text));
        assert_string_equal(got, text);
        assert_true(recv(manager, got, sizeof(got), 0) < 0); // one datagram
}

static void test_both_kinds_of_names(void **state)
{
        (void)state;
        struct notify n;
        char folder[] = "/tmp/keyfob-test-XXXXXX";
        char names[2][64];
        assert_non_null(mkdtemp(folder));
        snprintf(names[0], sizeof(names[0]), "%s/notify", folder);
        snprintf(names[1], sizeof(names[1]), "@keyfob-test-%d", (int)getpid());
        for (size_t i = 0; i < 2; i++) {
                int manager = manager_open(names[i]);
                notify_init(&n, uv_default_loop(), names[i]);
                notify_ready(&n);
                expect(manager, "READY=1");
                notify_reloading(&n, 1234567890123);
                expect(manager, "RELOADING=1\nMONOTONIC_USEC=1234567890123");
                notify_stopping(&n);
                expect(manager, "STOPPING=1");
                close(manager);
        }
        unlink(names[0]);
        assert_int_equal(rmdir(folder), 0);
}

static void test_nobody_to_tell(void **state)
{
        (void)state;
        struct notify n;
        char longest[512];
        memset(longest, 'a', sizeof(longest) - 1);
        longest[0] = '/';
        longest[sizeof(longest) - 1] = '\0';
        const char *const names[] = {NULL,   "", "relative", "vsock:1:2", "/nowhere/at/all", "@nobody-listens-here",
                                     longest};
        for (size_t i = 0; i < LENGTH(names); i++) {
                notify_init(&n, uv_default_loop(), names[i]);
                notify_ready(&n);
                assert_null(n.again);
        }
        int next = open("/dev/null", O_RDONLY | O_CLOEXEC);
        assert_true(next >= 0 && next < 20); // nothing was left open
        close(next);
}

static void fill(const char *name)
{
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        memcpy(address.sun_path + 1, name + 1, strlen(name) - 1);
        int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));
        assert_true(fd >= 0);
        while (sendto(fd, "x", 1, 0, (const struct sockaddr *)&address, size) == 1)
                ;
        assert_int_equal(errno, EAGAIN);
        close(fd);
}

// Empties the socket. What came of notify's, by first letters; RELOADING's count as 'r'.
static void hear(int manager, char *told)
{
        char got[256];
        size_t n = strlen(told);
        while (recv(manager, got, sizeof(got), 0) > 0) {
                if (got[0] != 'x')
                        told[n++] = (char)(got[2] == 'L' ? 'r' : got[0]);
                told[n] = '\0';
        }
}

// A manager whose socket is full is not waited for, and hears it all the same: the last of it, in its order.
static void test_no_room(void **state)
{
        (void)state;
        static const struct {
                const char *states, *told;
        } t[] = {{"R", "R"}, {"r", "r"}, {"rR", "rR"}, {"Rr", "r"}, {"RrR", "rR"}, {"rRrR", "rR"}, {"rRS", ""}};
        uv_loop_t loop;
        struct notify n;
        char name[64];
        snprintf(name, sizeof(name), "@keyfob-full-%d", (int)getpid());
        assert_int_equal(uv_loop_init(&loop), 0);
        for (size_t i = 0; i < LENGTH(t); i++) {
                char told[8] = "";
                int manager = manager_open(name);
                notify_init(&n, &loop, name);
                fill(name);
                for (const char *s = t[i].states; *s; s++) {
                        if (*s == 'R')
                                notify_ready(&n);
                        else if (*s == 'r')
                                notify_reloading(&n, 1);
                        else
                                notify_stopping(&n);
                }
                (void)uv_run(&loop, UV_RUN_ONCE); // there is still no room
                assert_true((n.again != NULL) == (t[i].told[0] != '\0'));
                hear(manager, told);
                (void)uv_run(&loop, UV_RUN_DEFAULT); // until nothing is owed
                assert_null(n.again);
                hear(manager, told);
                assert_string_equal(told, t[i].told);
                close(manager);
        }
        assert_int_equal(uv_loop_close(&loop), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_both_kinds_of_names),
            cmocka_unit_test(test_nobody_to_tell),
            cmocka_unit_test(test_no_room),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
