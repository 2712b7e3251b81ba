// SPDX-License-Identifier: Apache-2.0
// Connects libcurl's multi interface to the event loop: one timer, and one poll handle for each socket. Transfers are
// known by their easy handles only. Each bridge has its own cache of connections.
#ifndef SIDECAR_IO_CURL_LOOP_H
#define SIDECAR_IO_CURL_LOOP_H

#include <curl/curl.h>
#include <stdbool.h>

#include "proto/mem/must_check.h"

struct curl_loop;
struct uv_loop_s;

// `transfer` is the CURLOPT_PRIVATE of an easy handle.
struct curl_loop_events {
        // The transfer has ended, and curl_loop_remove() must follow. Called from the loop, outside of libcurl's
        // callbacks, so every function below may be called except curl_loop_close().
        void (*ended)(void *transfer, CURLcode rc);
        // libcurl has begun or stopped to wait for bytes on one of the transfer's sockets. Called from within libcurl.
        void (*reads)(void *transfer, bool reads);
};

// Keeps at most `idle_max` idle connections. libcurl must be initialised. NULL: out of memory.
MUST_CHECK struct curl_loop *curl_loop_new(struct uv_loop_s *loop, unsigned idle_max,
                                           const struct curl_loop_events *events);

// Starts a transfer; `ended` is not called before this has returned. 0, or -1: out of memory.
MUST_CHECK int curl_loop_add(struct curl_loop *bridge, CURL *easy);

// Ends a transfer in any state, without calling `ended`. Not from within a callback of libcurl.
void curl_loop_remove(struct curl_loop *bridge, CURL *easy);

// Closes the connections, after all transfers have been removed. `closed` is called from the loop when the memory has
// been freed.
void curl_loop_close(struct curl_loop *bridge, void (*closed)(void *arg), void *arg);

#endif
