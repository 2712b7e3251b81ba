// SPDX-License-Identifier: Apache-2.0
// HTTP requests to upstreams with whole, capped answers, on http_stream.h.
#ifndef SIDECAR_IO_HTTP_CLIENT_H
#define SIDECAR_IO_HTTP_CLIENT_H

#include "sidecar/io/http_stream.h"

struct clock;
struct http_call;
struct http_client;

struct http_client_deps {
        struct uv_loop_s *loop;
        const struct clock *clock;
        const char *user_agent;
        const struct env *env; // for SSL_CERT_FILE, SSL_CERT_DIR and proxies; NULL: nothing is set
        unsigned idle_max;     // as of http_streams_new()
};

// NULL: out of memory.
MUST_CHECK struct http_client *http_client_new(const struct http_client_deps *deps);

// Cancels all calls (their completions are called, with ERROR_CANCELLED) and closes the connections. `closed` is called
// from the loop when the memory has been freed.
void http_client_close(struct http_client *client, void (*closed)(void *arg), void *arg);

// The client's streams, for requests whose answers come in pieces. They share its connections, and end with it.
struct http_streams *http_client_streams(struct http_client *client);

struct http_response {
        int status;
        struct slice body;               // borrowed during the completion; wiped after it
        const struct http_field *fields; // names in lower case
        size_t fields_count;
        int64_t boot_ms; // when it was complete
};

// Exactly one of `response` and `error` is not NULL; both are borrowed for the time of the call. Errors: those of
// http_stream_events, and ERROR_PROTOCOL for an answer over LIMIT_UPSTREAM_BODY.
typedef void http_done_fn(void *arg, const struct http_response *response, const struct error *error);

// As http_stream_start(); a total time-out of 0 means 10 s. Returns a call, and calls `done` exactly once, never before
// this function has returned; the call is freed when `done` returns. NULL with *e: nothing was started, and `done` is
// never called.
MUST_CHECK struct http_call *http_client_start(struct http_client *client, const struct http_request *request,
                                               http_done_fn *done, void *arg, struct error *e);

// `done` still fires, once, from the loop, with ERROR_CANCELLED.
void http_call_cancel(struct http_call *call);

// The value of a field (name in lower case), or the empty slice.
struct slice http_response_field(const struct http_response *response, struct slice name);

#endif
