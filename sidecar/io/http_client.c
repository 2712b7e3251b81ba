// SPDX-License-Identifier: Apache-2.0
#include "sidecar/io/http_client.h"

#include <stdlib.h>

#include "proto/wire/limits.h"
#include "sidecar/base/clock.h"

enum { TOTAL_TIMEOUT_MS = 10000 };

struct http_client {
        const struct clock *clock;
        struct http_streams *streams;
        void (*closed)(void *arg);
        void *closed_arg;
};

struct http_call {
        const struct clock *clock;
        struct http_stream *stream;
        struct buffer body;
        http_done_fn *done;
        void *arg;
};

// --- a call ---

static void on_head(void *arg, const struct http_stream_head *head)
{
        (void)arg, (void)head; // read at the end
}

static enum http_stream_take on_body(void *arg, struct slice piece)
{
        struct http_call *call = arg;
        if (buffer_put(&call->body, piece) < 0)
                http_stream_cancel(call->stream);
        return HTTP_STREAM_TAKEN;
}

static void on_end(void *arg, const struct http_stream_head *trailers, const struct error *error)
{
        struct http_call *call = arg;
        struct http_field fields[HTTP_FIELDS_MAX];
        struct http_stream_head head;
        struct error refused;
        const char *authority = http_stream_authority(call->stream);
        (void)trailers; // AWS's APIs use no trailers
        if (call->body.failed && call->body.no_memory) {
                (void)error_set(&refused, ERROR_INTERNAL, "request to %s: out of memory for the answer", authority);
                error = &refused;
        } else if (call->body.failed) {
                (void)error_set(&refused, ERROR_PROTOCOL, "the answer of %s is larger than %d bytes", authority,
                                (int)LIMIT_UPSTREAM_BODY);
                (void)error_hint(&refused, "check that endpoint_url names the AWS service");
                error = &refused;
        }
        if (error) {
                call->done(call->arg, NULL, error);
        } else {
                http_stream_get_head(call->stream, fields, &head);
                const struct http_response response = {.status = head.status,
                                                       .body = buffer_slice(&call->body),
                                                       .fields = fields,
                                                       .fields_count = head.fields_count,
                                                       .boot_ms = clock_boot_ms(call->clock)};
                call->done(call->arg, &response, NULL);
        }
        buffer_free(&call->body);
        free(call);
}

struct http_call *http_client_start(struct http_client *client, const struct http_request *request, http_done_fn *done,
                                    void *arg, struct error *e)
{
        struct http_request limited = *request;
        if (limited.total_timeout_ms <= 0)
                limited.total_timeout_ms = TOTAL_TIMEOUT_MS;
        struct http_call *call = calloc(1, sizeof(*call));
        if (!call) {
                (void)error_set(e, ERROR_INTERNAL, "out of memory");
                return NULL;
        }
        *call = (struct http_call){.clock = client->clock, .done = done, .arg = arg};
        buffer_init(&call->body, LIMIT_UPSTREAM_BODY);
        const struct http_stream_events events = {on_head, on_body, on_end, call};
        call->stream = http_stream_start(client->streams, &limited, &events, e);
        if (call->stream)
                return call;
        free(call);
        return NULL;
}

void http_call_cancel(struct http_call *call)
{
        call->body.failed = false; // the cancellation replaces that error
        http_stream_cancel(call->stream);
}

struct slice http_response_field(const struct http_response *response, struct slice name)
{
        for (size_t i = 0; i < response->fields_count; i++)
                if (slice_eq(response->fields[i].name, name))
                        return response->fields[i].value;
        return (struct slice){0};
}

// --- client ---

struct http_client *http_client_new(const struct http_client_deps *deps)
{
        const struct http_streams_deps streams = {deps->loop, deps->user_agent, deps->env, deps->idle_max};
        struct http_client *client = calloc(1, sizeof(*client));
        if (!client)
                return NULL;
        client->clock = deps->clock;
        client->streams = http_streams_new(&streams);
        if (client->streams)
                return client;
        free(client);
        return NULL;
}

struct http_streams *http_client_streams(struct http_client *client)
{
        return client->streams;
}

static void on_closed(void *arg)
{
        struct http_client *client = arg;
        void (*closed)(void *) = client->closed;
        void *closed_arg = client->closed_arg;
        free(client);
        if (closed)
                closed(closed_arg);
}

void http_client_close(struct http_client *client, void (*closed)(void *arg), void *arg)
{
        client->closed = closed;
        client->closed_arg = arg;
        http_streams_close(client->streams, on_closed, client);
}
