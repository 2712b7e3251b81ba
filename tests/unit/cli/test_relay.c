// SPDX-License-Identifier: Apache-2.0
// The process that serves the credentials of a command. The command is a child of this test, its agent the test itself.
#include "clients/cli/relay.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proto/mem/text.h"
#include "tests/unit/folder.h"
#include "tests/unit/unit.h"

enum { LONG_MS = 60000 };

// What both processes see.
struct shared {
        char argument[16];
        struct relay_endpoint endpoint;
        int result;
};

struct world {
        struct folder folder;
        char socket[64];
        int agent;
        struct shared *shared;
};

static int set_up(void **state)
{
        static struct world w;
        struct sockaddr_un at = {.sun_family = AF_UNIX};
        folder_make(&w.folder);
        folder_name(&w.folder, "k.sock", w.socket, sizeof(w.socket));
        (void)snprintf(at.sun_path, sizeof(at.sun_path), "%s", w.socket);
        w.agent = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_int_equal(bind(w.agent, (const struct sockaddr *)&at, sizeof(at)), 0);
        assert_int_equal(listen(w.agent, 8), 0);
        w.shared = mmap(NULL, sizeof(*w.shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        assert_true(w.shared != MAP_FAILED);
        *state = &w;
        return 0;
}

static int tear_down(void **state)
{
        struct world *w = *state;
        (void)close(w->agent);
        (void)munmap(w->shared, sizeof(*w->shared));
        folder_remove_all(&w->folder);
        return 0;
}

// Starts a command that runs until `*ret_end` is closed, after its relay has started. Its process id.
static pid_t start(const struct world *w, const char *profile, bool ignores_children, int *ret_end)
{
        int started[2], end[2];
        char byte;
        (void)snprintf(w->shared->argument, sizeof(w->shared->argument), "secret");
        assert_int_equal(pipe2(started, O_CLOEXEC), 0);
        assert_int_equal(pipe2(end, O_CLOEXEC), 0);
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                char *arguments[] = {w->shared->argument};
                if (ignores_children)
                        (void)signal(SIGCHLD, SIG_IGN);
                w->shared->result = relay_start(w->socket, profile, arguments, 1, &w->shared->endpoint);
                if (ignores_children && signal(SIGCHLD, SIG_DFL) != SIG_IGN)
                        w->shared->result = -2;
                (void)close(started[1]);
                (void)close(end[1]);
                _exit(read(end[0], &byte, 1) == 0 ? 0 : 1);
        }
        (void)close(started[1]);
        (void)close(end[0]);
        assert_int_equal(read(started[0], &byte, 1), 0); // the relay has closed its own, too
        (void)close(started[0]);
        *ret_end = end[1];
        return pid;
}

static void stop(pid_t pid, int end)
{
        int status = -1;
        (void)close(end);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
}

static struct slice authority_of(const struct relay_endpoint *endpoint)
{
        struct slice uri = slice_str(endpoint->uri);
        assert_true(slice_starts_with(uri, SLICE("http://127.0.0.1:")) && slice_ends_with(uri, SLICE("/credentials")));
        uri = slice_from(uri, sizeof("http://") - 1);
        return slice_head(uri, slice_find(uri, '/'));
}

static int dial(const struct relay_endpoint *endpoint)
{
        struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        struct slice authority = authority_of(endpoint);
        uint64_t port = 0;
        assert_int_equal(text_parse_u64(slice_from(authority, slice_find(authority, ':') + 1), &port), 0);
        at.sin_port = htons((uint16_t)port);
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_true(fd >= 0);
        assert_int_equal(connect(fd, (const struct sockaddr *)&at, sizeof(at)), 0);
        return fd;
}

static struct slice hear(int fd)
{
        static char text[4096];
        struct pollfd p = {.fd = fd, .events = POLLIN};
        assert_int_equal(poll(&p, 1, LONG_MS), 1);
        ssize_t n = recv(fd, text, sizeof(text), 0);
        return slice_of(text, n > 0 ? (size_t)n : 0);
}

static void say(int fd, const char *text)
{
        assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

static void serves_until_the_command_ends(void **state)
{
        const struct world *w = *state;
        const struct relay_endpoint *endpoint = &w->shared->endpoint;
        int end;
        char request[256];
        pid_t pid = start(w, "a b", false, &end);
        assert_int_equal(w->shared->result, 0);
        assert_memory_equal(w->shared->argument, "\0\0\0\0\0\0\0", sizeof("secret"));
        assert_int_equal(strspn(endpoint->token, "0123456789abcdef"), 64);
        int silent = dial(endpoint), client = dial(endpoint);
        struct slice authority = authority_of(endpoint);
        (void)snprintf(request, sizeof(request), "GET /credentials HTTP/1.1\r\nHost: %.*s\r\nAuthorization: %s\r\n\r\n",
                       (int)authority.n, (const char *)authority.p, endpoint->token);
        say(client, request);
        int agent = accept4(w->agent, NULL, NULL, SOCK_CLOEXEC);
        assert_slice(hear(agent), "GET /v1/container/a%20b HTTP/1.1\r\nHost: keyfob\r\nConnection: close\r\n\r\n");
        say(agent, "answer");
        assert_slice(hear(client), "answer");
        (void)close(agent);
        stop(pid, end);
        assert_slice(hear(silent), "");
        (void)close(silent);
        (void)close(client);
}

static void starts_where_children_are_ignored(void **state)
{
        const struct world *w = *state;
        int end;
        pid_t pid = start(w, "p", true, &end);
        assert_int_equal(w->shared->result, 0);
        stop(pid, end);
}

static void tokens_differ(void **state)
{
        const struct world *w = *state;
        char token[RELAY_TOKEN_SIZE];
        int end;
        pid_t pid = start(w, "p", false, &end);
        stop(pid, end);
        memcpy(token, w->shared->endpoint.token, sizeof(token));
        pid = start(w, "p", false, &end);
        stop(pid, end);
        assert_string_not_equal(token, w->shared->endpoint.token);
}

static void reports_a_path_that_is_too_long(void **state)
{
        char path[LIMIT_UNIX_PATH + 2];
        struct relay_endpoint endpoint;
        (void)state;
        memset(path, 'x', sizeof(path) - 1);
        path[sizeof(path) - 1] = '\0';
        assert_int_equal(relay_start(path, "p", NULL, 0, &endpoint), -1);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup_teardown(serves_until_the_command_ends, set_up, tear_down),
            cmocka_unit_test_setup_teardown(starts_where_children_are_ignored, set_up, tear_down),
            cmocka_unit_test_setup_teardown(tokens_differ, set_up, tear_down),
            cmocka_unit_test_setup_teardown(reports_a_path_that_is_too_long, set_up, tear_down),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
