// SPDX-License-Identifier: Apache-2.0
// One request as libcurl sees it: an easy handle with copies of all that is sent, and what is known of the answer.
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
        bool is_sent;               // the source has come to its end
        int64_t connect_timeout_ms; // with the default filled in
        struct http_target target;
        struct http_proxy proxy;

        struct http_fields head, trailers;
        bool has_answer;              // its first line has come
        bool has_head;                // its head is whole
        bool has_tls_end;             // TLS has said that no more will come (close_notify)
        char reason[CURL_ERROR_SIZE]; // libcurl's words for a failure
};

enum { HTTP_TRANSFER_SHORT = -2 };

// Phases of a request, for messages.
enum http_phase { HTTP_RESOLVE, HTTP_CONNECT, HTTP_TLS, HTTP_SEND, HTTP_WAIT, HTTP_ANSWER };

// Where it belongs.
struct http_transfer_owner {
        const char *user_agent;
        const struct env *env; // for proxies; outlives the transfer
        void *arg;             // becomes CURLOPT_PRIVATE, and what the callbacks are given
        curl_prereq_callback connected;
        curl_xferinfo_callback progress;
        curl_read_callback pull;
        curl_write_callback line, body;
};

// `transfer` is zeroed memory that stays where it is. libcurl must be initialised. 0; or -1 with *e, and then only
// http_transfer_deinit() may follow.
MUST_CHECK int http_transfer_init(struct http_transfer *transfer, const struct http_request *request,
                                  const struct http_transfer_owner *owner, struct error *e);

// Wipes what was sent and received.
void http_transfer_deinit(struct http_transfer *transfer);

// A connection stands, and the request is about to be sent, perhaps not for the first time. 0, or -1: a part of the
// source has been sent before, and it cannot begin again.
MUST_CHECK int http_transfer_restart(struct http_transfer *transfer);

// Pulls up to `n` bytes of the source. How many, 0 at the end, HTTP_STREAM_WAIT, or HTTP_TRANSFER_SHORT: it has ended
// before its length.
MUST_CHECK ssize_t http_transfer_pull(struct http_transfer *transfer, uint8_t *to, size_t n);

// Takes a line of the head or the trailers. 1: the head is whole now; 0; -1: too large, or out of memory.
MUST_CHECK int http_transfer_take_line(struct http_transfer *transfer, struct slice line);

// After each piece of libcurl's work.
void http_transfer_note_tls_end(struct http_transfer *transfer);

// Whether what libcurl holds for a good end is one: it does not mind connections that end within the head, nor ones
// with TLS that are cut off within a body that only their end delimits.
MUST_CHECK bool http_transfer_is_whole(const struct http_transfer *transfer);

// Whether the body has the length that the answer's Content-Length announced. Without that header: false.
MUST_CHECK bool http_transfer_has_whole_length(const struct http_transfer *transfer);

// What has come as the head, as http_stream_get_head().
void http_transfer_get_head(const struct http_transfer *transfer, struct http_field *fields,
                            struct http_stream_head *ret);

// How far it has come.
enum http_phase http_transfer_phase(const struct http_transfer *transfer);

#endif
