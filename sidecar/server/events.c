// SPDX-License-Identifier: Apache-2.0
#include "sidecar/server/events.h"

#include <inttypes.h>

#include "proto/mem/buffer.h"
#include "sidecar/base/clock.h"
#include "sidecar/server/exchange.h"
#include "sidecar/server/state.h"

static struct events *events_of(const struct event_stream *stream)
{
        return &stream->exchange->server->events;
}

static void on_closed(uv_handle_t *handle)
{
        server_release(handle->data);
}

void events_init(struct server *s)
{
        TAILQ_INIT(&s->events.streams);
        TAILQ_INIT(&s->events.waiting);
        (void)uv_timer_init(s->deps.loop, &s->events.timer); // cannot fail
        s->events.timer.data = s;
        s->open++;
}

void events_close(struct server *s)
{
        uv_close((uv_handle_t *)&s->events.timer, on_closed);
}

void events_free(struct server *s)
{
        event_ring_free(&s->events.ring);
}

// --- news ---

static void stop_waiting(struct event_stream *stream)
{
        if (!stream->is_waiting)
                return;
        stream->is_waiting = false;
        TAILQ_REMOVE(&events_of(stream)->waiting, stream, waiting);
}

// A stream that does not wait has a turn coming, or its reader is slow.
static void call(struct event_stream *stream)
{
        stop_waiting(stream);
        exchange_call_drain(stream->exchange);
}

void server_publish(struct server *s, const struct server_event *news)
{
        struct event event = {.kind = news->kind,
                              .error = news->error,
                              .time_s = clock_wall_s(s->deps.clock),
                              .expires_s = news->expires_s,
                              .generation = news->generation,
                              .profile = slice_str(news->profile)};
        if (news->profile && !server_find_profile(s, event.profile)) // implied ones are nobody's business
                return;
        event_ring_put(&s->events.ring, &event);
        s->events.published[event.kind]++;
        while (!TAILQ_EMPTY(&s->events.waiting))
                call(TAILQ_FIRST(&s->events.waiting));
}

// --- quiet streams and slow readers ---

static void on_time(uv_timer_t *timer);

static void set_timer(struct events *events, const struct server *s)
{
        const struct event_stream *first = TAILQ_FIRST(&events->streams);
        if (!first) {
                (void)uv_timer_stop(&events->timer); // always succeeds
                return;
        }
        int64_t left_ms = first->touched_ms + EVENTS_QUIET_MS - clock_boot_ms(s->deps.clock);
        (void)uv_timer_start(&events->timer, on_time, clock_real_ms(s->deps.clock, left_ms), 0);
}

static void on_time(uv_timer_t *timer)
{
        struct server *s = timer->data;
        struct events *events = &s->events;
        int64_t now_ms = clock_boot_ms(s->deps.clock);
        struct event_stream *stream;
        while ((stream = TAILQ_FIRST(&events->streams)) && now_ms - stream->touched_ms >= EVENTS_QUIET_MS) {
                if (stream->is_full) {
                        events->dropped++;
                        exchange_fail(stream->exchange); // it leaves
                        continue;
                }
                stream->wants_comment = true;
                events_touch(stream);
                call(stream);
        }
        set_timer(events, s);
}

void events_join(struct event_stream *stream)
{
        struct events *events = events_of(stream);
        stream->touched_ms = clock_boot_ms(stream->exchange->server->deps.clock);
        TAILQ_INSERT_TAIL(&events->streams, stream, by_touch);
        if (events->count++ == 0)
                set_timer(events, stream->exchange->server);
}

void events_touch(struct event_stream *stream)
{
        struct events *events = events_of(stream);
        stream->touched_ms = clock_boot_ms(stream->exchange->server->deps.clock);
        TAILQ_REMOVE(&events->streams, stream, by_touch);
        TAILQ_INSERT_TAIL(&events->streams, stream, by_touch);
}

void events_wait(struct event_stream *stream)
{
        stream->is_waiting = true;
        TAILQ_INSERT_TAIL(&events_of(stream)->waiting, stream, waiting);
}

void events_leave(struct event_stream *stream)
{
        struct events *events = events_of(stream);
        stop_waiting(stream);
        TAILQ_REMOVE(&events->streams, stream, by_touch);
        if (--events->count == 0)
                set_timer(events, stream->exchange->server);
}

void events_write_metrics(const struct events *events, struct buffer *out)
{
        (void)buffer_put_str(out, "# HELP keyfob_events_total Events published to streams, by event.\n"
                                  "# TYPE keyfob_events_total counter\n");
        for (int kind = 0; kind < EVENT_KIND_COUNT; kind++)
                (void)buffer_printf(out, "keyfob_events_total{event=\"%s\"} %" PRIu64 "\n",
                                    event_kind_name((enum event_kind)kind), events->published[kind]);
        (void)buffer_printf(out,
                            "# HELP keyfob_event_streams Open streams of events.\n"
                            "# TYPE keyfob_event_streams gauge\n"
                            "keyfob_event_streams %zu\n"
                            "# HELP keyfob_event_streams_dropped_total Streams ended because their reader was too "
                            "slow.\n"
                            "# TYPE keyfob_event_streams_dropped_total counter\n"
                            "keyfob_event_streams_dropped_total %" PRIu64 "\n",
                            events->count, events->dropped);
}
