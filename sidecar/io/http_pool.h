// SPDX-License-Identifier: Apache-2.0
// Connections, one pool for each choice of certificate authorities: libcurl reuses a connection without asking which
// store its server was verified against. Loop thread only.
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
        // A load that http_pool_trust() began has ended; `error` is NULL when it went well.
        void (*trusted)(void *arg, const struct http_pool *pool, const struct error *error);
        void *arg;
};

// NULL: out of memory.
MUST_CHECK struct http_pools *http_pools_new(const struct http_pools_deps *deps);

// Initialises libcurl at the first call; before any other use of it. 0, or -1 with *e.
MUST_CHECK int http_pools_need_curl(struct http_pools *pools, struct error *e);

// The pool of `ca_bundle` (a PEM file; NULL: the system's authorities), made if need be. NULL with *e.
MUST_CHECK struct http_pool *http_pools_get(struct http_pools *pools, const char *ca_bundle, struct error *e);

// All transfers have been removed. `trusted` is not called any more; `closed` is called once the memory has gone, from
// the loop, or from here when there were no pools.
void http_pools_close(struct http_pools *pools, void (*closed)(void *arg), void *arg);

// What TLS needs: 1 it is here, 0 it is being loaded (`trusted` will be called, never from here), -1 with *e.
MUST_CHECK int http_pool_trust(struct http_pool *pool, struct error *e);

// Starts a transfer; `events.ended` is not called before this has returned. 0, or -1 with *e.
MUST_CHECK int http_pool_add(struct http_pool *pool, CURL *easy, struct error *e);

// Not from within a callback of libcurl's.
void http_pool_remove(struct http_pool *pool, CURL *easy);

#endif
