// SPDX-License-Identifier: Apache-2.0
// HTTP requests to upstreams, on libcurl's multi interface and the event loop: capped answers, a deadline, exactly one
// completion. No redirects, no cookies, no .netrc. Connections are kept and reused. The proxies that the
// environment names are used, but never for loopback and link-local hosts.
#ifndef SIDECAR_IO_HTTP_CLIENT_H
#define SIDECAR_IO_HTTP_CLIENT_H

#include "proto/mem/slice.h"
#include "sidecar/base/error.h"

struct clock;
struct env;
struct http_call;
struct http_client;
struct uv_loop_s;

struct http_client_deps {
        struct uv_loop_s *loop;
        const struct clock *clock;
        const char *user_agent;
        const struct env *env; // for SSL_CERT_FILE, SSL_CERT_DIR and proxies; NULL: nothing is set
};

// NULL: out of memory. libcurl is initialised at the first request, not here (it costs milliseconds).
struct http_client *http_client_new(const struct http_client_deps *deps);

// Cancels what is under way (completions fire, ERROR_CANCELLED) and closes its handles; `closed` is called once the
// memory may go, from the loop.
void http_client_close(struct http_client *client, void (*closed)(void *arg), void *arg);

struct http_field {
        struct slice name, value;
};

struct http_request {
        const char *method; // "POST", "GET"
        const char *url;
        const struct http_field *fields; // sent as they are; a Host header is made from the URL
        size_t fields_count;
        struct slice body;
        int64_t connect_timeout_ms; // 0: 3 s
        int64_t total_timeout_ms;   // 0: 10 s
        const char *ca_bundle;      // PEM file; NULL: the system's
};

struct http_response {
        int status;
        struct slice body;               // borrowed during the completion; wiped after it
        const struct http_field *fields; // names in lower case
        size_t fields_count;
        int64_t boot_ms; // when it was complete
};

// Exactly one of `response` and `error` is not NULL; both are borrowed for the time of the call. Errors: network and
// time-outs are ERROR_TRANSIENT with host and phase in the text ("connect to sts.….amazonaws.com:443: refused") and a
// hint (proxy, NO_PROXY, DNS, CA bundle); an answer over LIMIT_UPSTREAM_BODY is ERROR_PROTOCOL; a TLS verification
// failure is ERROR_CONFIG, and so is a CA bundle that cannot be read or holds no certificate. Time-outs are real time.
typedef void http_done_fn(void *arg, const struct http_response *response, const struct error *error);

// Copies everything it needs. A call, or NULL with *e: nothing started, `done` is never called. Otherwise `done` is
// called exactly once, and never before this function has returned; the call is gone when it returns.
struct http_call *http_client_start(struct http_client *client, const struct http_request *request, http_done_fn *done,
                                    void *arg, struct error *e);

// `done` still fires, once, from the loop, with ERROR_CANCELLED.
void http_call_cancel(struct http_call *call);

// The value of a field (name in lower case), or the empty slice.
struct slice http_response_field(const struct http_response *response, struct slice name);

#endif
