// SPDX-License-Identifier: Apache-2.0
// The state that all streams share, for http_stream.c and http_streams.c only.
#ifndef SIDECAR_IO_HTTP_STREAMS_H
#define SIDECAR_IO_HTTP_STREAMS_H

#include <sys/queue.h>
#include <uv.h>

#include "sidecar/io/http_pool.h"
#include "sidecar/io/http_stream.h"

struct http_streams {
        struct uv_loop_s *loop;
        struct env env;
        char *user_agent;
        struct http_pools *pools;
        LIST_HEAD(, http_stream) list;
        bool is_closing;
        uv_timer_t handle; // never started; its closing lets `closed` be called from the loop
        void (*closed)(void *arg);
        void *closed_arg;
};

// Completes the closing if no streams are left.
void http_streams_check_end(struct http_streams *streams);

// libcurl has ended the stream.
void http_stream_on_ended(void *stream, CURLcode rc);

// libcurl has begun or stopped to wait for bytes on a socket of the stream.
void http_stream_on_reads(void *stream, bool reads);

// A CA bundle was loaded, or could not be.
void http_stream_on_trusted(void *streams, const struct http_pool *pool, const struct error *error);

// All of the list.
void http_stream_cancel_all(struct http_streams *streams);

#endif
