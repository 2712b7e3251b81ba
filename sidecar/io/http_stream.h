// SPDX-License-Identifier: Apache-2.0
// HTTP requests to upstreams whose bodies pass in pieces, in both directions, on libcurl's multi interface and the
// event loop: back-pressure, deadlines, exactly one end. No redirects, no cookies, no .netrc. Connections are kept and
// reused. The proxies that the environment names are used, but never for loopback and link-local hosts. Loop thread
// only.
#ifndef SIDECAR_IO_HTTP_STREAM_H
#define SIDECAR_IO_HTTP_STREAM_H

#include <sys/types.h>

#include "sidecar/base/error.h"
#include "sidecar/io/http_fields.h"

struct env;
struct http_stream;
struct http_streams;
struct uv_loop_s;

struct http_streams_deps {
        struct uv_loop_s *loop;
        const char *user_agent; // copied
        const struct env *env;  // for SSL_CERT_FILE, SSL_CERT_DIR and proxies; NULL: nothing is set
        unsigned idle_max;      // idle connections kept for each choice of certificate authorities; 0: 128
};

// NULL: out of memory. libcurl is initialised at the first request, not here (it costs milliseconds).
MUST_CHECK struct http_streams *http_streams_new(const struct http_streams_deps *deps);

// Cancels all streams (each still ends, with ERROR_CANCELLED) and closes the connections. `closed` (may be NULL) is
// called from the loop when the memory has been freed.
void http_streams_close(struct http_streams *streams, void (*closed)(void *arg), void *arg);

enum { HTTP_STREAM_WAIT = -1 };

// The body of a request, pulled as fast as the connection sends it.
struct http_stream_source {
        int64_t length; // bytes; -1: not known, sent in chunks
        // Writes 1 to `n` bytes to `to` and returns how many; 0: the end; HTTP_STREAM_WAIT: nothing yet, and it is
        // called again only after http_stream_resume().
        ssize_t (*pull)(void *arg, uint8_t *to, size_t n);
        // Restarts the body, as the request has to be sent again: the idle connection had been closed. 0, or -1: not
        // possible, and the stream ends with an error. NULL: never possible.
        int (*rewind)(void *arg);
        void *arg;
};

struct http_request {
        const char *method; // "POST", "GET"
        const char *url;
        const struct http_field *fields; // sent unchanged; Host, Content-Length and Transfer-Encoding are added
        size_t fields_count;
        struct slice body;
        const struct http_stream_source *source; // instead of `body`; copied, its `arg` must be valid until the end
        int64_t connect_timeout_ms;              // name look-up, TCP, TLS and proxy; 0: 3 s
        int64_t first_byte_timeout_ms;           // without progress, from the connection to the answer's head; 0: none
        int64_t idle_timeout_ms;                 // without progress, from then on; 0: none
        int64_t total_timeout_ms;                // 0: none
        const char *ca_bundle;                   // PEM file; NULL: the system's
};

struct http_stream_head {
        int status;
        const struct http_field *fields; // names in lower case
        size_t fields_count;
};

enum http_stream_take { HTTP_STREAM_TAKEN, HTTP_STREAM_FULL };

// All are called from the loop, never from within a function below. Their arguments are borrowed for the call. Each may
// start, resume and cancel streams, including this one.
struct http_stream_events {
        // The head of the answer; interim ones (1xx) are skipped.
        void (*on_head)(void *arg, const struct http_stream_head *head);
        // A piece of the body, at most 16 KiB. HTTP_STREAM_FULL: none of it was accepted. It comes again after
        // http_stream_resume(), and until then no more is read from the connection.
        enum http_stream_take (*on_body)(void *arg, struct slice piece);
        // The end, once. `error` NULL: the answer was complete, and `trailers` are the fields after its body. Else
        // something failed, and the pieces so far are incomplete. The stream is freed when this returns. Errors:
        // network and time-outs are ERROR_TRANSIENT with host and phase in the text ("connect to
        // sts.….amazonaws.com:443: refused") and a hint (proxy, NO_PROXY, DNS, CA bundle); an answer that is not HTTP,
        // or whose head is over LIMIT_UPSTREAM_HEADER, is ERROR_PROTOCOL; a TLS verification failure is ERROR_CONFIG,
        // and so is a CA bundle that cannot be read or holds no certificate.
        void (*on_end)(void *arg, const struct http_stream_head *trailers, const struct error *error);
        void *arg;
};

// Copies everything but what `source` and `events` point to. NULL with *e: nothing was started, no event will come.
// Time-outs are in real time. While the stream waits for http_stream_resume(), only the total time-out counts.
MUST_CHECK struct http_stream *http_stream_start(struct http_streams *streams, const struct http_request *request,
                                                 const struct http_stream_events *events, struct error *e);

// Continues, from the loop, after HTTP_STREAM_FULL or HTTP_STREAM_WAIT: there is space for the refused piece, or there
// are more bytes of the request.
void http_stream_resume(struct http_stream *stream);

// on_end() still comes, once, from the loop, with ERROR_CANCELLED; no other event and no pull() comes before it.
void http_stream_cancel(struct http_stream *stream);

// "host:port" of the request's URL.
const char *http_stream_authority(const struct http_stream *stream);

// The head that on_head() got, borrowed from the stream; `fields` is an array of HTTP_FIELDS_MAX.
void http_stream_get_head(const struct http_stream *stream, struct http_field *fields, struct http_stream_head *ret);

#endif
