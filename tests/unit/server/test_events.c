// SPDX-License-Identifier: Apache-2.0
// GET /v1/events: what a stream says, to whom, from where on, and how it ends.
#include "tests/unit/server/fixture.h"

#define GET_EVENTS "GET /v1/events HTTP/1.1\r\n\r\n"
#define BEGIN(number) "retry: 2000\nid: abc-" number "\n\n"
#define AT_NOON ",\"time\":\"2026-09-01T12:16:40Z\"}\n\n"

static uid_t stranger = 4711;
static const struct allow_rule not_this_peer = {.uids = &stranger, .uids_count = 1, .scopes = ALLOW_ALL};

static void publish(struct fixture *f, const char *profile, uint64_t generation)
{
        server_publish(f->server, &(struct server_event){.kind = EVENT_ROTATED,
                                                         .profile = profile,
                                                         .generation = generation,
                                                         .expires_s = NOON_S + 7200});
}

// Profiles a and b without a fetch, so that only the test makes events.
static void serve_two(struct fixture *f)
{
        fixture_start(f);
        fixture_add(f, "a", true);
        fixture_add(f, "b", true);
}

// What has arrived, as text.
static const char *text_of(struct client *c)
{
        const char *text = buffer_c_str(&c->received);
        assert_non_null(text);
        return text;
}

// Turns the loop until `text` has come; takes everything up to its end.
static void expect_text(struct client *c, const char *text)
{
        const char *at;
        time_t start = time(NULL);
        while (!(at = strstr(text_of(c), text))) {
                if (!client_receive(c))
                        turn(c->f);
                if (time(NULL) - start > TEST_TIMEOUT_S || c->is_at_end)
                        fail_msg("no \"%s\" in %s", text, text_of(c));
        }
        buffer_consume(&c->received, (size_t)(at - text_of(c)) + strlen(text));
}

// Nothing more has come than the framing of chunks.
static void expect_silence(struct client *c)
{
        settle(c->f);
        while (client_receive(c))
                ;
        assert_true(strlen(text_of(c)) <= 2);
}

static struct client open_stream(struct fixture *f, const char *query, const char *headers)
{
        char request[8192];
        struct client c = client_open(f);
        snprintf(request, sizeof(request), "GET /v1/events%s HTTP/1.1\r\n%s\r\n", query, headers);
        client_send(&c, request);
        expect_text(&c, "retry: 2000\n");
        return c;
}

static size_t held(const struct fixture *f, enum user_pool pool)
{
        return f->server->users.used[pool];
}

// --- what it says ---

static void streams_events_in_the_format_of_the_standard(void **state)
{
        (void)state;
        static const struct {
                struct server_event event;
                const char *text;
        } rows[] = {
            {{.kind = EVENT_ROTATED, .profile = "a", .generation = 3, .expires_s = NOON_S + 7200},
             "event: rotated\nid: abc-1\ndata: {\"event\":\"rotated\",\"profile\":\"a\",\"generation\":3,"
             "\"expiration\":\"2026-09-01T14:00:00Z\"" AT_NOON},
            {{.kind = EVENT_ROTATED, .profile = "b", .generation = 1, .expires_s = CREDENTIALS_NEVER_EXPIRE},
             "event: rotated\nid: abc-2\ndata: {\"event\":\"rotated\",\"profile\":\"b\",\"generation\":1,"
             "\"expiration\":null" AT_NOON},
            {{.kind = EVENT_REFRESH_FAILED, .profile = "a", .error = ERROR_DENIED},
             "event: refresh_failed\nid: abc-3\ndata: {\"event\":\"refresh_failed\",\"profile\":\"a\","
             "\"generation\":0,\"expiration\":null,\"kind\":\"denied\"" AT_NOON},
            {{.kind = EVENT_EXPIRING, .profile = "a", .generation = 3, .expires_s = NOON_S},
             "event: expiring\nid: abc-4\ndata: {\"event\":\"expiring\",\"profile\":\"a\",\"generation\":3,"
             "\"expiration\":\"2026-09-01T12:00:00Z\"" AT_NOON},
            {{.kind = EVENT_EXPIRED, .profile = "b", .generation = 3, .expires_s = NOON_S},
             "event: expired\nid: abc-5\ndata: {\"event\":\"expired\",\"profile\":\"b\",\"generation\":3,"
             "\"expiration\":\"2026-09-01T12:00:00Z\"" AT_NOON},
            {{.kind = EVENT_CONFIG_RELOADED},
             "event: config_reloaded\nid: abc-6\ndata: {\"event\":\"config_reloaded\"" AT_NOON},
        };
        struct fixture f;
        serve_two(&f);
        struct client c = client_open(&f);
        client_send(&c, GET_EVENTS);
        expect_text(&c, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n"
                        "Cache-Control: no-store\r\nX-Accel-Buffering: no\r\n\r\n17\r\n" BEGIN("0") "\r\n");
        for (size_t i = 0; i < LENGTH(rows); i++) {
                server_publish(f.server, &rows[i].event);
                expect_text(&c, rows[i].text);
        }
        expect_silence(&c);
        stop(&f, &c);
}

static void says_that_it_is_alive_when_nothing_happens(void **state)
{
        (void)state;
        struct fixture f;
        serve_two(&f);
        f.profiles[1].allow = &not_this_peer;
        f.profiles[1].allow_count = 1;
        f.clock.speed = FAST;
        struct client c = open_stream(&f, "", "");
        expect_text(&c, "id: abc-0\n\n");
        f.now_ms += EVENTS_QUIET_MS - 1;
        expect_silence(&c);
        f.now_ms += 1;
        expect_text(&c, "d\r\n: keep-alive\n\r\n");
        expect_silence(&c);
        f.now_ms += EVENTS_QUIET_MS / 2;
        publish(&f, "a", 1);
        expect_text(&c, "id: abc-1\n");
        expect_text(&c, "\n\n");
        f.now_ms += EVENTS_QUIET_MS - 1; // counted from the last event
        expect_silence(&c);
        publish(&f, "b", 1); // which moves the position, but is not for this peer
        expect_silence(&c);
        f.now_ms += 1;
        expect_text(&c, ": keep-alive\nid: abc-2\n\n");
        f.now_ms += EVENTS_QUIET_MS;
        expect_text(&c, "d\r\n: keep-alive\n\r\n");
        stop(&f, &c);
}

// --- for whom ---

static void gives_the_events_of_the_profiles_that_are_asked_for(void **state)
{
        (void)state;
        static const struct {
                const char *query;
                bool wants_a, wants_b;
        } rows[] = {
            {"", true, true},
            {"?profile=a", true, false},
            {"?profile=b", false, true},
            {"?profile=%62", false, true},
            {"?profile=a&profile=b", true, true},
            {"?profile=a&&profile=a", true, false},
        };
        struct fixture f;
        serve_two(&f);
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct client c = open_stream(&f, rows[i].query, "");
                expect_text(&c, "\n\n");
                publish(&f, "a", i);
                if (rows[i].wants_a)
                        expect_text(&c, "\"profile\":\"a\"");
                publish(&f, "b", i);
                if (rows[i].wants_b)
                        expect_text(&c, "\"profile\":\"b\"");
                server_publish(f.server, &(struct server_event){.kind = EVENT_CONFIG_RELOADED}); // everybody's
                expect_text(&c, "event: config_reloaded");
                client_close(&c);
        }
        fixture_stop(&f);
}

static void refuses_other_queries(void **state)
{
        (void)state;
        static const struct {
                const char *query;
                int status;
                const char *code;
        } rows[] = {
            {"?x=1", 400, "invalid_request"},
            {"?profile=a&wait=1", 400, "invalid_request"},
            {"?profile=none", 404, "profile_not_found"},
            {"?profile=a&profile=%", 404, "profile_not_found"},
            {"?profile=", 404, "profile_not_found"},
        };
        char query[LIMIT_EVENT_PROFILES_N * 10 + 32] = "?profile=a";
        struct fixture f;
        serve_two(&f);
        struct client c = client_open(&f);
        for (size_t i = 0; i < LENGTH(rows); i++) {
                char target[64];
                snprintf(target, sizeof(target), "/v1/events%s", rows[i].query);
                client_get(&c, target);
                expect_problem(&c, rows[i].status, rows[i].code);
        }
        for (int i = 1; i < LIMIT_EVENT_PROFILES_N; i++)
                memcpy(query + strlen(query), "&profile=a", sizeof("&profile=a"));
        struct client most = open_stream(&f, query, "");
        client_close(&most);
        char target[sizeof(query) + 32];
        snprintf(target, sizeof(target), "/v1/events%s&profile=b", query);
        client_get(&c, target);
        expect_problem(&c, 400, "invalid_request");
        f.profiles[1].allow = &not_this_peer;
        f.profiles[1].allow_count = 1;
        client_get(&c, "/v1/events?profile=b");
        expect_problem(&c, 403, "peer_not_allowed");
        client_get(&c, "/v1/events?profile=none");
        expect_problem(&c, 403, "peer_not_allowed");
        assert_int_equal(held(&f, USER_WAITS), 0);
        stop(&f, &c);
}

// What counts are the rules at the time of reading.
static void never_shows_a_profile_that_the_peer_may_not_see(void **state)
{
        (void)state;
        struct fixture f;
        serve_two(&f);
        struct server_profile closed[2] = {f.profiles[0], f.profiles[1]};
        closed[1].allow = &not_this_peer;
        closed[1].allow_count = 1;
        struct client all = open_stream(&f, "", "");
        struct client one = open_stream(&f, "?profile=b", "");
        expect_text(&all, "\n\n");
        expect_text(&one, "\n\n");
        publish(&f, "b", 1);
        expect_text(&all, "\"profile\":\"b\"");
        expect_text(&one, "\"profile\":\"b\"");
        expect_text(&all, "\n\n");
        expect_text(&one, "\n\n");

        publish(&f, "b", 2); // before the reload, but not written yet
        server_set_profiles(f.server, closed, 2);
        publish(&f, "b", 3);
        server_publish(f.server, &(struct server_event){.kind = EVENT_REFRESH_FAILED, .profile = "b"});
        publish(&f, "a", 1);
        expect_text(&all, "id: abc-5\n");
        expect_text(&all, "\"profile\":\"a\"");
        expect_text(&all, "\n\n");
        expect_silence(&all);
        expect_silence(&one);
        struct client again = open_stream(&f, "", "Last-Event-ID: abc-0\r\n");
        expect_text(&again, "id: abc-0\n\n");
        expect_text(&again, "id: abc-5\n");
        expect_silence(&all);
        client_close(&again);

        server_set_profiles(f.server, f.profiles, 2); // and it may again
        publish(&f, "b", 4);
        expect_text(&all, "\"profile\":\"b\",\"generation\":4");
        expect_text(&one, "\"profile\":\"b\",\"generation\":4");
        server_set_profiles(f.server, f.profiles, 1); // it is removed
        publish(&f, "b", 5);
        publish(&f, "implied", 1);
        expect_text(&all, "\n\n");
        expect_text(&one, "\n\n");
        expect_silence(&all);
        expect_silence(&one);
        server_set_profiles(f.server, f.profiles, 2);
        client_close(&one);
        stop(&f, &all);
}

// --- from where on ---

static void goes_on_after_the_last_event_that_the_client_has_seen(void **state)
{
        (void)state;
        static const struct {
                const char *id, *text;
        } rows[] = {
            {"abc-2", "id: abc-2\n\nevent: rotated\nid: abc-3\n"},
            {"abc-0", "id: abc-0\n\nevent: rotated\nid: abc-1\n"},
            {"abc-4", "id: abc-4\n\n\r\n"},
            {"", "id: abc-4\n\n\r\n"},
            {"abc-5", "id: abc-0\n\nevent: missed\nid: abc-0\ndata: {\"event\":\"missed\",\"reason\":\"unknown_id\""},
            {"abd-2", "event: missed\nid: abc-0\ndata: {\"event\":\"missed\",\"reason\":\"agent_restarted\""},
            {"ab-2", "event: missed\nid: abc-0\ndata: {\"event\":\"missed\",\"reason\":\"agent_restarted\""},
            {"2", "\"reason\":\"unknown_id\""},
            {"abc", "\"reason\":\"unknown_id\""},
            {"abc-", "\"reason\":\"unknown_id\""},
            {"-2", "\"reason\":\"unknown_id\""},
            {"abc-2x", "\"reason\":\"unknown_id\""},
            {"abc--2", "\"reason\":\"unknown_id\""},
            {"abc-18446744073709551615", "\"reason\":\"unknown_id\""},
            {"abc-18446744073709551616", "\"reason\":\"unknown_id\""},
            {"123456789-2", "\"reason\":\"unknown_id\""},
        };
        struct fixture f;
        serve_two(&f);
        for (uint64_t i = 1; i <= 4; i++)
                publish(&f, "a", i);
        for (size_t i = 0; i < LENGTH(rows); i++) {
                char header[128];
                snprintf(header, sizeof(header), "last-event-id: %s\r\n", rows[i].id);
                struct client c = open_stream(&f, "", header);
                expect_text(&c, rows[i].text);
                if (strstr(rows[i].text, "reason")) // everything that there is follows
                        expect_text(&c, "id: abc-1\n");
                if (strstr(rows[i].text, "reason") || strcmp(rows[i].id, "abc-2") == 0)
                        expect_text(&c, "id: abc-4\n");
                client_close(&c);
        }
        fixture_stop(&f);
}

static void says_when_the_next_event_is_gone(void **state)
{
        (void)state;
        struct fixture f;
        serve_two(&f);
        struct event_ring *ring = &f.server->events.ring;
        while (ring->before_first == 0)
                publish(&f, "a", 1);
        char text[64];
        struct client c = open_stream(&f, "", "Last-Event-ID: abc-0\r\n");
        snprintf(text, sizeof(text), "event: missed\nid: abc-%d\n", (int)ring->before_first);
        expect_text(&c, text);
        expect_text(&c, "\"reason\":\"too_old\"");
        snprintf(text, sizeof(text), "event: rotated\nid: abc-%d\n", (int)ring->before_first + 1);
        expect_text(&c, text);
        snprintf(text, sizeof(text), "id: abc-%d\n", (int)ring->last);
        expect_text(&c, text);
        stop(&f, &c);
}

// --- slow readers ---

// Publishes until the reader, which does not read, has not taken all.
static struct event_stream *fill(struct fixture *f)
{
        struct event_stream *stream = TAILQ_FIRST(&f->server->events.streams);
        assert_non_null(stream);
        for (uint64_t i = 0; !stream->is_full; i++) {
                publish(f, "a", i);
                if (i % 100 == 0)
                        turn(f);
        }
        return stream;
}

// The numbers of the ids that have come, which must rise. The last.
static uint64_t last_id(struct client *c, bool *ret_missed)
{
        uint64_t last = 0;
        const char *text = text_of(c);
        *ret_missed = strstr(text, "\nevent: missed\n") != NULL;
        for (const char *at = text; (at = strstr(at, "\nid: abc-")); at++) {
                uint64_t number = strtoull(at + 9, NULL, 10);
                assert_true(number > last || (number == last && *ret_missed));
                last = number;
        }
        return last;
}

static void tells_a_slow_reader_what_it_missed(void **state)
{
        (void)state;
        struct fixture f;
        serve_two(&f);
        struct client c = open_stream(&f, "", "");
        fill(&f);
        assert_true(held(&f, USER_OUTPUT) > 0);
        assert_true(held(&f, USER_OUTPUT) <= 20 * 1024); // a piece; the rest is read from the ring
        for (uint64_t i = 0; i < 60000; i++)
                publish(&f, "a", i);
        settle(&f);
        assert_true(held(&f, USER_OUTPUT) <= 20 * 1024);
        bool has_missed = false;
        time_t start = time(NULL);
        while (last_id(&c, &has_missed) < f.server->events.ring.last) {
                while (client_receive(&c))
                        ;
                for (int i = 0; i < 50; i++) {
                        turn(&f);
                        (void)client_receive(&c);
                }
                timeout_check(start, "the last event");
        }
        assert_true(has_missed);
        assert_int_equal(held(&f, USER_OUTPUT), 0);
        assert_int_equal(f.server->events.dropped, 0);
        stop(&f, &c);
}

static void drops_a_reader_that_takes_nothing(void **state)
{
        (void)state;
        struct fixture f;
        serve_two(&f);
        f.clock.speed = FAST;
        struct client c = open_stream(&f, "", "");
        struct client good = open_stream(&f, "?profile=b", "");
        struct event_stream *stream = TAILQ_FIRST(&f.server->events.streams);
        fill(&f);
        f.now_ms = stream->touched_ms + EVENTS_QUIET_MS - 1;
        for (int i = 0; i < 50; i++)
                settle(&f);
        assert_int_equal(f.server->connections_count, 2);
        f.now_ms += 1;
        TURN_UNTIL(&f, f.server->connections_count == 1);
        assert_int_equal(f.server->events.count, 1);
        assert_int_equal(held(&f, USER_WAITS), 1);
        publish(&f, "b", 1);
        expect_text(&good, "\"profile\":\"b\"");
        struct client other = client_open(&f);
        assert_int_equal(client_get(&other, "/metrics"), 200);
        ASSERT_BODY_HAS(&other, "\nkeyfob_event_streams_dropped_total 1\n");
        ASSERT_BODY_HAS(&other, "\nkeyfob_event_streams 1\n");
        ASSERT_BODY_HAS(&other, "\nkeyfob_events_total{event=\"expired\"} 0\n");
        client_close(&other);
        client_close(&good);
        stop(&f, &c);
}

// One that takes a piece in time goes on.
static void keeps_a_reader_that_is_slow_but_reads(void **state)
{
        (void)state;
        struct fixture f;
        serve_two(&f);
        struct client c = open_stream(&f, "", "");
        const struct event_stream *stream = fill(&f);
        f.now_ms += EVENTS_QUIET_MS - 1;
        int64_t before = stream->touched_ms;
        publish(&f, "a", 1);
        while (client_receive(&c))
                ;
        TURN_UNTIL(&f, stream->touched_ms > before);
        f.clock.speed = FAST;
        f.now_ms += EVENTS_QUIET_MS - 1;
        for (int i = 0; i < 50; i++)
                settle(&f);
        assert_int_equal(f.server->events.count, 1);
        assert_int_equal(f.server->events.dropped, 0);
        stop(&f, &c);
}

// --- ends ---

static void notices_a_peer_that_hangs_up(void **state)
{
        (void)state;
        static const char *const more[] = {"", "GET /livez HTTP/1.1\r\n\r\n"}; // the second pauses reading
        for (size_t i = 0; i < LENGTH(more); i++)
                for (int full = 0; full < 2; full++) {
                        struct fixture f;
                        serve_two(&f);
                        f.server->deadlines.sweep_ms = 1;
                        struct client c = open_stream(&f, "", "");
                        client_send(&c, more[i]);
                        settle(&f);
                        if (full)
                                fill(&f);
                        assert_int_equal(f.server->events.count, 1);
                        client_close(&c);
                        TURN_UNTIL(&f, f.server->connections_count == 0);
                        assert_int_equal(f.server->events.count, 0);
                        assert_int_equal(f.server->events.dropped, 0);
                        assert_int_equal(held(&f, USER_WAITS), 0);
                        publish(&f, "a", 1);
                        fixture_stop(&f);
                }
}

static void answers_other_methods_and_versions(void **state)
{
        (void)state;
        struct fixture f;
        serve_two(&f);
        struct client c = client_open(&f);
        client_ask(&c, "POST /v1/events HTTP/1.1\r\nContent-Length: 0\r\n\r\n");
        expect_problem(&c, 405, "method_not_allowed");
        assert_true(client_head_has(&c, "Allow: GET, HEAD\n"));
        client_send(&c, "HEAD /v1/events HTTP/1.1\r\n\r\n");
        expect_text(&c, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n"
                        "X-Accel-Buffering: no\r\n\r\n");
        assert_int_equal(client_get(&c, "/livez"), 200); // and nothing else came
        assert_int_equal(f.server->events.count, 0);
        client_send(&c, "HEAD /v1/events?profile=none HTTP/1.1\r\n\r\n");
        expect_text(&c, "HTTP/1.1 404 Not Found\r\n");
        client_close(&c);

        c = client_open(&f);
        client_send(&c, "GET /v1/events HTTP/1.0\r\n\r\n");
        expect_text(&c, "Connection: close\r\n\r\n" BEGIN("0"));
        publish(&f, "a", 1);
        expect_text(&c, "event: rotated\n");
        expect_text(&c, "}\n\n");
        assert_string_equal(text_of(&c), "");
        stop(&f, &c);
}

static void ends_streams_on_shutdown(void **state)
{
        (void)state;
        struct fixture f;
        serve_two(&f);
        f.server->deadlines.drain_ms = 60000;
        struct client c = open_stream(&f, "", "");
        struct client old = client_open(&f), late = client_open(&f);
        client_send(&old, "GET /v1/events HTTP/1.0\r\n\r\n");
        expect_text(&old, "id: abc-0\n\n");
        assert_int_equal(client_get(&late, "/livez"), 200);
        fixture_begin_end(&f, 60000);
        expect_text(&c, "\r\n0\r\n\r\n"); // whole
        client_expect_end(&c);
        client_expect_end(&old);
        client_get(&late, "/v1/events");
        expect_problem(&late, 503, "shutting_down");
        TURN_UNTIL(&f, f.is_server_closed);
        client_close(&old);
        client_close(&late);
        stop(&f, &c);
}

static void a_stream_counts_as_a_request_that_waits(void **state)
{
        (void)state;
        struct fixture f;
        serve_two(&f);
        f.server->users.max[USER_WAITS] = 2; // of which one uid gets one
        struct client c = open_stream(&f, "", ""), other = client_open(&f);
        assert_int_equal(held(&f, USER_WAITS), 1);
        client_get(&other, "/v1/events");
        expect_problem(&other, 503, "too_many_requests");
        client_close(&c);
        TURN_UNTIL(&f, held(&f, USER_WAITS) == 0);
        client_send(&other, GET_EVENTS);
        expect_text(&other, BEGIN("0"));
        stop(&f, &other);
}

// --- many ---

enum { STREAMS = 100, MANY = 10000, PATIENCE_S = 200 /* a million events, on a machine that is busy */ };

// 10,000 profiles rotate at once. Each stream is told of all of them, in pieces; others get their answers meanwhile.
static void tells_many_streams_of_many_rotations_in_turns(void **state)
{
        (void)state;
        static struct client c[STREAMS];
        struct fixture f;
        serve_two(&f);
        for (size_t i = 0; i < STREAMS; i++)
                c[i] = open_stream(&f, "", "");
        settle(&f);
        assert_int_equal(f.server->events.count, STREAMS);
        struct client other = client_open(&f);
        for (uint64_t i = 0; i < MANY; i++)
                publish(&f, "a", i);
        assert_int_equal(held(&f, USER_OUTPUT), 0); // nothing is written but in turns
        unsigned turns = 0, answers = 0;
        size_t done = 0;
        time_t start = time(NULL);
        while (done < STREAMS) {
                const struct event_stream *stream;
                uint64_t before = 0, after = 0;
                TAILQ_FOREACH(stream, &f.server->events.streams, by_touch)
                before += stream->place.after;
                turn(&f);
                TAILQ_FOREACH(stream, &f.server->events.streams, by_touch)
                after += stream->place.after;
                assert_true(after - before < (uint64_t)STREAMS * MANY / 20); // a part of it
                turns++;
                if (turns % 50 == 0)
                        answers += client_get(&other, "/livez") == 200;
                for (size_t i = 0; i < STREAMS; i++)
                        while (client_receive(&c[i]))
                                buffer_consume(&c[i].received, c[i].received.n > 256 ? c[i].received.n - 256 : 0);
                done = 0;
                TAILQ_FOREACH(stream, &f.server->events.streams, by_touch)
                done += stream->place.after == MANY && !stream->is_full;
                assert_true(held(&f, USER_OUTPUT) <= (size_t)STREAMS * 20 * 1024);
                assert_true(time(NULL) - start < PATIENCE_S);
        }
        for (size_t i = 0; i < STREAMS; i++) {
                (void)client_receive(&c[i]);
                assert_non_null(strstr(text_of(&c[i]), "\nid: abc-10000\n"));
        }
        assert_true(turns > 20);
        assert_true(answers > 0);
        assert_int_equal(f.server->events.dropped, 0);
        for (size_t i = 0; i < STREAMS; i++)
                client_close(&c[i]);
        stop(&f, &other);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(streams_events_in_the_format_of_the_standard),
            cmocka_unit_test(says_that_it_is_alive_when_nothing_happens),
            cmocka_unit_test(gives_the_events_of_the_profiles_that_are_asked_for),
            cmocka_unit_test(refuses_other_queries),
            cmocka_unit_test(never_shows_a_profile_that_the_peer_may_not_see),
            cmocka_unit_test(goes_on_after_the_last_event_that_the_client_has_seen),
            cmocka_unit_test(says_when_the_next_event_is_gone),
            cmocka_unit_test(tells_a_slow_reader_what_it_missed),
            cmocka_unit_test(drops_a_reader_that_takes_nothing),
            cmocka_unit_test(keeps_a_reader_that_is_slow_but_reads),
            cmocka_unit_test(notices_a_peer_that_hangs_up),
            cmocka_unit_test(answers_other_methods_and_versions),
            cmocka_unit_test(ends_streams_on_shutdown),
            cmocka_unit_test(a_stream_counts_as_a_request_that_waits),
            cmocka_unit_test(tells_many_streams_of_many_rotations_in_turns),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
