// SPDX-License-Identifier: Apache-2.0
// The one bridge between libcurl's multi interface and the event loop: one timer, one poll a socket. It knows
// transfers by their easy handle only. Each bridge has its own cache of connections.
#ifndef SIDECAR_IO_CURL_LOOP_H
#define SIDECAR_IO_CURL_LOOP_H

#include <curl/curl.h>

struct curl_loop;
struct uv_loop_s;

// A transfer has ended; `transfer` is its CURLOPT_PRIVATE. It is still added: curl_loop_remove() it. Called from the
// loop, outside of any libcurl callback, so that every function below may be called, but curl_loop_close().
typedef void curl_loop_ended_fn(void *transfer, CURLcode rc);

// libcurl must be initialised. NULL: out of memory.
struct curl_loop *curl_loop_new(struct uv_loop_s *loop, curl_loop_ended_fn *ended);

// Starts a transfer; `ended` is not called before this has returned. 0, or -1: out of memory.
int curl_loop_add(struct curl_loop *bridge, CURL *easy);

// Ends a transfer without a word, wherever it stands.
void curl_loop_remove(struct curl_loop *bridge, CURL *easy);

// All transfers have been removed. Closes the connections; `closed` is called once the memory has gone, from the loop.
void curl_loop_close(struct curl_loop *bridge, void (*closed)(void *arg), void *arg);

#endif
