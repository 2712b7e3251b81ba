// SPDX-License-Identifier: Apache-2.0
// Loop thread only. A directory of hash links is left to OpenSSL, which opens the one or two files that a handshake
// needs; a bundle is loaded aside and handed over whole.
#include "sidecar/io/http_pool.h"

#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

#include "sidecar/io/ca_store.h"
#include "sidecar/io/ca_system.h"

struct http_pool {
        struct http_pool_deps deps;
        char *ca_bundle;        // as configured; NULL: the system's
        const char *directory;  // the system's, once known and if it has one
        struct ca_store *store; // else
        struct curl_loop *bridge;
        void (*closed)(void *arg);
        void *closed_arg;
};

static void on_loaded(void *arg, const struct error *error)
{
        struct http_pool *pool = arg;
        pool->deps.trusted(pool->deps.arg, pool, error);
}

static void destroy(struct http_pool *pool)
{
        ca_store_free(pool->store);
        free(pool->ca_bundle);
        free(pool);
}

struct http_pool *http_pool_new(const struct http_pool_deps *deps, const char *ca_bundle)
{
        struct http_pool *pool = calloc(1, sizeof(*pool));
        if (!pool)
                return NULL;
        pool->deps = *deps;
        if (ca_bundle)
                pool->ca_bundle = strdup(ca_bundle);
        if (!ca_bundle || pool->ca_bundle)
                pool->bridge = curl_loop_new(deps->loop, deps->ended);
        if (!pool->bridge) {
                destroy(pool);
                return NULL;
        }
        return pool;
}

bool http_pool_is_for(const struct http_pool *pool, const char *ca_bundle)
{
        if (!pool->ca_bundle || !ca_bundle)
                return !pool->ca_bundle && !ca_bundle;
        return strcmp(pool->ca_bundle, ca_bundle) == 0;
}

int http_pool_trust(struct http_pool *pool, struct error *e)
{
        if (!pool->store && !pool->directory) {
                struct ca_system system = {.file = pool->ca_bundle};
                const char *built_in = curl_version_info(CURLVERSION_NOW)->cainfo;
                if (!pool->ca_bundle && ca_system_find(pool->deps.env, built_in, &system, e) < 0)
                        return -1;
                pool->directory = system.directory;
                if (system.file)
                        pool->store = ca_store_new(pool->deps.loop, system.file, on_loaded, pool);
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
        // An idle connection then holds no buffers: less memory, and no answer left in them.
        (void)SSL_CTX_set_mode(tls, SSL_MODE_RELEASE_BUFFERS);
        X509_STORE *store = pool->store ? ca_store_get(pool->store) : NULL;
        if (store)
                SSL_CTX_set1_cert_store(tls, store);
        return CURLE_OK;
}

static CURLcode set_trust(struct http_pool *pool, CURL *easy)
{
        // The built-in bundle would be parsed here and now.
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

static void on_bridge_closed(void *arg)
{
        struct http_pool *pool = arg;
        void (*closed)(void *) = pool->closed;
        void *closed_arg = pool->closed_arg;
        destroy(pool);
        closed(closed_arg);
}

void http_pool_close(struct http_pool *pool, void (*closed)(void *arg), void *arg)
{
        pool->closed = closed;
        pool->closed_arg = arg;
        ca_store_free(pool->store); // a load under way falls silent now
        pool->store = NULL;
        curl_loop_close(pool->bridge, on_bridge_closed, pool);
}
