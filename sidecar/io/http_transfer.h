// SPDX-License-Identifier: Apache-2.0
// One request of libcurl: an easy handle with copies of all that is sent, and the state of the answer.
#ifndef SIDECAR_IO_HTTP_TRANSFER_H
#define SIDECAR_IO_HTTP_TRANSFER_H

#include <curl/curl.h>

#include "sidecar/io/http_stream.h"
#include "sidecar/io/http_target.h"

struct http_transfer {
        CURL *easy;
        struct curl_slist *headers;
        struct buffer request_body;
        struct http_stream_source source; // `pull` is NULL: request_body is sent
        int64_t pulled;                   // bytes of the source, in this attempt
        bool is_head_request;
        bool is_sent;               // the source has ended
        int64_t connect_timeout_ms; // with the default filled in
        struct http_target target;
        struct http_proxy proxy;

        struct http_fields head, trailers;
        bool has_answer;              // its first line has arrived
        bool has_head;                // its head is complete
        bool has_tls_end;             // TLS has ended the data (close_notify)
        char reason[CURL_ERROR_SIZE]; // libcurl's text for a failure
};

enum { HTTP_TRANSFER_SHORT = -2 };

// Phases of a request, for messages.
enum http_phase { HTTP_RESOLVE, HTTP_CONNECT, HTTP_TLS, HTTP_SEND, HTTP_WAIT, HTTP_ANSWER };

// The owner of a transfer.
struct http_transfer_owner {
        const char *user_agent;
        const struct env *env; // for proxies; outlives the transfer
        void *arg;             // CURLOPT_PRIVATE, and the argument of the callbacks
        curl_prereq_callback connected;
        curl_xferinfo_callback progress;
        curl_read_callback pull;
        curl_write_callback line, body;
};

// `transfer` is zeroed memory that does not move. libcurl must be initialised. 0; or -1 with *e, and then only
// http_transfer_deinit() may follow.
MUST_CHECK int http_transfer_init(struct http_transfer *transfer, const struct http_request *request,
                                  const struct http_transfer_owner *owner, struct error *e);

// Wipes what was sent and received.
void http_transfer_deinit(struct http_transfer *transfer);

// A connection is ready, and the request is about to be sent, perhaps not for the first time. 0, or -1: part of the
// source has been sent before, and it cannot restart.
MUST_CHECK int http_transfer_restart(struct http_transfer *transfer);

// Pulls up to `n` bytes of the source. Returns their number, 0 at the end, HTTP_STREAM_WAIT, or HTTP_TRANSFER_SHORT:
// the source ended before its length.
MUST_CHECK ssize_t http_transfer_pull(struct http_transfer *transfer, uint8_t *to, size_t n);

// Reads a line of the head or the trailers. 1: the head is now complete; 0; -1: too large, or out of memory.
MUST_CHECK int http_transfer_take_line(struct http_transfer *transfer, struct slice line);

// Call it after each piece of libcurl's work.
void http_transfer_note_tls_end(struct http_transfer *transfer);

// Whether the answer is complete, after libcurl has reported success: libcurl accepts connections that end within the
// head, and TLS connections that are cut off within a body without a length.
MUST_CHECK bool http_transfer_is_whole(const struct http_transfer *transfer);

// Whether the body has the length that the answer's Content-Length announced. Without that header: false.
MUST_CHECK bool http_transfer_has_whole_length(const struct http_transfer *transfer);

// The head so far, as for http_stream_get_head().
void http_transfer_get_head(const struct http_transfer *transfer, struct http_field *fields,
                            struct http_stream_head *ret);

// The phase that the request has reached.
enum http_phase http_transfer_phase(const struct http_transfer *transfer);

#endif
