// SPDX-License-Identifier: Apache-2.0
// Loop thread only. OpenSSL itself reads a directory of hash links: a handshake needs one or two of its files. A bundle
// is loaded in libuv's pool (ca_store.h).
#include "sidecar/io/http_pool.h"

#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "proto/mem/secret.h"
#include "sidecar/io/ca_store.h"
#include "sidecar/io/ca_system.h"

struct http_pool {
        SLIST_ENTRY(http_pool) link;
        struct http_pools *pools;
        char *ca_bundle;        // as configured; NULL: the system's
        const char *directory;  // the system's, once known and if it has one
        struct ca_store *store; // else
        struct curl_loop *bridge;
};

struct http_pools {
        struct http_pools_deps deps;
        SLIST_HEAD(, http_pool) list;
        bool is_curl_ready;
        void (*closed)(void *arg);
        void *closed_arg;
};

// --- all of them ---

struct http_pools *http_pools_new(const struct http_pools_deps *deps)
{
        struct http_pools *pools = calloc(1, sizeof(*pools));
        if (pools)
                pools->deps = *deps;
        return pools;
}

int http_pools_need_curl(struct http_pools *pools, struct error *e)
{
        if (pools->is_curl_ready)
                return 0;
        CURLcode rc = curl_global_init_mem(CURL_GLOBAL_DEFAULT, wiping_malloc, wiping_free, wiping_realloc,
                                           wiping_strdup, wiping_calloc);
        if (rc != CURLE_OK)
                return error_set(e, ERROR_INTERNAL, "initialise libcurl: %s", curl_easy_strerror(rc));
        pools->is_curl_ready = true;
        return 0;
}

static void on_loaded(void *arg, const struct error *error)
{
        struct http_pool *pool = arg;
        pool->pools->deps.trusted(pool->pools->deps.arg, pool, error);
}

static void pool_free(struct http_pool *pool)
{
        ca_store_free(pool->store);
        free(pool->ca_bundle);
        free(pool);
}

static struct http_pool *pool_new(struct http_pools *pools, const char *ca_bundle)
{
        struct http_pool *pool = calloc(1, sizeof(*pool));
        if (!pool)
                return NULL;
        pool->pools = pools;
        if (ca_bundle)
                pool->ca_bundle = strdup(ca_bundle);
        if (!ca_bundle || pool->ca_bundle)
                pool->bridge = curl_loop_new(pools->deps.loop, pools->deps.idle_max, &pools->deps.events);
        if (pool->bridge)
                return pool;
        pool_free(pool);
        return NULL;
}

static bool is_for(const struct http_pool *pool, const char *ca_bundle)
{
        if (!pool->ca_bundle || !ca_bundle)
                return !pool->ca_bundle && !ca_bundle;
        return strcmp(pool->ca_bundle, ca_bundle) == 0;
}

struct http_pool *http_pools_get(struct http_pools *pools, const char *ca_bundle, struct error *e)
{
        struct http_pool *pool;
        SLIST_FOREACH(pool, &pools->list, link)
        {
                if (is_for(pool, ca_bundle))
                        return pool;
        }
        pool = pool_new(pools, ca_bundle);
        if (pool)
                SLIST_INSERT_HEAD(&pools->list, pool, link);
        else
                (void)error_set(e, ERROR_INTERNAL, "out of memory");
        return pool;
}

static void close_next(void *arg)
{
        struct http_pools *pools = arg;
        struct http_pool *pool = SLIST_FIRST(&pools->list);
        void (*closed)(void *) = pools->closed;
        void *closed_arg = pools->closed_arg;
        if (pool) {
                SLIST_REMOVE_HEAD(&pools->list, link);
                struct curl_loop *bridge = pool->bridge;
                pool_free(pool);
                curl_loop_close(bridge, close_next, pools);
                return;
        }
        if (pools->is_curl_ready)
                curl_global_cleanup();
        free(pools);
        closed(closed_arg);
}

void http_pools_close(struct http_pools *pools, void (*closed)(void *arg), void *arg)
{
        pools->closed = closed;
        pools->closed_arg = arg;
        close_next(pools);
}

// --- one of them ---

int http_pool_trust(struct http_pool *pool, struct error *e)
{
        if (!pool->store && !pool->directory) {
                struct ca_system system = {.file = pool->ca_bundle};
                const char *built_in = curl_version_info(CURLVERSION_NOW)->cainfo;
                if (!pool->ca_bundle && ca_system_find(&pool->pools->deps.env, built_in, &system, e) < 0)
                        return -1;
                pool->directory = system.directory;
                if (system.file)
                        pool->store = ca_store_new(pool->pools->deps.loop, system.file, on_loaded, pool);
                if (!pool->directory && !pool->store)
                        return error_set(e, ERROR_INTERNAL, "out of memory");
        }
        return pool->directory || ca_store_check(pool->store) ? 1 : 0;
}

static CURLcode on_context(CURL *easy, void *context, void *arg)
{
        struct http_pool *pool = arg;
        SSL_CTX *tls = context;
        (void)easy;
        // An idle connection then has no buffers, which saves memory and leaves no answer in them.
        (void)SSL_CTX_set_mode(tls, SSL_MODE_RELEASE_BUFFERS);
        X509_STORE *store = pool->store ? ca_store_get(pool->store) : NULL;
        if (store)
                SSL_CTX_set1_cert_store(tls, store);
        return CURLE_OK;
}

static CURLcode set_trust(struct http_pool *pool, CURL *easy)
{
        // Otherwise libcurl would parse its built-in bundle on the loop.
        static const CURLoption files[] = {CURLOPT_CAINFO, CURLOPT_PROXY_CAINFO};
        static const CURLoption directories[] = {CURLOPT_CAPATH, CURLOPT_PROXY_CAPATH};
        CURLcode rc = curl_easy_setopt(easy, CURLOPT_CA_CACHE_TIMEOUT, 0L);
        for (size_t i = 0; i < 2 && rc == CURLE_OK; i++) {
                rc = curl_easy_setopt(easy, files[i], NULL);
                if (rc == CURLE_OK)
                        rc = curl_easy_setopt(easy, directories[i], pool->directory);
        }
        if (rc == CURLE_OK)
                rc = curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, on_context);
        if (rc == CURLE_OK)
                rc = curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, pool);
        return rc;
}

int http_pool_add(struct http_pool *pool, CURL *easy, struct error *e)
{
        CURLcode rc = set_trust(pool, easy);
        if (rc != CURLE_OK)
                return error_set(e, ERROR_INTERNAL, "set up TLS: %s", curl_easy_strerror(rc));
        if (curl_loop_add(pool->bridge, easy) < 0)
                return error_set(e, ERROR_INTERNAL, "out of memory");
        return 0;
}

void http_pool_remove(struct http_pool *pool, CURL *easy)
{
        curl_loop_remove(pool->bridge, easy);
}
