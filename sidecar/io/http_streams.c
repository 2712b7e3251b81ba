// SPDX-License-Identifier: Apache-2.0
#include "sidecar/io/http_streams.h"

#include <stdlib.h>
#include <string.h>

enum {
        IDLE_CONNECTIONS_MAX = 128 // by default; an idle one with TLS holds about 20 KiB
};

struct http_streams *http_streams_new(const struct http_streams_deps *deps)
{
        struct http_streams *streams = calloc(1, sizeof(*streams));
        if (!streams)
                return NULL;
        streams->loop = deps->loop;
        if (deps->env)
                streams->env = *deps->env;
        if (deps->user_agent && !(streams->user_agent = strdup(deps->user_agent))) {
                free(streams);
                return NULL;
        }
        const struct http_pools_deps pools = {.loop = deps->loop,
                                              .env = streams->env,
                                              .idle_max = deps->idle_max > 0 ? deps->idle_max : IDLE_CONNECTIONS_MAX,
                                              .events = {http_stream_on_ended, http_stream_on_reads},
                                              .trusted = http_stream_on_trusted,
                                              .arg = streams};
        streams->pools = http_pools_new(&pools);
        if (!streams->pools) {
                free(streams->user_agent);
                free(streams);
                return NULL;
        }
        LIST_INIT(&streams->list);
        (void)uv_timer_init(streams->loop, &streams->handle); // cannot fail
        streams->handle.data = streams;
        return streams;
}

static void on_closed(uv_handle_t *handle)
{
        struct http_streams *streams = handle->data;
        void (*closed)(void *) = streams->closed;
        void *arg = streams->closed_arg;
        free(streams->user_agent);
        free(streams);
        if (closed)
                closed(arg);
}

static void on_pools_closed(void *arg)
{
        struct http_streams *streams = arg;
        uv_close((uv_handle_t *)&streams->handle, on_closed);
}

void http_streams_check_end(struct http_streams *streams)
{
        if (streams->is_closing && LIST_EMPTY(&streams->list))
                http_pools_close(streams->pools, on_pools_closed, streams);
}

void http_streams_close(struct http_streams *streams, void (*closed)(void *arg), void *arg)
{
        if (streams->is_closing)
                return;
        streams->is_closing = true;
        streams->closed = closed;
        streams->closed_arg = arg;
        http_stream_cancel_all(streams);
        http_streams_check_end(streams);
}
