// SPDX-License-Identifier: Apache-2.0
// A stream has one timer, for its next deadline. It also fires at once to resume or end the transfer, as libcurl's
// callbacks may do neither.
#include "sidecar/io/http_stream.h"

#include <stdlib.h>
#include <sys/queue.h>
#include <uv.h>

#include "sidecar/io/http_error.h"
#include "sidecar/io/http_streams.h"
#include "sidecar/io/http_transfer.h"

enum stream_state {
        STREAM_TRUSTING, // waits for its CA bundle
        STREAM_RUNNING,  // libcurl's
        STREAM_ENDED,    // on_end() is called in the next turn of the loop
        STREAM_ENDING    // on_end() is being called
};

struct http_stream {
        LIST_ENTRY(http_stream) link;
        struct http_streams *streams;
        struct http_pool *pool;
        struct http_transfer transfer;
        struct http_stream_events events;
        enum stream_state state;
        bool is_added; // to the pool
        bool is_connected;
        bool is_body_refused, is_source_waiting; // libcurl has paused that direction
        bool is_reading;                         // libcurl is
        bool is_resuming;
        bool is_cut;      // the rest of the request's body will not be sent
        unsigned readers; // sockets on which libcurl waits for bytes
        uv_timer_t turn;
        int64_t first_byte_timeout_ms, idle_timeout_ms, total_timeout_ms;
        uint64_t started_ms, moved_ms; // of uv_now(); `moved_ms`: last progress
        curl_off_t uploaded;           // bytes
        struct error error;            // of kind ERROR_NONE: the answer is complete
};

static void on_turn(uv_timer_t *timer);

// --- deadlines ---

struct deadline {
        uint64_t at_ms;
        int64_t timeout_ms;
        bool is_silence; // no progress for that long
};

// If no total time-out is set, the connection's time-out limits the loading of the CA bundle.
static int64_t whole_timeout_ms(const struct http_stream *s)
{
        bool is_limited = s->total_timeout_ms > 0 || s->state != STREAM_TRUSTING;
        return is_limited ? s->total_timeout_ms : s->transfer.connect_timeout_ms;
}

static struct deadline next_deadline(const struct http_stream *s)
{
        struct deadline next = {.at_ms = UINT64_MAX};
        int64_t whole_ms = whole_timeout_ms(s);
        int64_t silence_ms = s->transfer.has_head ? s->idle_timeout_ms : s->first_byte_timeout_ms;
        bool is_waiting = s->is_connected && !s->is_body_refused && !s->is_source_waiting;
        if (whole_ms > 0)
                next = (struct deadline){s->started_ms + (uint64_t)whole_ms, whole_ms, false};
        if (is_waiting && silence_ms > 0 && s->moved_ms + (uint64_t)silence_ms < next.at_ms)
                next = (struct deadline){s->moved_ms + (uint64_t)silence_ms, silence_ms, true};
        return next;
}

// libcurl no longer reads, although the receiver accepts more: the answer is complete, or the upstream has closed the
// connection. libcurl does not end a transfer whose upload is paused, so the upload must be cut off.
static bool must_cut(const struct http_stream *s)
{
        return s->state == STREAM_RUNNING && s->is_source_waiting && !s->is_body_refused && s->readers == 0;
}

static void schedule(struct http_stream *s)
{
        uint64_t now = uv_now(s->streams->loop);
        bool is_due = s->state == STREAM_ENDED || s->is_resuming || must_cut(s);
        uint64_t at = is_due ? now : next_deadline(s).at_ms;
        if (at == UINT64_MAX)
                (void)uv_timer_stop(&s->turn);
        else
                (void)uv_timer_start(&s->turn, on_turn, at > now ? at - now : 0, 0);
}

static void note_progress(struct http_stream *s)
{
        s->moved_ms = uv_now(s->streams->loop);
}

static void check_deadline(struct http_stream *s)
{
        struct deadline next = next_deadline(s);
        if (next.at_ms > uv_now(s->streams->loop))
                return;
        if (s->state == STREAM_TRUSTING) {
                error_set(&s->error, ERROR_TRANSIENT, "request to %s: its CA bundle was not read within %lld ms",
                          http_stream_authority(s), (long long)next.timeout_ms);
                s->error.timed_out = true;
        } else {
                http_error_timed_out(&s->transfer, next.timeout_ms, next.is_silence, &s->error);
        }
        s->state = STREAM_ENDED;
}

// --- what libcurl calls ---

static bool is_over(const struct http_stream *s)
{
        return s->state != STREAM_RUNNING;
}

static void end(struct http_stream *s)
{
        s->state = STREAM_ENDED;
        schedule(s);
}

static int on_connected(void *arg, char *to, char *from, int to_port, int from_port)
{
        struct http_stream *s = arg;
        (void)to, (void)from, (void)to_port, (void)from_port;
        if (is_over(s) || http_transfer_restart(&s->transfer) < 0 || is_over(s))
                return CURL_PREREQFUNC_ABORT;
        s->is_connected = true;
        s->is_body_refused = s->is_source_waiting = false;
        note_progress(s);
        schedule(s);
        return CURL_PREREQFUNC_OK;
}

static size_t on_pull(char *p, size_t size, size_t count, void *arg)
{
        struct http_stream *s = arg;
        if (is_over(s) || s->is_cut)
                return CURL_READFUNC_ABORT;
        ssize_t got = http_transfer_pull(&s->transfer, (uint8_t *)p, size * count);
        if (got == HTTP_TRANSFER_SHORT && !is_over(s)) {
                (void)error_set(&s->error, ERROR_INTERNAL, "request to %s: its body ended before its length",
                                http_stream_authority(s));
                end(s);
        }
        if (is_over(s))
                return CURL_READFUNC_ABORT;
        s->is_source_waiting = got == HTTP_STREAM_WAIT;
        if (!s->is_source_waiting)
                return (size_t)got;
        schedule(s);
        return CURL_READFUNC_PAUSE;
}

// libcurl calls this after each piece of work.
static int on_progress(void *arg, curl_off_t to_come, curl_off_t came, curl_off_t to_go, curl_off_t went)
{
        struct http_stream *s = arg;
        (void)to_come, (void)came, (void)to_go;
        if (went != s->uploaded)
                note_progress(s);
        s->uploaded = went;
        http_transfer_note_tls_end(&s->transfer);
        return 0;
}

static void head_is_whole(struct http_stream *s)
{
        struct http_field fields[HTTP_FIELDS_MAX];
        struct http_stream_head head;
        schedule(s);
        http_stream_get_head(s, fields, &head);
        s->events.on_head(s->events.arg, &head);
}

// A line of the head, including the status line and the empty line; or trailers, several lines at once after a pause.
static size_t on_lines(char *p, size_t size, size_t count, void *arg)
{
        struct http_stream *s = arg;
        struct slice rest = slice_of(p, size * count);
        note_progress(s);
        while (rest.n > 0) {
                size_t n = slice_find(rest, '\n');
                int r = is_over(s) ? -1 : http_transfer_take_line(&s->transfer, slice_head(rest, n));
                if (r > 0)
                        head_is_whole(s);
                if (r < 0 || is_over(s))
                        return 0;
                rest = slice_from(rest, n + 1);
        }
        return size * count;
}

static size_t on_piece(char *p, size_t size, size_t count, void *arg)
{
        struct http_stream *s = arg;
        size_t n = size * count;
        note_progress(s);
        if (is_over(s) || !s->transfer.has_head) // without a head: the server switches to another protocol
                return 0;
        bool is_full = s->events.on_body(s->events.arg, slice_of(p, n)) == HTTP_STREAM_FULL;
        if (is_over(s))
                return 0;
        s->is_body_refused = is_full;
        return is_full ? CURL_WRITEFUNC_PAUSE : n;
}

void http_stream_on_reads(void *arg, bool reads)
{
        struct http_stream *s = arg;
        if (reads)
                s->readers++;
        else
                s->readers--;
        schedule(s);
}

void http_stream_on_ended(void *arg, CURLcode rc)
{
        struct http_stream *s = arg;
        if (is_over(s))
                return;
        if (rc == CURLE_ABORTED_BY_CALLBACK && s->is_cut && http_transfer_has_whole_length(&s->transfer))
                rc = CURLE_OK;
        if (rc == CURLE_OK && !http_transfer_is_whole(&s->transfer))
                rc = CURLE_PARTIAL_FILE;
        if (rc != CURLE_OK)
                http_error_from_curl(&s->transfer, rc, &s->error);
        end(s);
}

// --- turns ---

static void go_on(struct http_stream *s)
{
        bool is_paused = s->is_body_refused || s->is_source_waiting;
        s->is_resuming = s->is_body_refused = s->is_source_waiting = false;
        note_progress(s);
        CURLcode rc = is_paused ? curl_easy_pause(s->transfer.easy, CURLPAUSE_CONT) : CURLE_OK; // calls on_piece()
        if (rc != CURLE_OK)
                http_stream_on_ended(s, rc);
}

static void on_closed(uv_handle_t *handle)
{
        struct http_stream *s = handle->data;
        struct http_streams *streams = s->streams;
        LIST_REMOVE(s, link);
        free(s);
        http_streams_check_end(streams);
}

static void report_end(struct http_stream *s)
{
        struct http_field fields[HTTP_FIELDS_MAX];
        struct http_stream_head trailers = {.fields = fields};
        bool is_whole = s->error.kind == ERROR_NONE;
        s->state = STREAM_ENDING;
        if (s->is_added)
                http_pool_remove(s->pool, s->transfer.easy);
        trailers.fields_count = http_fields_list(&s->transfer.trailers, fields);
        s->events.on_end(s->events.arg, is_whole ? &trailers : NULL, is_whole ? NULL : &s->error);
        http_transfer_deinit(&s->transfer);
        uv_close((uv_handle_t *)&s->turn, on_closed);
}

static void on_turn(uv_timer_t *timer)
{
        struct http_stream *s = timer->data;
        s->is_cut = s->is_cut || must_cut(s);
        if (s->state == STREAM_RUNNING && (s->is_resuming || s->is_cut))
                go_on(s);
        if (s->state != STREAM_ENDED)
                check_deadline(s);
        if (s->state == STREAM_ENDED)
                report_end(s);
        else
                schedule(s);
}

void http_stream_resume(struct http_stream *s)
{
        if (is_over(s))
                return;
        s->is_resuming = true;
        schedule(s);
}

void http_stream_cancel(struct http_stream *s)
{
        if (s->state == STREAM_ENDING)
                return;
        (void)error_set(&s->error, ERROR_CANCELLED, "request to %s: cancelled", http_stream_authority(s));
        end(s);
}

void http_stream_cancel_all(struct http_streams *streams)
{
        struct http_stream *s;
        LIST_FOREACH(s, &streams->list, link)
        {
                http_stream_cancel(s);
        }
}

const char *http_stream_authority(const struct http_stream *s)
{
        return s->transfer.target.authority.text;
}

void http_stream_get_head(const struct http_stream *s, struct http_field *fields, struct http_stream_head *ret)
{
        http_transfer_get_head(&s->transfer, fields, ret);
}

// --- the start ---

static int run(struct http_stream *s, struct error *e)
{
        if (http_pool_add(s->pool, s->transfer.easy, e) < 0)
                return -1;
        s->is_added = true;
        s->state = STREAM_RUNNING;
        return 0;
}

void http_stream_on_trusted(void *arg, const struct http_pool *pool, const struct error *error)
{
        struct http_streams *streams = arg;
        struct http_stream *s;
        LIST_FOREACH(s, &streams->list, link)
        {
                if (s->state != STREAM_TRUSTING || s->pool != pool)
                        continue;
                if (error)
                        s->error = *error;
                if (error || run(s, &s->error) < 0)
                        s->state = STREAM_ENDED;
                schedule(s);
        }
}

static int begin(struct http_stream *s, const struct http_request *request, struct error *e)
{
        struct http_streams *streams = s->streams;
        const struct http_transfer_owner owner = {.user_agent = streams->user_agent,
                                                  .env = &streams->env,
                                                  .arg = s,
                                                  .connected = on_connected,
                                                  .progress = on_progress,
                                                  .pull = on_pull,
                                                  .line = on_lines,
                                                  .body = on_piece};
        if (http_pools_need_curl(streams->pools, e) < 0 || http_transfer_init(&s->transfer, request, &owner, e) < 0)
                return -1;
        bool is_tls = s->transfer.target.is_tls;
        s->pool = http_pools_get(streams->pools, is_tls ? request->ca_bundle : NULL, e);
        int trust = !s->pool ? -1 : is_tls ? http_pool_trust(s->pool, e) : 1;
        return trust > 0 ? run(s, e) : trust;
}

struct http_stream *http_stream_start(struct http_streams *streams, const struct http_request *request,
                                      const struct http_stream_events *events, struct error *e)
{
        if (streams->is_closing) {
                (void)error_set(e, ERROR_CANCELLED, "the agent is shutting down");
                return NULL;
        }
        struct http_stream *s = calloc(1, sizeof(*s));
        if (!s) {
                (void)error_set(e, ERROR_INTERNAL, "out of memory");
                return NULL;
        }
        s->streams = streams;
        s->events = *events;
        s->first_byte_timeout_ms = request->first_byte_timeout_ms;
        s->idle_timeout_ms = request->idle_timeout_ms;
        s->total_timeout_ms = request->total_timeout_ms;
        if (begin(s, request, e) < 0) {
                http_transfer_deinit(&s->transfer);
                free(s);
                return NULL;
        }
        (void)uv_timer_init(streams->loop, &s->turn); // cannot fail
        s->turn.data = s;
        LIST_INSERT_HEAD(&streams->list, s, link);
        uv_update_time(streams->loop); // else a long turn of the loop would count as waiting
        s->started_ms = uv_now(streams->loop);
        schedule(s);
        return s;
}
