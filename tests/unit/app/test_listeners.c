// SPDX-License-Identifier: Apache-2.0
#include "sidecar/app/listeners.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sidecar/config/settings.h"
#include "tests/unit/app/settings_text.h"

#define PROFILES                                                                                                       \
        "\"profiles\": {\"base\": {\"type\": \"static\", \"access_key_id\": \"AKIAIOSFODNN7EXAMPLE\","                 \
        " \"secret_access_key\": \"secret\"}}"

struct folder {
        char path[32];
        char a[64], b[64], c[64];
        struct env env;
};

static char *no_entries[] = {NULL};

static int set_up(void **state)
{
        struct folder *f = calloc(1, sizeof(*f));
        assert_non_null(f);
        snprintf(f->path, sizeof(f->path), "/tmp/keyfob-test-XXXXXX");
        assert_non_null(mkdtemp(f->path));
        snprintf(f->a, sizeof(f->a), "%s/a", f->path);
        snprintf(f->b, sizeof(f->b), "%s/b", f->path);
        snprintf(f->c, sizeof(f->c), "%s/c", f->path);
        env_init(&f->env, no_entries);
        *state = f;
        return 0;
}

static int tear_down(void **state)
{
        struct folder *f = *state;
        int r = rmdir(f->path); // nothing was left behind
        free(f);
        return r;
}

// Listeners as the text of a JSON list, in which each % stands for the folder, each $ for our own group.
static struct settings *with_listeners(const struct folder *f, const char *list)
{
        char text[2048] = "{\"listeners\": ";
        size_t n = strlen(text);
        for (; *list; list++) {
                if (*list == '%')
                        n += (size_t)snprintf(text + n, sizeof(text) - n, "%s", f->path);
                else if (*list == '$')
                        n += (size_t)snprintf(text + n, sizeof(text) - n, "%u", (unsigned)getegid());
                else
                        text[n++] = *list;
                assert_true(n < sizeof(text) / 2);
        }
        snprintf(text + n, sizeof(text) - n, ", %s}", PROFILES);
        return settings_of(text);
}

static bool is_there(const char *path)
{
        struct stat st;
        return lstat(path, &st) == 0;
}

static bool answers(const char *path)
{
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        memcpy(address.sun_path, path, strlen(path) + 1);
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_true(fd >= 0);
        bool is_connected = connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0;
        close(fd);
        return is_connected;
}

static void test_open_take_close(void **state)
{
        struct folder *f = *state;
        struct error e = {0};
        struct stat st;
        struct settings *settings =
            with_listeners(f, "[{\"unix\": \"%/a\", \"mode\": \"0660\"}, {\"unix\": \"%/b\", \"any_time\": true}]");
        struct listeners *l = listeners_open(settings, &f->env, &e);
        assert_non_null(l);
        settings_release(settings); // the paths are copies
        assert_int_equal(listeners_count(l), 2);
        assert_string_equal(listeners_get(l, 0)->unix_path, f->a);
        assert_string_equal(listeners_get(l, 1)->unix_path, f->b);
        assert_false(listeners_get(l, 0)->any_time);
        assert_true(listeners_get(l, 1)->any_time);
        assert_int_equal(stat(f->a, &st), 0);
        assert_true(S_ISSOCK(st.st_mode));
        assert_int_equal(st.st_mode & 0777, 0660);
        assert_true(answers(f->a) && answers(f->b));

        int taken = listeners_take(l, 0);
        assert_true(taken >= 0);
        assert_int_equal(listeners_take(l, 0), -1); // once
        int other = listeners_take(l, 1);
        assert_int_equal(close(other), 0);
        listeners_close(l);
        assert_false(is_there(f->a) || is_there(f->b));
        assert_int_equal(close(taken), 0); // it was the taker's
}

static void test_close_without_take(void **state)
{
        struct folder *f = *state;
        struct error e = {0};
        struct settings *settings = with_listeners(f, "[{\"unix\": \"%/a\"}]");
        struct listeners *l = listeners_open(settings, &f->env, &e);
        assert_non_null(l);
        listeners_close(l);
        assert_false(is_there(f->a));
        listeners_close(NULL);
        settings_release(settings);
}

// What stands in the way of the second is left as it is, and the first is taken back.
static void test_failure_leaves_nothing(void **state)
{
        struct folder *f = *state;
        struct error e = {0};
        int fd = open(f->b, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        assert_true(fd >= 0);
        close(fd);
        struct settings *settings =
            with_listeners(f, "[{\"unix\": \"%/a\"}, {\"unix\": \"%/b\"}, {\"unix\": \"%/c\"}]");
        assert_null(listeners_open(settings, &f->env, &e));
        assert_int_equal(e.kind, ERROR_CONFIG);
        assert_non_null(strstr(e.message, f->b));
        assert_false(is_there(f->a) || is_there(f->c));
        assert_true(is_there(f->b));
        unlink(f->b);
        settings_release(settings);
}

static void test_socket_of_another_agent_is_not_removed(void **state)
{
        struct folder *f = *state;
        struct error e = {0};
        struct settings *settings = with_listeners(f, "[{\"unix\": \"%/a\"}]");
        struct listeners *first = listeners_open(settings, &f->env, &e);
        assert_non_null(first);
        assert_null(listeners_open(settings, &f->env, &e));
        assert_non_null(strstr(e.message, "another agent is running"));
        assert_true(answers(f->a));
        // Somebody took the name: it is theirs now.
        unlink(f->a);
        struct listeners *second = listeners_open(settings, &f->env, &e);
        assert_non_null(second);
        listeners_close(first);
        assert_true(answers(f->a));
        listeners_close(second);
        assert_false(is_there(f->a));
        settings_release(settings);
}

static void test_change_is_noticed(void **state)
{
        struct folder *f = *state;
        static const struct {
                const char *list;
                bool is_same;
        } rows[] = {
            {"[{\"unix\": \"%/a\", \"mode\": \"0660\"}, {\"unix\": \"%/b\", \"group\": \"$\"}]", true},
            {"[{\"unix\": \"%/a\", \"mode\": \"0600\"}, {\"unix\": \"%/b\", \"group\": \"$\"}]", false},
            {"[{\"unix\": \"%/a\", \"mode\": \"0660\"}, {\"unix\": \"%/c\", \"group\": \"$\"}]", false},
            {"[{\"unix\": \"%/a\", \"mode\": \"0660\"}, {\"unix\": \"%/b\"}]", false},
            {"[{\"unix\": \"%/a\", \"mode\": \"0660\", \"group\": \"$\"}, {\"unix\": \"%/b\", \"group\": \"$\"}]",
             false},
            {"[{\"unix\": \"%/a\", \"mode\": \"0660\", \"any_time\": true}, {\"unix\": \"%/b\", \"group\": \"$\"}]",
             false},
            {"[{\"unix\": \"%/a\", \"mode\": \"0660\"}]", false},
            {"[{\"unix\": \"%/a\", \"mode\": \"0660\"}, {\"unix\": \"%/b\", \"group\": \"$\"}, {\"unix\": \"%/c\"}]",
             false},
        };
        struct error e = {0};
        struct settings *settings = with_listeners(f, rows[0].list);
        struct listeners *l = listeners_open(settings, &f->env, &e);
        assert_non_null(l);
        settings_release(settings);
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct settings *again = with_listeners(f, rows[i].list);
                if (listeners_are_as(l, again) != rows[i].is_same)
                        fail_msg("%s", rows[i].list);
                settings_release(again);
        }
        listeners_close(l);
}

// --- socket activation: descriptors from 3 on, so in a child that has them free ---

enum { CHILD_FINE = 42 };

static int bound(const char *path)
{
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        memcpy(address.sun_path, path, strlen(path) + 1);
        int fd = socket(AF_UNIX, SOCK_STREAM, 0);
        if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 8) < 0)
                return -1;
        return fd;
}

static int activated(const struct folder *f, const char *list, size_t count, size_t own)
{
        char pid[32], fds[32];
        char *entries[] = {pid, fds, NULL};
        struct env env;
        struct error e = {0};
        snprintf(pid, sizeof(pid), "LISTEN_PID=%d", (int)getpid());
        snprintf(fds, sizeof(fds), "LISTEN_FDS=%zu", count);
        env_init(&env, entries);
        struct settings *settings = with_listeners(f, list);
        struct listeners *l = listeners_open(settings, &env, &e);
        if (!l || listeners_count(l) != count + own)
                return 1;
        for (size_t i = 0; i < count + own; i++) {
                if (listeners_is_activated(l, i) != (i < count))
                        return 2;
                if (i < count && listeners_take(l, i) != 3 + (int)i)
                        return 3;
        }
        struct settings *other = with_listeners(f, "[{\"unix\": \"/elsewhere\"}]");
        if (own == 0 && !listeners_are_as(l, other))
                return 4;
        settings_release(other);
        settings_release(settings);
        listeners_close(l);
        return CHILD_FINE;
}

static void test_activation(void **state)
{
        struct folder *f = *state;
        static const struct {
                const char *list;
                size_t count, own;
        } rows[] = {{"[{\"unix\": \"%/a\"}]", 1, 0},
                    {"[{\"unix\": \"%/a\"}]", 2, 0},
                    {"[{\"unix\": \"%/x\"}, {\"unix\": \"%/c\"}]", 1, 1}};
        for (size_t i = 0; i < LENGTH(rows); i++) {
                int status = 0;
                pid_t child = fork();
                assert_true(child >= 0);
                if (child == 0) {
                        int high[2] = {fcntl(bound(f->a), F_DUPFD, 20), fcntl(bound(f->b), F_DUPFD, 20)};
                        if (high[0] < 0 || high[1] < 0 || dup2(high[0], 3) < 0 || dup2(high[1], 4) < 0)
                                _exit(10);
                        _exit(activated(f, rows[i].list, rows[i].count, rows[i].own));
                }
                assert_int_equal(waitpid(child, &status, 0), child);
                assert_true(WIFEXITED(status));
                assert_int_equal(WEXITSTATUS(status), CHILD_FINE);
                assert_true(is_there(f->a) && is_there(f->b)); // the service manager's to remove
                assert_false(is_there(f->c));
                unlink(f->a);
                unlink(f->b);
        }
}

// --- TCP ---

static int bound_tcp(const char *address)
{
        struct inet_address a;
        if (inet_address_parse(slice_str(address), &a) < 0)
                return -1;
        int fd = socket(a.socket.any.sa_family, SOCK_STREAM, 0);
        if (fd < 0 || bind(fd, &a.socket.any, inet_address_size(&a)) < 0 || listen(fd, 8) < 0)
                return -1;
        return fd;
}

static void test_tcp_open_take_close(void **state)
{
        struct folder *f = *state;
        struct error e = {0};
        struct inet_address at;
        struct settings *settings = with_listeners(f, "[{\"tcp\": \"127.0.0.1:0\", \"api\": [\"health\"]}]");
        struct listeners *l = listeners_open(settings, &f->env, &e);
        assert_non_null(l);
        assert_true(listeners_are_as(l, settings));
        settings_release(settings);
        assert_int_equal(listeners_count(l), 1);
        assert_null(listeners_get(l, 0)->unix_path);
        assert_false(listeners_is_activated(l, 0));
        int fd = listeners_take(l, 0);
        assert_int_equal(inet_address_of_socket(fd, &at), 0);
        assert_true(inet_address_is_loopback(&at) && inet_address_port(&at) > 0);
        listeners_close(l);
        assert_int_equal(close(fd), 0);
}

static void test_tcp_change_is_noticed(void **state)
{
        struct folder *f = *state;
        static const struct {
                const char *list;
                bool is_same;
        } rows[] = {
            {"[{\"tcp\": \"127.0.0.1:0\", \"api\": [\"health\"]}, {\"unix\": \"%/a\"}]", true},
            {"[{\"unix\": \"%/a\"}, {\"tcp\": \"127.0.0.1:0\", \"api\": [\"health\"]}]", true},
            {"[{\"tcp\": \"[::1]:0\", \"api\": [\"health\"]}, {\"unix\": \"%/a\"}]", false},
            {"[{\"tcp\": \"127.0.0.1:9\", \"api\": [\"health\"]}, {\"unix\": \"%/a\"}]", false},
            {"[{\"tcp\": \"127.0.0.1:0\", \"allow_remote\": true, \"api\": [\"health\"]}, {\"unix\": \"%/a\"}]", false},
            {"[{\"tcp\": \"127.0.0.1:0\", \"api\": [\"health\"]}, {\"unix\": \"%/a\", \"api\": [\"health\"]}]", false},
            {"[{\"tcp\": \"127.0.0.1:0\", \"api\": [\"health\"]}]", false},
            {"[{\"unix\": \"%/a\"}]", false},
        };
        struct error e = {0};
        struct settings *settings = with_listeners(f, rows[0].list);
        struct listeners *l = listeners_open(settings, &f->env, &e);
        assert_non_null(l);
        settings_release(settings);
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct settings *again = with_listeners(f, rows[i].list);
                if (listeners_are_as(l, again) != rows[i].is_same)
                        fail_msg("%s", rows[i].list);
                settings_release(again);
        }
        listeners_close(l);
}

// A descriptor takes the place of the first listener of its kind.
static int activated_tcp(const struct folder *f, const char *list, const char *address)
{
        char pid[32], fds[] = "LISTEN_FDS=2";
        char *entries[] = {pid, fds, NULL};
        struct env env;
        struct error e = {0};
        int high[2] = {fcntl(bound_tcp(address), F_DUPFD, 20), fcntl(bound(f->a), F_DUPFD, 20)};
        if (high[0] < 0 || high[1] < 0 || dup2(high[0], 3) < 0 || dup2(high[1], 4) < 0)
                return 10;
        snprintf(pid, sizeof(pid), "LISTEN_PID=%d", (int)getpid());
        env_init(&env, entries);
        struct settings *settings = with_listeners(f, list);
        struct listeners *l = listeners_open(settings, &env, &e);
        if (!l)
                return e.kind == ERROR_CONFIG ? 1 : 11;
        bool is_good = listeners_count(l) == 2 && listeners_is_activated(l, 0) && listeners_is_activated(l, 1) &&
                       listeners_get(l, 0)->apis == LISTENER_HEALTH && listeners_get(l, 1)->apis == LISTENER_NATIVE &&
                       listeners_are_as(l, settings);
        settings_release(settings);
        listeners_close(l);
        return is_good ? CHILD_FINE : 2;
}

static void test_tcp_activation(void **state)
{
        struct folder *f = *state;
        static const struct {
                const char *list, *address;
                int status;
        } rows[] = {
            {"[{\"unix\": \"%/x\"}, {\"tcp\": \"127.0.0.1:1\", \"api\": [\"health\"]}]", "127.0.0.1:0", CHILD_FINE},
            {"[{\"tcp\": \"127.0.0.1:1\", \"api\": [\"health\"]}, {\"unix\": \"%/x\"}]", "[::1]:0", CHILD_FINE},
            {"[{\"tcp\": \"127.0.0.1:1\", \"api\": [\"health\"]}]", "0.0.0.0:0", CHILD_FINE},
            {"[{\"unix\": \"%/x\"}]", "127.0.0.1:0", 1},
            {"[{\"tcp\": \"127.0.0.1:1\", \"api\": [\"container\"], \"authorization_token_file\": \"%/t\"}]",
             "0.0.0.0:0", 1},
        };
        for (size_t i = 0; i < LENGTH(rows); i++) {
                int status = 0;
                pid_t child = fork();
                assert_true(child >= 0);
                if (child == 0)
                        _exit(activated_tcp(f, rows[i].list, rows[i].address));
                assert_int_equal(waitpid(child, &status, 0), child);
                assert_true(WIFEXITED(status));
                if (WEXITSTATUS(status) != rows[i].status)
                        fail_msg("row %zu: %d", i, WEXITSTATUS(status));
                unlink(f->a);
        }
}

static void test_activation_that_cannot_be(void **state)
{
        struct folder *f = *state;
        char pid[32], fds[] = "LISTEN_FDS=many";
        char *entries[] = {pid, fds, NULL};
        struct env env;
        struct error e = {0};
        snprintf(pid, sizeof(pid), "LISTEN_PID=%d", (int)getpid());
        env_init(&env, entries);
        struct settings *settings = with_listeners(f, "[{\"unix\": \"%/a\"}]");
        assert_null(listeners_open(settings, &env, &e));
        assert_int_equal(e.kind, ERROR_CONFIG);
        assert_false(is_there(f->a));
        settings_release(settings);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
            TEST(test_open_take_close),           TEST(test_close_without_take),
            TEST(test_failure_leaves_nothing),    TEST(test_socket_of_another_agent_is_not_removed),
            TEST(test_change_is_noticed),         TEST(test_activation),
            TEST(test_activation_that_cannot_be), TEST(test_tcp_open_take_close),
            TEST(test_tcp_change_is_noticed),     TEST(test_tcp_activation),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
