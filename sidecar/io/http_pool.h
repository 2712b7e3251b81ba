// SPDX-License-Identifier: Apache-2.0
// Connections that trust the same certificate authorities. libcurl reuses a connection without asking which store its
// server was verified against, so each choice of authorities has its own cache of connections.
#ifndef SIDECAR_IO_HTTP_POOL_H
#define SIDECAR_IO_HTTP_POOL_H

#include "sidecar/base/env.h"
#include "sidecar/base/error.h"
#include "sidecar/io/curl_loop.h"

struct http_pool;

struct http_pool_deps {
        struct uv_loop_s *loop;
        const struct env *env;
        curl_loop_ended_fn *ended;
        // A load that http_pool_trust() began has ended; `error` is NULL when it went well.
        void (*trusted)(void *arg, const struct http_pool *pool, const struct error *error);
        void *arg;
};

// `ca_bundle` is a PEM file, NULL: the system's authorities. NULL: out of memory.
struct http_pool *http_pool_new(const struct http_pool_deps *deps, const char *ca_bundle);

bool http_pool_is_for(const struct http_pool *pool, const char *ca_bundle);

// What TLS needs: 1 it is here, 0 it is being loaded (`trusted` will be called, never from here), -1 with *e.
int http_pool_trust(struct http_pool *pool, struct error *e);

// Starts a transfer; `ended` is not called before this has returned. 0, or -1 with *e.
int http_pool_add(struct http_pool *pool, CURL *easy, struct error *e);
void http_pool_remove(struct http_pool *pool, CURL *easy);

// All transfers have been removed. `trusted` is not called any more; `closed` is called once the memory has gone, from
// the loop.
void http_pool_close(struct http_pool *pool, void (*closed)(void *arg), void *arg);

#endif
