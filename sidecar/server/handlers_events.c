// SPDX-License-Identifier: Apache-2.0
// GET /v1/events: server-sent events (the format text/event-stream of the HTML standard), without end.
//
// An id is the agent's run and the number of the event. A block with an id alone moves the client's position without
// being an event for it: at the beginning, and when events that are not for it have passed.
#include <inttypes.h>

#include "proto/mem/text.h"
#include "proto/wire/json_write.h"
#include "proto/wire/limits.h"
#include "sidecar/base/clock.h"
#include "sidecar/server/access.h"
#include "sidecar/server/events.h"
#include "sidecar/server/exchange.h"
#include "sidecar/server/handlers.h"
#include "sidecar/server/json_answer.h"
#include "sidecar/server/problem.h"
#include "sidecar/server/query.h"
#include "sidecar/server/state.h"

enum { PIECE_SIZE = 16 * 1024, EVENTS_A_TURN = 128, RETRY_MS = 2000 };

// --- text ---

static void put_id(const struct exchange *x, uint64_t number, struct buffer *b)
{
        (void)buffer_printf(b, "id: %" PRIx32 "-%" PRIu64 "\n", x->server->deps.run, number);
}

static void begin_event(const struct exchange *x, const char *name, struct buffer *b)
{
        const struct event_stream *stream = x->handler_state;
        (void)buffer_printf(b, "event: %s\n", name);
        put_id(x, stream->place.after, b);
        (void)buffer_put(b, SLICE("data: "));
        json_begin_object(b);
        json_member(b, "event", slice_str(name));
}

static void end_event(int64_t time_s, struct buffer *b)
{
        json_answer_put_time(b, "time", time_s);
        json_end_object(b);
        (void)buffer_put(b, SLICE("\n\n"));
}

static void put_event(const struct exchange *x, const struct event *event, struct buffer *b)
{
        begin_event(x, event_kind_name(event->kind), b);
        if (event->profile.n > 0) {
                json_member(b, "profile", event->profile);
                json_member_i64(b, "generation", (int64_t)event->generation);
                json_answer_put_time(b, "expiration", event->expires_s);
        }
        if (event->kind == EVENT_REFRESH_FAILED)
                json_member(b, "kind", slice_str(error_kind_name(event->error)));
        end_event(event->time_s, b);
}

static void put_missed(const struct exchange *x, const char *reason, struct buffer *b)
{
        begin_event(x, "missed", b);
        json_member(b, "reason", slice_str(reason));
        end_event(clock_wall_s(x->server->deps.clock), b);
}

// --- which events ---

// By the rules of now, whenever the event happened.
static bool is_for(const struct exchange *x, const struct event_stream *stream, const struct event *event)
{
        if (event->profile.n == 0)
                return true;
        bool is_asked_for = stream->names_count == 0;
        for (size_t i = 0; i < stream->names_count && !is_asked_for; i++)
                is_asked_for = slice_eq(stream->names[i], event->profile);
        const struct server_profile *p = is_asked_for ? server_find_profile(x->server, event->profile) : NULL;
        return p && access_may_see(p, x->peer);
}

// True: there may be more.
static bool put_news(struct exchange *x, struct event_stream *stream, struct buffer *b)
{
        const struct event_ring *ring = &x->server->events.ring;
        struct event event;
        for (unsigned i = 0; i < EVENTS_A_TURN && b->n < PIECE_SIZE; i++) {
                enum event_next next = event_ring_next(ring, &stream->place, &event);
                if (next == EVENT_NEXT_NONE)
                        return false;
                if (next == EVENT_NEXT_GONE) {
                        stream->place = event_ring_begin(ring);
                        put_missed(x, "too_old", b);
                } else if (is_for(x, stream, &event)) {
                        put_event(x, &event, b);
                } else {
                        continue;
                }
                stream->known = stream->place.after;
        }
        return true;
}

static void put_comment(struct exchange *x, struct event_stream *stream, struct buffer *b)
{
        (void)buffer_put(b, SLICE(": keep-alive\n"));
        if (stream->known == stream->place.after)
                return;
        put_id(x, stream->place.after, b);
        (void)buffer_put_byte(b, '\n');
        stream->known = stream->place.after;
}

// --- the stream ---

static void send_piece(struct exchange *x, struct buffer *b)
{
        struct event_stream *stream = x->handler_state;
        bool has_more = put_news(x, stream, b);
        if (stream->wants_comment && b->n == 0)
                put_comment(x, stream, b);
        if (b->failed) {
                exchange_fail(x);
                return;
        }
        if (b->n > 0) {
                stream->wants_comment = false;
                events_touch(stream);
                stream->is_full = !exchange_answer_write(x, buffer_slice(b));
        }
        if (stream->is_full)
                return; // `drain` follows
        if (has_more)
                exchange_call_drain(x);
        else
                events_wait(stream);
}

void drain_events(struct exchange *x)
{
        struct event_stream *stream = x->handler_state;
        stream->is_full = false;
        send_piece(x, json_answer_body(x));
}

static void end(struct exchange *x)
{
        events_leave(x->handler_state);
        if (x->account->held[USER_WAITS] > 0) // else the account was closed while a piece was written
                account_lower(x->account, USER_WAITS, x->account->held[USER_WAITS] - 1);
}

void abort_events(struct exchange *x)
{
        end(x);
}

void shut_down_events(struct exchange *x)
{
        end(x);
        exchange_answer_end(x);
}

// --- the request ---

// 0, or -1: answered.
static int add_name(struct exchange *x, struct event_stream *stream, struct slice value)
{
        const struct server_profile *found = access_find_named(x, value);
        if (!found)
                return -1;
        if (stream->names_count == LIMIT_EVENT_PROFILES_N) {
                problem_sendf(x, API_INVALID_REQUEST,
                              "leave out profile to get the events of all, or open more streams",
                              "the parameter profile is given more than %d times", LIMIT_EVENT_PROFILES_N);
                return -1;
        }
        if (!stream->names)
                stream->names = request_arena_alloc(&x->arena, LIMIT_EVENT_PROFILES_N * sizeof(*stream->names));
        struct slice name = slice_str(found->name);
        if (!stream->names || request_arena_keep(&x->arena, &name) < 0) {
                problem_send_no_memory(x);
                return -1;
        }
        stream->names[stream->names_count++] = name;
        return 0;
}

// 0, or -1: answered.
static int read_query(struct exchange *x, struct event_stream *stream)
{
        struct slice rest = x->query;
        struct query_parameter p;
        while (query_next(&rest, &p)) {
                if (!slice_eq(p.name, SLICE("profile"))) {
                        problem_sendf(x, API_INVALID_REQUEST, "this path takes only profile (repeatable)",
                                      "unknown parameter \"%.*s\"", (int)slice_head(p.name, 64).n,
                                      (const char *)p.name.p);
                        return -1;
                }
                if (add_name(x, stream, p.value) < 0)
                        return -1;
        }
        return 0;
}

// Whether the id is of this run of the agent; then *ret_number is that of its event.
static bool read_id(const struct exchange *x, struct slice id, bool *ret_is_one, uint64_t *ret_number)
{
        char run[16];
        size_t n = slice_find(id, '-');
        *ret_is_one = n > 0 && n <= 8 && text_parse_u64(slice_from(id, n + 1), ret_number) == 0;
        (void)snprintf(run, sizeof(run), "%" PRIx32, x->server->deps.run);
        return *ret_is_one && slice_eq(slice_head(id, n), slice_str(run));
}

// Where the stream begins. Returns why the client has missed events, or may have; NULL: it has not.
static const char *find_place(const struct exchange *x, struct event_stream *stream)
{
        const struct event_ring *ring = &x->server->events.ring;
        struct slice id = http_head_get(x->head, SLICE("last-event-id"));
        bool is_id = false;
        uint64_t number = 0;
        stream->place = event_ring_end(ring);
        if (id.n == 0)
                return NULL;
        bool is_of_run = read_id(x, id, &is_id, &number);
        if (is_of_run && event_ring_find(ring, number, &stream->place))
                return NULL;
        stream->place = event_ring_begin(ring); // all that there is may be news
        if (is_of_run && number <= ring->last)
                return "too_old";
        return is_id && !is_of_run ? "agent_restarted" : "unknown_id";
}

void handle_events(struct exchange *x)
{
        static const struct answer head = {
            .status = 200, .content_type = "text/event-stream", .headers = "X-Accel-Buffering: no\r\n"};
        struct event_stream *stream = exchange_alloc_state(x, sizeof(*stream));
        if (!stream || read_query(x, stream) < 0)
                return;
        if (x->server->is_closing) {
                problem_send_shutting_down(x);
                return;
        }
        if (x->is_head) {
                exchange_answer_begin(x, &head);
                exchange_answer_end(x);
                return;
        }
        if (!account_set(x->account, USER_WAITS, x->account->held[USER_WAITS] + 1)) {
                problem_send_too_many(x, "too many requests of this uid are waiting");
                return;
        }
        const char *missed = find_place(x, stream);
        stream->exchange = x;
        stream->known = stream->place.after;
        events_join(stream);
        exchange_answer_begin(x, &head);
        struct buffer *b = json_answer_body(x);
        (void)buffer_printf(b, "retry: %d\n", RETRY_MS);
        put_id(x, stream->place.after, b);
        (void)buffer_put_byte(b, '\n');
        if (missed)
                put_missed(x, missed, b);
        send_piece(x, b);
}
