// SPDX-License-Identifier: Apache-2.0
// One exchange as libcurl sees it: an easy handle with copies of all that is sent, and buffers for what comes back.
#ifndef SIDECAR_IO_HTTP_TRANSFER_H
#define SIDECAR_IO_HTTP_TRANSFER_H

#include <curl/curl.h>

#include "proto/mem/buffer.h"
#include "sidecar/io/http_client.h"
#include "sidecar/io/http_target.h"

enum {
        HTTP_TRANSFER_FIELDS_MAX = 128 // header lines of an answer
};

// Offsets into the head, which moves while it grows.
struct http_span {
        size_t name_at, name_n, value_at, value_n;
};

struct http_transfer {
        CURL *easy;
        struct curl_slist *headers;
        struct buffer request_body;
        int64_t connect_timeout_ms, total_timeout_ms; // with the defaults filled in
        struct http_target target;
        struct http_proxy proxy;

        struct buffer head; // names and values of the fields
        struct http_span spans[HTTP_TRANSFER_FIELDS_MAX];
        size_t spans_count;
        bool is_head_whole; // the empty line after it has come
        struct buffer body;
        bool is_too_large;
        char reason[CURL_ERROR_SIZE]; // libcurl's words for a failure
};

// Phases of an exchange, for messages.
enum http_phase { HTTP_RESOLVE, HTTP_CONNECT, HTTP_TLS, HTTP_WAIT, HTTP_ANSWER };

// Who sends it.
struct http_transfer_from {
        const char *user_agent;
        const struct env *env; // for proxies; outlives the transfer
        void *owner;           // becomes CURLOPT_PRIVATE
};

// `transfer` is zeroed memory that stays where it is. libcurl must be initialised. 0; or -1 with *e, and then only
// http_transfer_deinit() may follow.
int http_transfer_init(struct http_transfer *transfer, const struct http_request *request,
                       const struct http_transfer_from *from, struct error *e);

// Wipes what was sent and received.
void http_transfer_deinit(struct http_transfer *transfer);

// How far it has come.
enum http_phase http_transfer_phase(const struct http_transfer *transfer);

// libcurl takes a connection that closes within the head for the end of a good answer.
static inline bool http_transfer_is_whole(const struct http_transfer *transfer)
{
        return transfer->is_head_whole;
}

// After a success. `fields` has room for HTTP_TRANSFER_FIELDS_MAX; the response borrows them and the transfer.
void http_transfer_response(const struct http_transfer *transfer, struct http_field *fields, struct http_response *ret);

#endif
