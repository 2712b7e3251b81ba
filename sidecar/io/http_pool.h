// SPDX-License-Identifier: Apache-2.0
// Connections, in one pool for each set of certificate authorities, as libcurl reuses a connection without checking
// which authorities its server was verified with. Loop thread only.
#ifndef SIDECAR_IO_HTTP_POOL_H
#define SIDECAR_IO_HTTP_POOL_H

#include "sidecar/base/env.h"
#include "sidecar/base/error.h"
#include "sidecar/io/curl_loop.h"

struct http_pool;
struct http_pools;

struct http_pools_deps {
        struct uv_loop_s *loop;
        struct env env;    // for SSL_CERT_FILE and SSL_CERT_DIR
        unsigned idle_max; // idle connections of one pool
        struct curl_loop_events events;
        // A load that http_pool_trust() began has ended; `error` is NULL if it succeeded.
        void (*trusted)(void *arg, const struct http_pool *pool, const struct error *error);
        void *arg;
};

// NULL: out of memory.
MUST_CHECK struct http_pools *http_pools_new(const struct http_pools_deps *deps);

// Initialises libcurl at the first call. Call it before any other use of libcurl. 0, or -1 with *e.
MUST_CHECK int http_pools_need_curl(struct http_pools *pools, struct error *e);

// The pool for `ca_bundle` (a PEM file; NULL: the system's authorities), created if there is none. NULL with *e.
MUST_CHECK struct http_pool *http_pools_get(struct http_pools *pools, const char *ca_bundle, struct error *e);

// Ends the pools, after all transfers have been removed. `trusted` is not called any more. `closed` is called when the
// memory has been freed: from the loop, or from here if there were no pools.
void http_pools_close(struct http_pools *pools, void (*closed)(void *arg), void *arg);

// Loads the certificate authorities. 1: loaded; 0: being loaded, and `trusted` will be called, never from here; -1 with
// *e.
MUST_CHECK int http_pool_trust(struct http_pool *pool, struct error *e);

// Starts a transfer; `events.ended` is not called before this has returned. 0, or -1 with *e.
MUST_CHECK int http_pool_add(struct http_pool *pool, CURL *easy, struct error *e);

// Not from within a callback of libcurl's.
void http_pool_remove(struct http_pool *pool, CURL *easy);

#endif
