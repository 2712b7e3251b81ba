// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/event_stream.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "clients/c/client.h"
#include "clients/c/deadline.h"
#include "clients/c/errors.h"
#include "clients/cli/cli.h"
#include "proto/mem/text.h"
#include "proto/wire/http.h"
#include "proto/wire/sse.h"

struct event_stream {
        int fd;
        struct http_parser *parser;
        struct sse_reader reader;
        struct slice rest;  // of `input`: not parsed yet
        struct slice piece; // of `input`: of the body, not read yet
        char path[LIMIT_UNIX_PATH + 1];
        uint8_t input[16 * 1024];
};

static int put_profile(const char *name, char mark, struct buffer *path)
{
        struct keyfob_error error;
        if (client_check_profile(name, &error) != KEYFOB_OK)
                return cli_fail_with(&error);
        (void)buffer_put_byte(path, (uint8_t)mark);
        (void)buffer_put_str(path, "profile=");
        (void)text_percent_encode(slice_str(name), false, path);
        return EXIT_OK;
}

int event_stream_put_path(const struct options *o, struct buffer *path)
{
        char mark = '?';
        (void)buffer_put_str(path, "/v1/events");
        for (size_t i = 0; i < o->arguments_count; i++, mark = '&')
                if (put_profile(o->arguments[i], mark, path) != EXIT_OK)
                        return EXIT_USAGE;
        if (options_has(o, OPTION_PROFILE) && put_profile(o->values[OPTION_PROFILE], mark, path) != EXIT_OK)
                return EXIT_USAGE;
        if (buffer_c_str(path))
                return EXIT_OK;
        return cli_fail(EXIT_USAGE, "leave the profiles out to see all", "too many profiles");
}

void event_stream_close(struct event_stream *s)
{
        if (!s)
                return;
        if (s->fd >= 0)
                (void)close(s->fd);
        http_parser_free(s->parser);
        sse_free(&s->reader);
        free(s);
}

struct slice event_stream_last_id(const struct event_stream *s)
{
        return buffer_slice(&s->reader.last_id);
}

// --- reading ---

// 0, or -errno: -EPROTO where the answer is not HTTP, -ECONNRESET at its end.
static int receive(struct event_stream *s, int64_t deadline_ms)
{
        ssize_t n = deadline_receive(s->fd, s->input, sizeof(s->input), deadline_ms);
        if (n > 0)
                s->rest = slice_of(s->input, (size_t)n);
        return n > 0 ? 0 : n < 0 ? (int)n : -ECONNRESET;
}

// Parses what has been received, until `wanted`. 1, or 0: more has to be received, or -errno as above.
static int parse_until(struct event_stream *s, enum http_event wanted)
{
        enum http_event event = http_parser_next(s->parser, &s->rest);
        if (event == wanted)
                return 1;
        if (event == HTTP_MORE) // the parser has copied what it needs of `input`
                return 0;
        return event == HTTP_END ? -ECONNRESET : event == HTTP_NO_MEMORY ? -ENOMEM : -EPROTO;
}

static int receive_until(struct event_stream *s, enum http_event wanted, int64_t deadline_ms)
{
        int r = parse_until(s, wanted);
        while (r == 0) {
                r = receive(s, deadline_ms);
                if (r == 0)
                        r = parse_until(s, wanted);
        }
        return r < 0 ? r : 0;
}

enum keyfob_status event_stream_next(struct event_stream *s, int64_t deadline_ms, struct slice *ret_name,
                                     struct slice *ret_data, struct keyfob_error *error)
{
        for (;;) {
                enum sse_next next = sse_next(&s->reader, &s->piece);
                if (next == SSE_EVENT) {
                        *ret_name = buffer_slice(&s->reader.name);
                        *ret_data = buffer_slice(&s->reader.data);
                        return KEYFOB_OK;
                }
                if (next == SSE_BAD)
                        return errors_from_system(error, -EPROTO, s->path);
                int r = receive_until(s, HTTP_BODY_PIECE, deadline_ms);
                if (r == -ECONNRESET)
                        return errors_set(error, KEYFOB_NO_AGENT, "", "the agent at %s ended the stream of events",
                                          s->path);
                if (r < 0)
                        return errors_from_system(error, r, s->path);
                s->piece = http_parser_body(s->parser);
        }
}

// --- the request ---

static int send_request(const struct event_stream *s, const char *path, struct slice last_id, int64_t deadline_ms)
{
        struct buffer out;
        buffer_init(&out, LIMIT_HTTP_HEAD);
        (void)buffer_put_str(&out, "GET ");
        (void)buffer_put_str(&out, path);
        (void)buffer_put_str(&out, " HTTP/1.1\r\nHost: keyfob\r\nAccept: text/event-stream\r\n");
        if (last_id.n > 0) {
                (void)buffer_put_str(&out, "Last-Event-ID: ");
                (void)buffer_put(&out, last_id);
                (void)buffer_put_str(&out, "\r\n");
        }
        (void)buffer_put_str(&out, "\r\n");
        int r = out.failed ? -ENOMEM : deadline_send(s->fd, buffer_slice(&out), deadline_ms);
        buffer_free(&out);
        return r;
}

static enum keyfob_status read_refusal(struct event_stream *s, int64_t deadline_ms, struct keyfob_error *error)
{
        struct buffer body;
        buffer_init(&body, LIMIT_SSE);
        int status = http_parser_head(s->parser)->status;
        uint64_t length = http_parser_head(s->parser)->content_length;
        int r = 0;
        while (r == 0 && body.n < length) {
                r = receive_until(s, HTTP_BODY_PIECE, deadline_ms);
                if (r == 0)
                        r = buffer_put(&body, http_parser_body(s->parser));
        }
        enum keyfob_status result = errors_from_answer(error, status, buffer_slice(&body));
        buffer_free(&body);
        return result;
}

static enum keyfob_status begin(struct event_stream *s, const char *path, struct slice last_id, int64_t deadline_ms,
                                struct keyfob_error *error)
{
        s->fd = deadline_connect(s->path, deadline_ms);
        int r = s->fd < 0 ? s->fd : send_request(s, path, last_id, deadline_ms);
        if (r == 0)
                r = receive_until(s, HTTP_HEAD_DONE, deadline_ms);
        if (r < 0)
                return errors_from_system(error, r, s->path);
        const struct http_head *head = http_parser_head(s->parser);
        if (head->status >= 400)
                return read_refusal(s, deadline_ms, error);
        if (!slice_starts_with(http_head_get(head, SLICE("content-type")), SLICE("text/event-stream")))
                return errors_from_system(error, -EPROTO, s->path);
        return KEYFOB_OK;
}

struct event_stream *event_stream_open(const char *socket, const char *path, struct slice last_id, int64_t deadline_ms,
                                       struct keyfob_error *error)
{
        struct event_stream *s = calloc(1, sizeof(*s));
        if (s)
                s->parser = http_parser_new(HTTP_RESPONSES);
        if (!s || !s->parser) {
                free(s);
                (void)errors_no_memory(error);
                return NULL;
        }
        s->fd = -1;
        sse_init(&s->reader);
        enum keyfob_status status = keyfob_socket_path(socket, s->path, sizeof(s->path))
                                        ? begin(s, path, last_id, deadline_ms, error)
                                        : errors_from_system(error, -ENAMETOOLONG, s->path);
        if (status == KEYFOB_OK)
                return s;
        event_stream_close(s);
        return NULL;
}
