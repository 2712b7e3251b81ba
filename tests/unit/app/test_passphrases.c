// SPDX-License-Identifier: Apache-2.0
#include "sidecar/app/passphrases.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sidecar/config/settings.h"
#include "tests/unit/unit.h"

// A descriptor that gives `text` and ends.
static int pipe_with(const char *text)
{
        int ends[2];
        assert_int_equal(pipe(ends), 0);
        assert_int_equal(write(ends[1], text, strlen(text)), (ssize_t)strlen(text));
        assert_int_equal(close(ends[1]), 0);
        return ends[0];
}

static int give(struct passphrases *p, struct profile *profiles, size_t count, struct error *e)
{
        struct settings settings = {.profiles = profiles, .profiles_count = count};
        *e = (struct error){.kind = ERROR_NONE};
        return passphrases_give(p, &settings, e);
}

static bool is_text(const struct profile *profile, const char *text)
{
        return slice_eq(secret_expose(&profile->roles_anywhere.private_key_passphrase), slice_str(text));
}

static void is_read_once_and_kept(void **state)
{
        (void)state;
        static char name[] = "onprem";
        struct passphrases p = {.count = 0};
        struct error e;
        struct profile profiles[3] = {{.name = name}, {.name = name}, {.name = name}};
        int fd = pipe_with(" correct horse \r\n");
        profiles[0].roles_anywhere.private_key_passphrase_fd = fd;
        profiles[1].roles_anywhere.private_key_passphrase_fd = fd;
        if (give(&p, profiles, 3, &e) < 0)
                fail_msg("%s", e.message);
        assert_true(is_text(&profiles[0], " correct horse ") && is_text(&profiles[1], " correct horse "));
        assert_int_equal(profiles[2].roles_anywhere.private_key_passphrase.n, 0);
        assert_int_equal(fcntl(fd, F_GETFD), -1); // closed
        // A reload: the same again, and none that is new.
        passphrases_seal(&p);
        struct profile again = {.name = name, .roles_anywhere.private_key_passphrase_fd = fd};
        assert_int_equal(give(&p, &again, 1, &e), 0);
        assert_true(is_text(&again, " correct horse "));
        int given = pipe_with("x"), other = fcntl(given, F_DUPFD_CLOEXEC, 500); // not the number that has become free
        again.roles_anywhere.private_key_passphrase_fd = other;
        assert_int_equal(give(&p, &again, 1, &e), -1);
        assert_non_null(strstr(e.message, "profile onprem: private_key_passphrase_fd: descriptor"));
        assert_non_null(strstr(e.hint, "restart the agent"));
        assert_int_not_equal(fcntl(other, F_GETFD), -1);
        (void)close(other);
        (void)close(given);
        passphrases_free(&p);
}

static int closed_descriptor(void)
{
        return 1000;
}

static int directory(void)
{
        return open("/", O_RDONLY | O_CLOEXEC);
}

static int listening_socket(void)
{
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_int_equal(listen(fd, 1), -1); // not bound yet
        struct sockaddr address = {.sa_family = AF_UNIX};
        assert_int_equal(bind(fd, &address, sizeof(address.sa_family)), 0); // a name of the kernel's choice
        assert_int_equal(listen(fd, 1), 0);
        return fd;
}

static int empty_line(void)
{
        return pipe_with("\n");
}

static int too_much(void)
{
        FILE *f = tmpfile();
        for (int i = 0; i < 20000; i++)
                (void)fputc('x', f);
        (void)fflush(f);
        rewind(f);
        int fd = dup(fileno(f));
        (void)fclose(f);
        return fd;
}

static void what_gives_none_is_refused(void **state)
{
        (void)state;
        static const struct {
                int (*open)(void);
                const char *message;
        } rows[] = {{closed_descriptor, "is not open"},
                    {directory, "is not a file, pipe"},
                    {listening_socket, "is not a file, pipe"},
                    {empty_line, "the passphrase is empty"},
                    {too_much, "longer than a passphrase"}};
        static char name[] = "p";
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct passphrases p = {.count = 0};
                struct error e;
                int fd = rows[i].open();
                struct profile profile = {.name = name, .roles_anywhere.private_key_passphrase_fd = fd};
                assert_int_equal(give(&p, &profile, 1, &e), -1);
                assert_int_equal(e.kind, ERROR_CONFIG);
                if (!strstr(e.message, rows[i].message) || !e.hint[0])
                        fail_msg("%s (%s)", e.message, e.hint);
                (void)close(fd);
                passphrases_free(&p);
        }
}

// A writer that never closes its end: the linker sends poll() here, which lets the time pass at once.
static bool time_passes;
static int waited_ms;

int __real_poll(struct pollfd *fds, nfds_t count, int timeout_ms);
int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout_ms);
int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
        if (!time_passes)
                return __real_poll(fds, count, timeout_ms);
        waited_ms += timeout_ms;
        return 0;
}

static void a_writer_has_ten_seconds(void **state)
{
        (void)state;
        static char name[] = "p";
        struct passphrases p = {.count = 0};
        struct error e;
        int ends[2];
        assert_int_equal(pipe(ends), 0);
        struct profile profile = {.name = name, .roles_anywhere.private_key_passphrase_fd = ends[0]};
        time_passes = true;
        assert_int_equal(give(&p, &profile, 1, &e), -1);
        time_passes = false;
        assert_in_range(waited_ms, 9000, 10000);
        assert_int_equal(e.kind, ERROR_CONFIG);
        assert_non_null(strstr(e.message, "10 s"));
        assert_non_null(strstr(e.hint, "close"));
        (void)close(ends[0]);
        (void)close(ends[1]);
        passphrases_free(&p);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(a_writer_has_ten_seconds),
            cmocka_unit_test(is_read_once_and_kept),
            cmocka_unit_test(what_gives_none_is_refused),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
