// SPDX-License-Identifier: Apache-2.0
// The endpoint of `keyfob exec` in a thread, between clients and an agent that the test is. Time is the test's own.
#include "clients/cli/relay_serve.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "clients/c/deadline.h"
#include "tests/unit/folder.h"
#include "tests/unit/memory_scan.h"
#include "tests/unit/unit.h"

enum { PEERS_N = 32, ANSWER_SIZE = 256 * 1024, LONG_MS = 60000 };

#define TOKEN "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define AGENT_REQUEST "GET /v1/container/p HTTP/1.1\r\n\r\n"

static _Atomic int64_t now_ms;

int64_t __wrap_deadline_now_ms(void);
int64_t __wrap_deadline_now_ms(void)
{
        return now_ms;
}

struct world {
        struct folder folder;
        struct relay_settings settings;
        struct sockaddr_in at;
        int listener, command[2], agent;
        pthread_t thread;
};

static void *serve(void *argument)
{
        const struct world *w = argument;
        relay_serve(&w->settings, w->listener, w->command[0]);
        return NULL;
}

static int listen_as_agent(const char *path)
{
        struct sockaddr_un at = {.sun_family = AF_UNIX};
        (void)snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_true(fd >= 0);
        assert_int_equal(bind(fd, (const struct sockaddr *)&at, sizeof(at)), 0);
        assert_int_equal(listen(fd, 64), 0);
        return fd;
}

static int set_up(void **state)
{
        static struct world w;
        socklen_t size = sizeof(w.at);
        w = (struct world){.at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}};
        now_ms = 1000;
        folder_make(&w.folder);
        w.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        assert_int_equal(bind(w.listener, (const struct sockaddr *)&w.at, size), 0);
        assert_int_equal(listen(w.listener, 128), 0);
        assert_int_equal(getsockname(w.listener, (struct sockaddr *)&w.at, &size), 0);
        assert_int_equal(pipe2(w.command, O_CLOEXEC), 0);
        (void)snprintf(w.settings.token, sizeof(w.settings.token), TOKEN);
        (void)snprintf(w.settings.authority, sizeof(w.settings.authority), "127.0.0.1:%u", ntohs(w.at.sin_port));
        (void)snprintf(w.settings.agent_request, sizeof(w.settings.agent_request), AGENT_REQUEST);
        folder_name(&w.folder, "k.sock", w.settings.agent, sizeof(w.settings.agent));
        w.agent = listen_as_agent(w.settings.agent);
        assert_int_equal(pthread_create(&w.thread, NULL, serve, &w), 0);
        *state = &w;
        return 0;
}

static int tear_down(void **state)
{
        struct world *w = *state;
        assert_int_equal(close(w->command[1]), 0); // as when the command ends
        assert_int_equal(pthread_join(w->thread, NULL), 0);
        (void)close(w->command[0]);
        (void)close(w->listener);
        (void)close(w->agent);
        folder_remove_all(&w->folder);
        return 0;
}

static int dial(const struct world *w)
{
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_true(fd >= 0);
        assert_int_equal(connect(fd, (const struct sockaddr *)&w->at, sizeof(w->at)), 0);
        return fd;
}

static void say(int fd, const char *text)
{
        assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

static void ask(const struct world *w, int fd)
{
        char request[256];
        (void)snprintf(request, sizeof(request),
                       "GET /credentials HTTP/1.1\r\nHost: %s\r\nAuthorization: " TOKEN "\r\n\r\n",
                       w->settings.authority);
        say(fd, request);
}

static bool is_ready(int fd, int timeout_ms)
{
        struct pollfd p = {.fd = fd, .events = POLLIN};
        return poll(&p, 1, timeout_ms) == 1;
}

// All until the end of the connection, or `most` bytes, as text.
static char *hear_until(int fd, size_t most)
{
        static char text[ANSWER_SIZE];
        size_t n = 0;
        ssize_t r = 1;
        while (r > 0 && n < most) {
                assert_true(is_ready(fd, LONG_MS));
                r = recv(fd, text + n, most - n, 0);
                n += r > 0 ? (size_t)r : 0;
        }
        text[n] = '\0';
        return text;
}

static const char *hear(int fd)
{
        const char *text = hear_until(fd, ANSWER_SIZE - 1);
        (void)close(fd);
        return text;
}

// As the agent: takes the next connection and reads the request.
static int take(const struct world *w)
{
        char request[256];
        assert_true(is_ready(w->agent, LONG_MS));
        int fd = accept4(w->agent, NULL, NULL, SOCK_CLOEXEC);
        assert_true(fd >= 0 && is_ready(fd, LONG_MS));
        ssize_t n = recv(fd, request, sizeof(request), 0);
        assert_slice(slice_of(request, n > 0 ? (size_t)n : 0), AGENT_REQUEST);
        return fd;
}

// Waits until what was sent before was handled.
static void pass_by(const struct world *w)
{
        int client = dial(w);
        say(client, "nonsense\r\n\r\n");
        (void)hear(client);
}

static void forwards_to_the_agent_and_back(void **state)
{
        const struct world *w = *state;
        int client = dial(w);
        ask(w, client);
        int agent = take(w);
        say(agent, "HTTP/1.1 200 OK\r\n\r\nhalf"); // in two pieces
        say(agent, "-2");
        (void)close(agent);
        assert_string_equal(hear(client), "HTTP/1.1 200 OK\r\n\r\nhalf-2");
}

static void keeps_no_answer(void **state)
{
        const struct world *w = *state;
        char secret[] = "SECRET-THAT-IS-IN-AN-ANSWER";
        struct needle needle = needle_take("the answer", secret, sizeof(secret) - 1);
        int client = dial(w);
        ask(w, client);
        int agent = take(w);
        needle_write(&needle, secret);
        say(agent, secret);
        explicit_bzero(secret, sizeof(secret));
        char *answer = hear_until(client, needle.n);
        assert_somewhere(&needle); // in the relay, too
        explicit_bzero(answer, needle.n);
        (void)close(agent);
        assert_string_equal(hear(client), "");
        pass_by(w);
        assert_nowhere(&needle);
}

static void reads_requests_byte_by_byte(void **state)
{
        const struct world *w = *state;
        char request[256];
        int client = dial(w);
        (void)snprintf(request, sizeof(request),
                       "GET /credentials HTTP/1.1\r\nHost: %s\r\nAuthorization: " TOKEN "\r\n\r\n",
                       w->settings.authority);
        for (size_t i = 0; request[i]; i++)
                say(client, (const char[]){request[i], '\0'});
        int agent = take(w);
        say(agent, "x");
        (void)close(agent);
        assert_string_equal(hear(client), "x");
}

static void forwards_large_answers(void **state)
{
        const struct world *w = *state;
        static char text[200 * 1024];
        memset(text, 'x', sizeof(text) - 1);
        int client = dial(w);
        ask(w, client);
        int agent = take(w);
        say(agent, text);
        (void)close(agent);
        assert_int_equal(strlen(hear(client)), sizeof(text) - 1);
}

static void refuses(void **state)
{
        static const struct {
                const char *request, *status;
        } rows[] = {
            {"GET /credentials HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", "HTTP/1.1 403 "},
            {"GET /credentials HTTP/1.1\r\nHost: x\r\nAuthorization: " TOKEN "\r\n\r\n", "HTTP/1.1 421 "},
            {"POST /credentials HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: " TOKEN "\r\n\r\n", "HTTP/1.1 405 "},
            {"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: " TOKEN "\r\n\r\n", "HTTP/1.1 404 "},
            {"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1025\r\n\r\n", "HTTP/1.1 413 "},
            {"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n",
             "HTTP/1.1 413 "},
            {"nonsense\r\n\r\n", "HTTP/1.1 400 "},
        };
        const struct world *w = *state;
        for (size_t i = 0; i < LENGTH(rows); i++) {
                int client = dial(w);
                say(client, rows[i].request);
                const char *answer = hear(client);
                if (!slice_starts_with(slice_str(answer), slice_str(rows[i].status)))
                        fail_msg("%s gets %s", rows[i].request, answer);
                assert_non_null(strstr(answer, "\r\nConnection: close\r\n\r\n{\"code\":\""));
        }
        assert_false(is_ready(w->agent, 0));
}

static void answers_without_an_agent(void **state)
{
        struct world *w = *state;
        int client = dial(w);
        ask(w, client);
        (void)close(take(w)); // it ends without an answer
        assert_non_null(strstr(hear(client), "503 Credentials unavailable"));
        client = dial(w);
        ask(w, client);
        int agent = take(w);
        say(agent, "HTTP/1.1 200 OK\r\n"); // it ends within one
        (void)close(agent);
        assert_string_equal(hear(client), "HTTP/1.1 200 OK\r\n");
        assert_int_equal(unlink(w->settings.agent), 0);
        client = dial(w);
        ask(w, client);
        assert_non_null(strstr(hear(client), "\"credentials_unavailable\""));
        (void)close(w->agent);
        w->agent = listen_as_agent(w->settings.agent); // another one
        client = dial(w);
        ask(w, client);
        agent = take(w);
        say(agent, "y");
        (void)close(agent);
        assert_string_equal(hear(client), "y");
}

static void ends_late_connections(void **state)
{
        const struct world *w = *state;
        int silent = dial(w), waiting = dial(w);
        ask(w, waiting);
        int agent = take(w);
        pass_by(w);
        now_ms += 4999;
        pass_by(w);
        assert_false(is_ready(silent, 0));
        assert_false(is_ready(waiting, 0));
        now_ms += 1;
        pass_by(w);
        assert_string_equal(hear(silent), "");
        assert_string_equal(hear(waiting), "");
        (void)close(agent);
}

static void shows_that_the_agent_is_used(void **state)
{
        const struct world *w = *state;
        pass_by(w);
        now_ms += 3600 * 1000 - 1;
        pass_by(w);
        assert_false(is_ready(w->agent, 0));
        for (int i = 0; i < 2; i++) {
                now_ms += i == 0 ? 1 : 3600 * 1000;
                pass_by(w);
                assert_true(is_ready(w->agent, LONG_MS));
                int fd = accept4(w->agent, NULL, NULL, SOCK_CLOEXEC);
                assert_string_equal(hear(fd), "");
                pass_by(w);
                assert_false(is_ready(w->agent, 0));
        }
}

static void silent_connections_make_room(void **state)
{
        const struct world *w = *state;
        int silent[PEERS_N], client = dial(w);
        ask(w, client);
        int agent = take(w); // this one has proved itself, and stays
        for (size_t i = 0; i < PEERS_N - 1; i++) {
                now_ms++;
                silent[i] = dial(w);
                say(silent[i], "GET ");
        }
        int last = dial(w);
        ask(w, last);
        int last_agent = take(w);
        assert_string_equal(hear(silent[0]), "");
        for (size_t i = 1; i < PEERS_N - 1; i++) {
                assert_false(is_ready(silent[i], 0));
                (void)close(silent[i]);
        }
        say(agent, "first");
        say(last_agent, "last");
        (void)close(agent);
        (void)close(last_agent);
        assert_string_equal(hear(client), "first");
        assert_string_equal(hear(last), "last");
}

static void late_connections_make_room(void **state)
{
        const struct world *w = *state;
        int clients[PEERS_N], agents[PEERS_N];
        for (size_t i = 0; i < PEERS_N; i++) {
                clients[i] = dial(w);
                ask(w, clients[i]);
                agents[i] = take(w);
        }
        int next = dial(w);
        ask(w, next);
        now_ms += 5000;
        (void)close(agents[0]); // wakes it
        int agent = take(w);
        say(agent, "next");
        (void)close(agent);
        assert_string_equal(hear(next), "next");
        for (size_t i = 0; i < PEERS_N; i++) {
                (void)close(clients[i]);
                (void)(i > 0 && close(agents[i]));
        }
}

static void proven_connections_are_waited_for(void **state)
{
        const struct world *w = *state;
        int clients[PEERS_N], agents[PEERS_N];
        for (size_t i = 0; i < PEERS_N; i++) {
                clients[i] = dial(w);
                ask(w, clients[i]);
                agents[i] = take(w);
        }
        int next = dial(w);
        ask(w, next);
        (void)close(agents[0]); // only now there is a place
        int agent = take(w);
        say(agent, "next");
        (void)close(agent);
        assert_string_equal(hear(next), "next");
        for (size_t i = 1; i < PEERS_N; i++) {
                say(agents[i], "x");
                (void)close(agents[i]);
                assert_string_equal(hear(clients[i]), "x");
        }
        (void)close(clients[0]);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup_teardown(forwards_to_the_agent_and_back, set_up, tear_down),
            cmocka_unit_test_setup_teardown(keeps_no_answer, set_up, tear_down),
            cmocka_unit_test_setup_teardown(reads_requests_byte_by_byte, set_up, tear_down),
            cmocka_unit_test_setup_teardown(forwards_large_answers, set_up, tear_down),
            cmocka_unit_test_setup_teardown(refuses, set_up, tear_down),
            cmocka_unit_test_setup_teardown(answers_without_an_agent, set_up, tear_down),
            cmocka_unit_test_setup_teardown(ends_late_connections, set_up, tear_down),
            cmocka_unit_test_setup_teardown(shows_that_the_agent_is_used, set_up, tear_down),
            cmocka_unit_test_setup_teardown(silent_connections_make_room, set_up, tear_down),
            cmocka_unit_test_setup_teardown(late_connections_make_room, set_up, tear_down),
            cmocka_unit_test_setup_teardown(proven_connections_are_waited_for, set_up, tear_down),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
