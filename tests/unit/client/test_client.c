// SPDX-License-Identifier: Apache-2.0
// Credentials, the connection and its end, invalid arguments, and the signals and streams of the process.
#include "clients/c/keyfob.h"

#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "clients/c/deadline.h"
#include "tests/unit/client/agent.h"

// --- credentials ---

static void returns_credentials_from_answers_in_any_pieces(void **state)
{
        static const size_t pieces[] = {0, 1, 7, 100};
        (void)state;
        for (size_t i = 0; i < LENGTH(pieces); i++) {
                const struct agent_step script[] = {{OK_HEAD, AGENT_CLOSE, pieces[i], DOCUMENT, 0}};
                struct agent agent;
                struct keyfob_credentials c;
                struct keyfob_error error;
                agent_start(&agent, script, 1);
                struct keyfob_client *client = connect_to(&agent, 0);
                assert_int_equal(keyfob_get_credentials(client, "a b@c", &c, &error), KEYFOB_OK);
                assert_string_equal(c.access_key_id, "ASIAEXAMPLE");
                assert_string_equal(c.secret_access_key, "secret/+=");
                assert_string_equal(c.session_token, "tok");
                assert_string_equal(c.account_id, "111122223333");
                assert_int_equal(c.expires_s, 1788264000);
                keyfob_credentials_clear(&c);
                assert_null(c.secret_access_key);
                keyfob_credentials_clear(&c);
                keyfob_disconnect(client);
                assert_true(agent_end(&agent));
                assert_string_equal(agent.log,
                                    "GET /v1/profiles/a%20b%40c/credentials HTTP/1.1\r\nHost: keyfob\r\n\r\n");
                agent_free(&agent);
        }
}

static void returns_credentials_without_session_token(void **state)
{
        static const struct agent_step script[] = {
            {OK_HEAD, AGENT_CLOSE, 0, "{\"Version\":1,\"AccessKeyId\":\"AKIA\",\"SecretAccessKey\":\"s\"} ", 0}};
        struct agent agent;
        struct keyfob_credentials c;
        (void)state;
        agent_start(&agent, script, 1);
        struct keyfob_client *client = connect_to(&agent, 0);
        assert_int_equal(keyfob_get_credentials(client, "default", &c, NULL), KEYFOB_OK);
        assert_string_equal(c.session_token, "");
        assert_string_equal(c.account_id, "");
        assert_true(c.expires_s == INT64_MAX);
        keyfob_credentials_clear(&c);
        keyfob_disconnect(client);
        assert_true(agent_end(&agent));
        agent_free(&agent);
}

// What is borrowed from the client is wiped by its next call, not only at its end. The second answer is shorter.
static void wipes_an_answer_in_the_next_call(void **state)
{
        static const struct agent_step script[] = {
            {OK_HEAD, AGENT_STAY, 0, DOCUMENT, 0},
            {OK_HEAD, AGENT_CLOSE, 0, "{\"kind\":\"none\",\"profile\":\"a\",\"state\":\"idle\"}", 0}};
        static const char secret[] = "secret/+=";
        struct agent agent;
        struct keyfob_credentials c;
        struct keyfob_login login;
        (void)state;
        agent_start(&agent, script, LENGTH(script));
        struct keyfob_client *client = connect_to(&agent, 0);
        size_t size = malloc_usable_size(client);
        assert_int_equal(keyfob_get_credentials(client, "a", &c, NULL), KEYFOB_OK);
        keyfob_credentials_clear(&c);
        assert_non_null(memmem(client, size, secret, strlen(secret)));
        assert_int_equal(keyfob_login_status(client, "a", &login, NULL), KEYFOB_OK);
        assert_null(memmem(client, size, secret, strlen(secret)));
        keyfob_disconnect(client);
        assert_true(agent_end(&agent));
        agent_free(&agent);
}

// How long the client would wait for the last answer. The linker sends its calls here, see cmake/tests.cmake.
static int64_t waits_ms;

ssize_t __real_deadline_receive(int fd, void *to, size_t n, int64_t deadline_ms);
ssize_t __wrap_deadline_receive(int fd, void *to, size_t n, int64_t deadline_ms);
ssize_t __wrap_deadline_receive(int fd, void *to, size_t n, int64_t deadline_ms)
{
        waits_ms = deadline_ms - deadline_now_ms();
        return __real_deadline_receive(fd, to, n, deadline_ms);
}

static void waits_for_15_s_by_default(void **state)
{
        static const struct agent_step script[] = {{OK_HEAD, AGENT_CLOSE, 0, DOCUMENT, 0}};
        (void)state;
        for (int timeout_ms = 0; timeout_ms <= 90000; timeout_ms += 90000) {
                struct agent agent;
                struct keyfob_credentials c;
                agent_start(&agent, script, LENGTH(script));
                struct keyfob_client *client = connect_to(&agent, timeout_ms);
                assert_int_equal(keyfob_get_credentials(client, "a", &c, NULL), KEYFOB_OK);
                keyfob_credentials_clear(&c);
                int64_t wanted_ms = timeout_ms ? timeout_ms : 15000;
                assert_in_range(waits_ms, wanted_ms - 10000, wanted_ms);
                keyfob_disconnect(client);
                assert_true(agent_end(&agent));
                agent_free(&agent);
        }
}

// --- the connection ---

static void keeps_the_connection(void **state)
{
        static const struct agent_step script[] = {{OK_HEAD, AGENT_STAY, 0, DOCUMENT, 0},
                                                   {OK_HEAD, AGENT_STAY, 5, DOCUMENT, 0},
                                                   {OK_HEAD, AGENT_CLOSE, 0, DOCUMENT, 0}};
        struct agent agent;
        struct keyfob_credentials c;
        (void)state;
        agent_start(&agent, script, 3);
        struct keyfob_client *client = connect_to(&agent, 0);
        for (int i = 0; i < 3; i++) {
                assert_int_equal(keyfob_get_credentials(client, "default", &c, NULL), KEYFOB_OK);
                keyfob_credentials_clear(&c);
        }
        keyfob_disconnect(client);
        assert_true(agent_end(&agent));
        agent_free(&agent);
}

static void connects_again_after_a_restart(void **state)
{
        static const struct agent_step script[] = {{OK_HEAD, AGENT_CLOSE, 0, DOCUMENT, 0},
                                                   {OK_HEAD, AGENT_CLOSE, 0, DOCUMENT, 0}};
        struct agent agent;
        struct keyfob_credentials c;
        struct keyfob_error error;
        (void)state;
        agent_start(&agent, script, 2);
        struct keyfob_client *client = connect_to(&agent, 0);
        for (int i = 0; i < 2; i++) {
                assert_int_equal(keyfob_get_credentials(client, "default", &c, &error), KEYFOB_OK);
                keyfob_credentials_clear(&c);
        }
        assert_true(agent_end(&agent));
        close(agent.listener); // now it stays away
        assert_int_equal(keyfob_get_credentials(client, "default", &c, &error), KEYFOB_NO_AGENT);
        assert_int_equal(keyfob_get_credentials(client, "default", &c, &error), KEYFOB_NO_AGENT);
        keyfob_disconnect(client);
        agent_free(&agent);
}

static void connects_again_after_connection_close(void **state)
{
        static const char closing[] = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}";
        static const struct agent_step script[] = {{closing, AGENT_CLOSE, 0, NULL, 0},
                                                   {OK_HEAD, AGENT_CLOSE, 0, DOCUMENT, 0}};
        struct agent agent;
        struct keyfob_response response;
        struct keyfob_error error;
        (void)state;
        agent_start(&agent, script, 2);
        struct keyfob_client *client = connect_to(&agent, 0);
        assert_int_equal(keyfob_request(client, "GET", "/livez", NULL, &response, &error), KEYFOB_OK);
        assert_int_equal(response.body_size, 2);
        assert_memory_equal(response.body, "{}", 2);
        assert_int_equal(keyfob_request(client, "GET", "/livez", NULL, &response, &error), KEYFOB_OK);
        assert_int_equal(response.body_size, sizeof(DOCUMENT) - 1);
        keyfob_disconnect(client);
        assert_true(agent_end(&agent));
        agent_free(&agent);
}

static void reports_that_no_agent_listens(void **state)
{
        char folder[] = "/tmp/keyfob-test-XXXXXX";
        char path[64];
        char too_long[200];
        struct keyfob_error error;
        (void)state;
        assert_non_null(mkdtemp(folder));
        (void)snprintf(path, sizeof(path), "%s/none", folder);
        assert_null(keyfob_connect(&(struct keyfob_options){.socket = path}, &error));
        assert_int_equal(error.status, KEYFOB_NO_AGENT);
        assert_non_null(strstr(error.detail, path));
        assert_true(error.hint[0] != 0);
        FILE *f = fopen(path, "w"); // a file, but no socket
        assert_non_null(f);
        (void)fclose(f);
        assert_null(keyfob_connect(&(struct keyfob_options){.socket = path}, &error));
        assert_int_equal(error.status, KEYFOB_NO_AGENT);
        assert_null(keyfob_connect(&(struct keyfob_options){.socket = path}, NULL));
        (void)unlink(path);
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        int datagrams = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0); // a socket, but of another kind
        memcpy(address.sun_path, path, strlen(path));
        assert_int_equal(bind(datagrams, (struct sockaddr *)&address, sizeof(address)), 0);
        assert_null(keyfob_connect(&(struct keyfob_options){.socket = path}, &error));
        assert_int_equal(error.status, KEYFOB_NO_AGENT);
        (void)close(datagrams);
        memset(too_long, 'x', sizeof(too_long));
        too_long[sizeof(too_long) - 1] = 0;
        assert_null(keyfob_connect(&(struct keyfob_options){.socket = too_long}, &error));
        assert_int_equal(error.status, KEYFOB_NO_AGENT);
        (void)unlink(path);
        (void)rmdir(folder);
        keyfob_disconnect(NULL);
}

static void finds_the_socket_path(void **state)
{
        char path[108];
        (void)state;
        (void)setenv("KEYFOB_SOCKET", "/from/environment", 1);
        assert_true(keyfob_socket_path(NULL, path, sizeof(path)));
        assert_string_equal(path, "/from/environment");
        assert_true(keyfob_socket_path("/given", path, sizeof(path)));
        assert_string_equal(path, "/given");
        assert_false(keyfob_socket_path("/given", path, 6));
        (void)unsetenv("KEYFOB_SOCKET");
        (void)setenv("XDG_RUNTIME_DIR", "/nowhere", 1); // no agent there: skipped
        assert_true(keyfob_socket_path(NULL, path, sizeof(path)));
        assert_string_equal(path, "/run/keyfob/keyfob.sock");
        assert_true(keyfob_version()[0] != 0);
}

// --- invalid arguments ---

static void refuses_invalid_arguments_without_sending(void **state)
{
        static const char *const names[] = {"", "a/b", " a", "a\r\nX: y", "\xc3\xa4"};
        static const struct {
                const char *method, *path;
        } requests[] = {{"GET", "v1"}, {"GET", "/a b"}, {"GET", "/a\r\nX: y"}, {"G T", "/"},
                        {"", "/"},     {"GET", ""},     {"HEAD", "/livez"}};
        static const struct agent_step script[] = {{OK_HEAD, AGENT_CLOSE, 0, DOCUMENT, 0}};
        struct agent agent;
        struct keyfob_credentials c;
        struct keyfob_response response;
        struct keyfob_signature signature;
        struct keyfob_error error;
        (void)state;
        agent_start(&agent, script, 1);
        struct keyfob_client *client = connect_to(&agent, 0);
        for (size_t i = 0; i < LENGTH(names); i++)
                assert_int_equal(keyfob_get_credentials(client, names[i], &c, &error), KEYFOB_INVALID);
        for (size_t i = 0; i < LENGTH(requests); i++)
                assert_int_equal(keyfob_request(client, requests[i].method, requests[i].path, NULL, &response, &error),
                                 KEYFOB_INVALID);
        static const struct keyfob_header bad_name = {"a b", ""}, no_name = {NULL, ""}, bad_value = {"a", "\xff"};
        const struct keyfob_sign_request refused[] = {
            {.method = "GET"},
            {.method = "GET", .url = "https://h/\xff"},
            {.method = "GET", .url = "https://h/", .headers = &bad_name, .headers_count = 1},
            {.method = "GET", .url = "https://h/", .headers = &no_name, .headers_count = 1},
            {.method = "GET", .url = "https://h/", .headers = &bad_value, .headers_count = 1},
        };
        for (size_t i = 0; i < LENGTH(refused); i++)
                assert_int_equal(keyfob_sign(client, "default", &refused[i], &signature, &error), KEYFOB_INVALID);
        size_t size = 800000;
        void *payload = calloc(1, size);
        assert_non_null(payload);
        struct keyfob_sign_request large = {
            .method = "PUT", .url = "https://h/", .payload = payload, .payload_size = size};
        assert_int_equal(keyfob_sign(client, "default", &large, &signature, &error), KEYFOB_INVALID);
        free(payload);
        assert_int_equal(keyfob_get_credentials(client, "default", &c, &error), KEYFOB_OK); // no request was sent
        keyfob_credentials_clear(&c);
        keyfob_disconnect(client);
        assert_true(agent_end(&agent));
        agent_free(&agent);
}

// --- the process ---

static void on_alarm(int number)
{
        (void)number;
}

// Handlers that do not restart system calls run often while the answer arrives byte by byte.
static void continues_after_signals(void **state)
{
        static const struct agent_step script[] = {{OK_HEAD, AGENT_CLOSE, 1, DOCUMENT, 0}};
        const struct sigaction action = {.sa_handler = on_alarm};
        const struct itimerval often = {{0, 200}, {0, 200}};
        const struct itimerval never = {{0, 0}, {0, 0}};
        struct sigaction before;
        (void)state;
        for (int i = 0; i < 10; i++) {
                struct agent agent;
                struct keyfob_credentials c;
                struct keyfob_error error;
                agent_start(&agent, script, 1);
                struct keyfob_client *client = connect_to(&agent, 0);
                assert_int_equal(sigaction(SIGALRM, &action, &before), 0);
                assert_int_equal(setitimer(ITIMER_REAL, &often, NULL), 0);
                enum keyfob_status status = keyfob_get_credentials(client, "default", &c, &error);
                assert_int_equal(setitimer(ITIMER_REAL, &never, NULL), 0);
                assert_int_equal(sigaction(SIGALRM, &before, NULL), 0);
                assert_int_equal(status, KEYFOB_OK);
                keyfob_credentials_clear(&c);
                keyfob_disconnect(client);
                assert_true(agent_end(&agent));
                agent_free(&agent);
        }
}

// The connection must not become the standard output of a process that closed it.
static void leaves_closed_standard_streams_closed(void **state)
{
        static const struct agent_step script[] = {{OK_HEAD, AGENT_CLOSE, 0, DOCUMENT, 0}};
        struct agent agent;
        int status = -1;
        (void)state;
        agent_start(&agent, script, 1);
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                struct keyfob_options options = {.socket = agent.path};
                struct keyfob_credentials c;
                for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
                        (void)close(fd);
                struct keyfob_client *client = keyfob_connect(&options, NULL);
                bool is_taken = false;
                for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
                        is_taken = is_taken || fcntl(fd, F_GETFD) >= 0;
                bool works = client && keyfob_get_credentials(client, "default", &c, NULL) == KEYFOB_OK;
                _exit(is_taken ? 2 : !works);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
        assert_true(agent_end(&agent));
        agent_free(&agent);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(returns_credentials_from_answers_in_any_pieces),
            cmocka_unit_test(returns_credentials_without_session_token),
            cmocka_unit_test(wipes_an_answer_in_the_next_call),
            cmocka_unit_test(waits_for_15_s_by_default),
            cmocka_unit_test(keeps_the_connection),
            cmocka_unit_test(connects_again_after_a_restart),
            cmocka_unit_test(connects_again_after_connection_close),
            cmocka_unit_test(reports_that_no_agent_listens),
            cmocka_unit_test(finds_the_socket_path),
            cmocka_unit_test(refuses_invalid_arguments_without_sending),
            cmocka_unit_test(continues_after_signals),
            cmocka_unit_test(leaves_closed_standard_streams_closed),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
