// SPDX-License-Identifier: Apache-2.0
// The one bridge between libcurl's multi interface and the event loop: one timer, and one poll handle for each socket.
// It knows transfers by their easy handle only. Each bridge has its own cache of connections.
#ifndef SIDECAR_IO_CURL_LOOP_H
#define SIDECAR_IO_CURL_LOOP_H

#include <curl/curl.h>
#include <stdbool.h>

#include "proto/mem/must_check.h"

struct curl_loop;
struct uv_loop_s;

// `transfer` is the CURLOPT_PRIVATE of an easy handle.
struct curl_loop_events {
        // It has ended. It is still added: curl_loop_remove() it. Called from the loop, outside of any libcurl
        // callback, so that every function below may be called, but curl_loop_close().
        void (*ended)(void *transfer, CURLcode rc);
        // libcurl has begun, or ceased, to wait for bytes on one of its sockets. Called from within libcurl.
        void (*reads)(void *transfer, bool reads);
};

// Keeps at most `idle_max` idle connections. libcurl must be initialised. NULL: out of memory.
MUST_CHECK struct curl_loop *curl_loop_new(struct uv_loop_s *loop, unsigned idle_max,
                                           const struct curl_loop_events *events);

// Starts a transfer; `ended` is not called before this has returned. 0, or -1: out of memory.
MUST_CHECK int curl_loop_add(struct curl_loop *bridge, CURL *easy);

// Ends a transfer without calling `ended`, wherever it stands. Not from within a callback of libcurl's.
void curl_loop_remove(struct curl_loop *bridge, CURL *easy);

// All transfers have been removed. Closes the connections; `closed` is called once the memory has gone, from the loop.
void curl_loop_close(struct curl_loop *bridge, void (*closed)(void *arg), void *arg);

#endif
