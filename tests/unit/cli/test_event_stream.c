// SPDX-License-Identifier: Apache-2.0
// The stream of events against an agent that answers by a script.
#include "clients/cli/event_stream.h"

#include "clients/c/deadline.h"
#include "clients/cli/cli.h"
#include "proto/mem/length.h"
#include "tests/unit/client/agent.h"
#include "tests/unit/unit.h"

#define HEAD "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
#define CHUNKED HEAD "Transfer-Encoding: chunked\r\n\r\n"
#define FIRST "1c\r\nretry: 2000\nid: f56dd67d-2\n\n\r\n"
#define EVENT "2b\r\nevent: rotated\nid: f56dd67d-3\ndata: {\"a\"}\n\n\r\n"
#define PROBLEM                                                                                                        \
        "{\"type\":\"x\",\"title\":\"x\",\"status\":404,\"code\":\"profile_not_found\",\"detail\":\"no profile\","     \
        "\"hint\":\"look\"}"

static int64_t soon(void)
{
        return deadline_now_ms() + 20000;
}

static struct event_stream *open_at(const struct agent *agent, const char *last_id, struct keyfob_error *error)
{
        return event_stream_open(agent->path, "/v1/events", slice_str(last_id), soon(), error);
}

static void gives_events_however_they_are_cut(void **state)
{
        (void)state;
        static const char *const answers[] = {
            CHUNKED FIRST EVENT EVENT "0\r\n\r\n",
            CHUNKED "1\r\nr\r\n1b\r\netry: 2000\nid: f56dd67d-2\n\n\r\n" EVENT EVENT "0\r\n\r\n",
            HEAD "Connection: close\r\n\r\nevent: rotated\nid: f56dd67d-3\ndata: {\"a\"}\n\n"
                 "event: rotated\nid: f56dd67d-3\ndata: {\"a\"}\n\n",
        };
        static const size_t pieces[] = {0, 1, 7};
        for (size_t i = 0; i < LENGTH(answers) * LENGTH(pieces); i++) {
                const struct agent_step steps[] = {
                    {.answer = answers[i / LENGTH(pieces)], .then = AGENT_CLOSE, .piece = pieces[i % LENGTH(pieces)]}};
                struct keyfob_error error;
                struct agent agent;
                struct slice name, data;
                agent_start(&agent, steps, 1);
                struct event_stream *s = open_at(&agent, "", &error);
                assert_non_null(s);
                for (int k = 0; k < 2; k++) {
                        assert_int_equal(event_stream_next(s, soon(), &name, &data, &error), KEYFOB_OK);
                        assert_true(slice_eq(name, SLICE("rotated")) && slice_eq(data, SLICE("{\"a\"}")));
                        assert_true(slice_eq(event_stream_last_id(s), SLICE("f56dd67d-3")));
                }
                assert_int_equal(event_stream_next(s, soon(), &name, &data, &error), KEYFOB_NO_AGENT);
                assert_non_null(strstr(error.detail, "ended the stream of events"));
                event_stream_close(s);
                assert_true(agent_end(&agent));
                agent_free(&agent);
        }
}

static void waits_no_longer_than_it_is_told(void **state)
{
        (void)state;
        static const struct agent_step steps[] = {{.answer = CHUNKED FIRST EVENT, .then = AGENT_HANG}};
        struct keyfob_error error;
        struct agent agent;
        struct slice name, data;
        agent_start(&agent, steps, 1);
        struct event_stream *s = open_at(&agent, "f56dd67d-1", &error);
        assert_non_null(s);
        assert_int_equal(event_stream_next(s, soon(), &name, &data, &error), KEYFOB_OK);
        assert_int_equal(event_stream_next(s, 0, &name, &data, &error), KEYFOB_TIMED_OUT);
        assert_int_equal(event_stream_next(s, 0, &name, &data, &error), KEYFOB_TIMED_OUT); // it goes on
        event_stream_close(s);
        event_stream_close(NULL);
        assert_true(agent_end(&agent));
        assert_non_null(strstr(agent.log, "GET /v1/events HTTP/1.1\r\n"));
        assert_non_null(strstr(agent.log, "\r\nLast-Event-ID: f56dd67d-1\r\n"));
        agent_free(&agent);
}

static void reports_what_is_no_stream(void **state)
{
        (void)state;
        static const struct {
                struct agent_step step;
                enum keyfob_status status;
                const char *detail;
        } rows[] = {
            {{.answer = "HTTP/1.1 404 Not Found\r\nContent-Type: application/problem+json\r\n", .body = PROBLEM},
             KEYFOB_REFUSED,
             "no profile"},
            {{.answer = "HTTP/1.1 404 Not Found\r\nContent-Type: application/problem+json\r\n",
              .then = AGENT_CLOSE,
              .body = PROBLEM,
              .surplus = 7},
             KEYFOB_REFUSED,
             "no profile"},
            {{.answer = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n", .body = "<p>"},
             KEYFOB_BAD_ANSWER,
             "not HTTP"},
            {{.answer = "HTTP/1.1 200 OK\r\n", .body = "x"}, KEYFOB_BAD_ANSWER, "not HTTP"},
            {{.answer = "garbage\r\n\r\n", .then = AGENT_CLOSE}, KEYFOB_BAD_ANSWER, "not HTTP"},
            {{.answer = "", .then = AGENT_CLOSE}, KEYFOB_BAD_ANSWER, "without an answer"},
        };
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct keyfob_error error;
                struct agent agent;
                agent_start(&agent, &rows[i].step, 1);
                assert_null(open_at(&agent, "", &error));
                assert_int_equal(error.status, rows[i].status);
                assert_non_null(strstr(error.detail, rows[i].detail));
                assert_true(agent_end(&agent));
                agent_free(&agent);
        }
        struct keyfob_error error;
        char path[200];
        memset(path, 'a', sizeof(path) - 1);
        path[sizeof(path) - 1] = '\0';
        assert_null(event_stream_open("/nonexistent/k.sock", "/", SLICE(""), soon(), &error));
        assert_int_equal(error.status, KEYFOB_NO_AGENT);
        assert_null(event_stream_open(path, "/", SLICE(""), soon(), &error));
        assert_int_equal(error.status, KEYFOB_NO_AGENT);
}

static void notices_garbage_amid_the_stream(void **state)
{
        (void)state;
        static const struct agent_step steps[] = {{.answer = CHUNKED EVENT "xyz\r\n", .then = AGENT_HANG}};
        struct keyfob_error error;
        struct agent agent;
        struct slice name, data;
        agent_start(&agent, steps, 1);
        struct event_stream *s = open_at(&agent, "", &error);
        assert_non_null(s);
        assert_int_equal(event_stream_next(s, soon(), &name, &data, &error), KEYFOB_OK);
        assert_int_equal(event_stream_next(s, soon(), &name, &data, &error), KEYFOB_BAD_ANSWER);
        event_stream_close(s);
        assert_true(agent_end(&agent));
        agent_free(&agent);
}

static void names_the_profiles_in_its_path(void **state)
{
        (void)state;
        char a[] = "a", b[] = "b c@d";
        char *const arguments[] = {a, b};
        struct options o = {.arguments = arguments};
        struct buffer path;
        buffer_init(&path, 1024);
        assert_int_equal(event_stream_put_path(&o, &path), EXIT_OK);
        assert_string_equal(buffer_c_str(&path), "/v1/events");
        o.arguments_count = 2;
        o.values[OPTION_PROFILE] = "e";
        buffer_reset(&path);
        assert_int_equal(event_stream_put_path(&o, &path), EXIT_OK);
        assert_string_equal(buffer_c_str(&path), "/v1/events?profile=a&profile=b%20c%40d&profile=e");
        o.values[OPTION_PROFILE] = "/";
        assert_int_equal(event_stream_put_path(&o, &path), EXIT_USAGE);
        buffer_free(&path);
        buffer_init(&path, 12);
        o.values[OPTION_PROFILE] = NULL;
        assert_int_equal(event_stream_put_path(&o, &path), EXIT_USAGE);
        buffer_free(&path);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(gives_events_however_they_are_cut), cmocka_unit_test(waits_no_longer_than_it_is_told),
            cmocka_unit_test(reports_what_is_no_stream),         cmocka_unit_test(notices_garbage_amid_the_stream),
            cmocka_unit_test(names_the_profiles_in_its_path),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
