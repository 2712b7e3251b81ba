// SPDX-License-Identifier: Apache-2.0
#include "clients/c/keyfob.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "tests/unit/client/agent.h"
#include "tests/unit/unit.h"

#define DOCUMENT                                                                                                       \
        "{\"Version\":1,\"AccessKeyId\":\"ASIAEXAMPLE\",\"SecretAccessKey\":\"secret/+=\",\"SessionToken\":\"tok\","   \
        "\"Expiration\":\"2026-09-01T12:00:00Z\",\"AccountId\":\"111122223333\"}\n"
#define OK_HEAD "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"

static struct keyfob_client *connect_to(const struct agent *agent, int timeout_ms)
{
        struct keyfob_error error;
        struct keyfob_options options = {.socket = agent->path, .timeout_ms = timeout_ms};
        struct keyfob_client *client = keyfob_connect(&options, &error);
        assert_non_null(client);
        return client;
}

// --- credentials ---

static void test_credentials(void **state)
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

static void test_static_credentials(void **state)
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

// --- the connection ---

static void test_connection_is_kept(void **state)
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

static void test_agent_was_restarted(void **state)
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
        close(agent.listener); // now for good
        assert_int_equal(keyfob_get_credentials(client, "default", &c, &error), KEYFOB_NO_AGENT);
        assert_int_equal(keyfob_get_credentials(client, "default", &c, &error), KEYFOB_NO_AGENT);
        keyfob_disconnect(client);
        agent_free(&agent);
}

static void test_connection_close_is_heeded(void **state)
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

static void test_no_agent(void **state)
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

static void test_socket_path(void **state)
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
        (void)setenv("XDG_RUNTIME_DIR", "/nowhere", 1); // no agent there: passed over
        assert_true(keyfob_socket_path(NULL, path, sizeof(path)));
        assert_string_equal(path, "/run/keyfob/keyfob.sock");
        assert_true(keyfob_version()[0] != 0);
}

// --- answers that are none ---

static void test_bad_answers(void **state)
{
        static const struct {
                const char *name;
                struct agent_step step;
                enum keyfob_status want;
        } rows[] = {
            {"nothing", {"", AGENT_CLOSE, 0, NULL, 0}, KEYFOB_BAD_ANSWER},
            {"silence", {"", AGENT_HANG, 0, NULL, 0}, KEYFOB_TIMED_OUT},
            {"half a head, then silence", {"HTTP/1.1 200 OK\r\nConte", AGENT_HANG, 0, NULL, 0}, KEYFOB_TIMED_OUT},
            {"half a body, then silence", {OK_HEAD, AGENT_HANG, 0, "{\"Version\"", 100}, KEYFOB_TIMED_OUT},
            {"half a head", {"HTTP/1.1 200 OK\r\nConte", AGENT_CLOSE, 0, NULL, 0}, KEYFOB_BAD_ANSWER},
            {"half a body", {OK_HEAD, AGENT_CLOSE, 0, DOCUMENT, 1}, KEYFOB_BAD_ANSWER},
            {"no length", {"HTTP/1.1 200 OK\r\n\r\n" DOCUMENT, AGENT_CLOSE, 0, NULL, 0}, KEYFOB_BAD_ANSWER},
            {"too much", {OK_HEAD, AGENT_CLOSE, 0, DOCUMENT, -1}, KEYFOB_BAD_ANSWER},
            {"two answers", {OK_HEAD, AGENT_CLOSE, 0, DOCUMENT OK_HEAD, 1 - (int)sizeof(OK_HEAD)}, KEYFOB_BAD_ANSWER},
            {"garbage", {"SSH-2.0-OpenSSH_9.2\r\n", AGENT_CLOSE, 0, NULL, 0}, KEYFOB_BAD_ANSWER},
            {"huge", {OK_HEAD "Content-Length: 99999999999\r\n\r\n", AGENT_HANG, 0, NULL, 0}, KEYFOB_BAD_ANSWER},
            {"no JSON", {OK_HEAD, AGENT_CLOSE, 0, "hello", 0}, KEYFOB_BAD_ANSWER},
            {"empty", {OK_HEAD, AGENT_CLOSE, 0, "", 0}, KEYFOB_BAD_ANSWER},
            {"no keys", {OK_HEAD, AGENT_CLOSE, 0, "{\"Version\":1}", 0}, KEYFOB_BAD_ANSWER},
            {"a key with the end of a line",
             {OK_HEAD, AGENT_CLOSE, 0, "{\"Version\":1,\"AccessKeyId\":\"A\\r\\nX: y\",\"SecretAccessKey\":\"s\"}", 0},
             KEYFOB_BAD_ANSWER},
            {"empty key",
             {OK_HEAD, AGENT_CLOSE, 0, "{\"Version\":1,\"AccessKeyId\":\"\",\"SecretAccessKey\":\"s\"}", 0},
             KEYFOB_BAD_ANSWER},
        };
        (void)state;
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct agent agent;
                struct keyfob_credentials c;
                struct keyfob_error error;
                agent_start(&agent, &rows[i].step, 1);
                struct keyfob_client *client = connect_to(&agent, rows[i].want == KEYFOB_TIMED_OUT ? 50 : 0);
                enum keyfob_status status = keyfob_get_credentials(client, "default", &c, &error);
                if (status != rows[i].want)
                        fail_msg("%s: %d %s", rows[i].name, (int)status, error.detail);
                assert_int_equal(error.status, status);
                assert_true(error.detail[0] != 0);
                assert_null(c.access_key_id);
                keyfob_credentials_clear(&c);
                keyfob_disconnect(client);
                assert_true(agent_end(&agent));
                agent_free(&agent);
        }
}

static void test_interim_answers_are_skipped(void **state)
{
        static const struct agent_step script[] = {
            {"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", AGENT_CLOSE, 3, NULL, 0}};
        struct agent agent;
        struct keyfob_response response;
        (void)state;
        agent_start(&agent, script, 1);
        struct keyfob_client *client = connect_to(&agent, 0);
        assert_int_equal(keyfob_request(client, "GET", "/livez", NULL, &response, NULL), KEYFOB_OK);
        assert_int_equal(response.status, 200);
        assert_int_equal(response.body_size, 2);
        keyfob_disconnect(client);
        assert_true(agent_end(&agent));
        agent_free(&agent);
}

// --- refusals ---

#define PROBLEM_HEAD "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/problem+json\r\n"

static void test_refusals(void **state)
{
        static const struct {
                const char *head, *body;
                int http_status, retry_after_s;
                const char *code, *detail, *hint;
        } rows[] = {
            {PROBLEM_HEAD,
             "{\"title\":\"Credentials unavailable\",\"code\":\"credentials_unavailable\","
             "\"detail\":\"none yet\",\"hint\":\"wait\",\"retry_after\":7}",
             503, 7, "credentials_unavailable", "none yet", "wait"},
            {PROBLEM_HEAD, "{\"title\":\"Title\"}", 503, 0, "", "Title", ""},
            {PROBLEM_HEAD, "{\"detail\":\"a\\u001b[2J\xc3\xa4\\u009b2J\"}", 503, 0, "", "a?[2J\xc3\xa4??2J", ""},
            {"HTTP/1.1 404 Not Found\r\n", "nope", 404, 0, "", "the agent answered with HTTP status 404",
             "See whether it is a keyfob agent that listens there, and what its log says."},
            {"HTTP/1.1 500 Oh\r\n", "{\"detail\":7,\"code\":1}", 500, 0, "", "the agent answered with HTTP status 500",
             "See whether it is a keyfob agent that listens there, and what its log says."},
        };
        (void)state;
        for (size_t i = 0; i < LENGTH(rows); i++) {
                const struct agent_step script[] = {{rows[i].head, AGENT_CLOSE, 0, rows[i].body, 0}};
                struct agent agent;
                struct keyfob_credentials c;
                struct keyfob_error error;
                agent_start(&agent, script, 1);
                struct keyfob_client *client = connect_to(&agent, 0);
                assert_int_equal(keyfob_get_credentials(client, "default", &c, &error), KEYFOB_REFUSED);
                assert_int_equal(error.http_status, rows[i].http_status);
                assert_int_equal(error.retry_after_s, rows[i].retry_after_s);
                assert_string_equal(error.code, rows[i].code);
                assert_string_equal(error.detail, rows[i].detail);
                assert_string_equal(error.hint, rows[i].hint);
                keyfob_disconnect(client);
                assert_true(agent_end(&agent));
                agent_free(&agent);
        }
}

static void test_early_refusal(void **state)
{
        static const struct agent_step script[] = {{"HTTP/1.1 413 Content Too Large\r\nConnection: close\r\n",
                                                    AGENT_CLOSE_UNREAD, 0, "{\"detail\":\"too large\"}", 0}};
        const size_t size = 1000000; // more than a socket holds
        struct agent agent;
        struct keyfob_response response;
        struct keyfob_error error;
        (void)state;
        char *body = malloc(size + 1);
        assert_non_null(body);
        memset(body, ' ', size);
        body[size] = 0;
        agent_start(&agent, script, 1);
        struct keyfob_client *client = connect_to(&agent, 0);
        assert_int_equal(keyfob_request(client, "POST", "/v1/profiles/x/sign", body, &response, &error),
                         KEYFOB_REFUSED);
        assert_int_equal(error.http_status, 413);
        assert_string_equal(error.detail, "too large");
        keyfob_disconnect(client);
        assert_true(agent_end(&agent));
        agent_free(&agent);
        free(body);
}

// --- requests that cannot be made ---

static void test_invalid(void **state)
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
        assert_int_equal(keyfob_get_credentials(client, "default", &c, &error), KEYFOB_OK); // none of it was sent
        keyfob_credentials_clear(&c);
        keyfob_disconnect(client);
        assert_true(agent_end(&agent));
        agent_free(&agent);
}

// --- signing ---

static void test_sign(void **state)
{
        static const struct agent_step script[] = {
            {OK_HEAD, AGENT_STAY, 0,
             "{\"headers\":{\"authorization\":\"AWS4-HMAC-SHA256 C\",\"x-amz-date\":\"D\\u0041\"},"
             "\"signed_headers\":\"host;x-amz-date\",\"generation\":1}",
             0},
            {OK_HEAD, AGENT_CLOSE, 0, "{\"headers\":{}}", 0}};
        static const struct keyfob_header headers[] = {{"content-type", "text/plain"}, {"x-empty", ""}};
        static const struct keyfob_sign_request request = {
            .method = "POST",
            .url = "https://h/a\"b",
            .headers = headers,
            .headers_count = 2,
            .payload = "hello",
            .payload_size = 5,
            .service = "s3",
        };
        struct agent agent;
        struct keyfob_signature signature;
        struct keyfob_error error;
        (void)state;
        agent_start(&agent, script, 2);
        struct keyfob_client *client = connect_to(&agent, 0);
        assert_int_equal(keyfob_sign(client, "default", &request, &signature, &error), KEYFOB_OK);
        assert_int_equal(signature.headers_count, 2);
        assert_string_equal(signature.headers[0].name, "authorization");
        assert_string_equal(signature.headers[0].value, "AWS4-HMAC-SHA256 C");
        assert_string_equal(signature.headers[1].name, "x-amz-date");
        assert_string_equal(signature.headers[1].value, "DA");
        assert_non_null(strstr(agent.log, "POST /v1/profiles/default/sign HTTP/1.1\r\n"));
        assert_non_null(strstr(agent.log, "\r\n\r\n{\"method\":\"POST\",\"url\":\"https://h/a\\\"b\",\"headers\":{"
                                          "\"content-type\":\"text/plain\",\"x-empty\":\"\"},"
                                          "\"payload\":\"aGVsbG8=\",\"service\":\"s3\"}"));
        keyfob_signature_clear(&signature);
        assert_null(signature.headers);
        struct keyfob_sign_request hashed = {
            .method = "GET", .url = "https://h/", .payload_sha256 = "00", .region = "r"};
        assert_int_equal(keyfob_sign(client, "default", &hashed, &signature, &error), KEYFOB_BAD_ANSWER);
        keyfob_signature_clear(&signature);
        keyfob_disconnect(client);
        assert_true(agent_end(&agent));
        assert_non_null(strstr(agent.log, "{\"method\":\"GET\",\"url\":\"https://h/\",\"payload_sha256\":\"00\","
                                          "\"region\":\"r\"}"));
        agent_free(&agent);
}

// What an impostor might send: nothing of it becomes a part of the caller's requests.
static void test_signatures_that_are_none(void **state)
{
        static const char *const bodies[] = {
            "{}",
            "[]",
            "{\"headers\":{}}",
            "{\"headers\":[\"authorization\"]}",
            "{\"headers\":{\"authorization\":1}}",
            "{\"headers\":{\"\":\"x\"}}",
            "{\"headers\":{\"a b\":\"x\"}}",
            "{\"headers\":{\"a\":\"x\\r\\nEvil: y\"}}",
            "{\"headers\":{\"a\\nEvil\":\"x\"}}",
            "{\"headers\":{\"a\":\"\\u007f\"}}",
        };
        static const struct keyfob_sign_request request = {.method = "GET", .url = "https://h/"};
        (void)state;
        for (size_t i = 0; i < LENGTH(bodies); i++) {
                const struct agent_step script[] = {{OK_HEAD, AGENT_CLOSE, 0, bodies[i], 0}};
                struct agent agent;
                struct keyfob_signature signature;
                agent_start(&agent, script, 1);
                struct keyfob_client *client = connect_to(&agent, 0);
                assert_int_equal(keyfob_sign(client, "default", &request, &signature, NULL), KEYFOB_BAD_ANSWER);
                assert_null(signature.headers);
                keyfob_disconnect(client);
                assert_true(agent_end(&agent));
                agent_free(&agent);
        }
}

// --- the process around it ---

static void on_alarm(int number)
{
        (void)number;
}

// Signals whose handlers do not restart system calls, many while the answer comes byte by byte.
static void test_signals(void **state)
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

// The connection must not become the standard output of a process that has none.
static void test_closed_standard_streams(void **state)
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
            cmocka_unit_test(test_credentials),
            cmocka_unit_test(test_static_credentials),
            cmocka_unit_test(test_connection_is_kept),
            cmocka_unit_test(test_agent_was_restarted),
            cmocka_unit_test(test_connection_close_is_heeded),
            cmocka_unit_test(test_no_agent),
            cmocka_unit_test(test_socket_path),
            cmocka_unit_test(test_bad_answers),
            cmocka_unit_test(test_interim_answers_are_skipped),
            cmocka_unit_test(test_refusals),
            cmocka_unit_test(test_early_refusal),
            cmocka_unit_test(test_invalid),
            cmocka_unit_test(test_sign),
            cmocka_unit_test(test_signatures_that_are_none),
            cmocka_unit_test(test_signals),
            cmocka_unit_test(test_closed_standard_streams),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
