// SPDX-License-Identifier: Apache-2.0
#include "sidecar/app/notify.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

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
        char folder[] = "/tmp/keyfob-test-XXXXXX";
        char names[2][64];
        assert_non_null(mkdtemp(folder));
        snprintf(names[0], sizeof(names[0]), "%s/notify", folder);
        snprintf(names[1], sizeof(names[1]), "@keyfob-test-%d", (int)getpid());
        for (size_t i = 0; i < 2; i++) {
                int manager = manager_open(names[i]);
                notify_send(names[i], "READY=1");
                expect(manager, "READY=1");
                notify_reloading(names[i], 1234567890123);
                expect(manager, "RELOADING=1\nMONOTONIC_USEC=1234567890123");
                close(manager);
        }
        unlink(names[0]);
        assert_int_equal(rmdir(folder), 0);
}

static void test_nobody_to_tell(void **state)
{
        (void)state;
        char longest[512];
        memset(longest, 'a', sizeof(longest) - 1);
        longest[0] = '/';
        longest[sizeof(longest) - 1] = '\0';
        const char *const names[] = {NULL,   "", "relative", "vsock:1:2", "/nowhere/at/all", "@nobody-listens-here",
                                     longest};
        for (size_t i = 0; i < LENGTH(names); i++)
                notify_send(names[i], "READY=1");
        int next = open("/dev/null", O_RDONLY | O_CLOEXEC);
        assert_true(next >= 0 && next < 20); // nothing was left open
        close(next);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_both_kinds_of_names),
            cmocka_unit_test(test_nobody_to_tell),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
