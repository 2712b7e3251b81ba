// SPDX-License-Identifier: Apache-2.0
// The target of a request: its URL, and the proxy that the environment sets for it.
#ifndef SIDECAR_IO_HTTP_TARGET_H
#define SIDECAR_IO_HTTP_TARGET_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/mem/must_check.h"
#include "sidecar/base/env.h"
#include "sidecar/base/error.h"

struct http_authority {
        char host[256]; // an IPv6 address without brackets
        uint16_t port;  // 0: not known
        char text[272]; // "host:port", for messages; brackets around an IPv6 address
};

struct http_target {
        bool is_tls;
        bool is_local; // loopback or link-local: never by way of a proxy
        struct http_authority authority;
};

// Only http and https, and no user name. 0, or -1 with *e (ERROR_CONFIG), which does not repeat the URL: it may be
// presigned.
MUST_CHECK int http_target_parse(const char *url, struct http_target *ret, struct error *e);

struct http_proxy {
        const char *variable;            // the variable that sets it: "HTTPS_PROXY"; NULL: no proxy for this target
        const char *exempted_from;       // the variable that would apply without NO_PROXY; NULL: none
        const char *url;                 // its value, borrowed from the environment: may contain a password
        bool has_user, is_tls, is_socks; // of the URL
        struct http_authority authority; // without user name and password
};

// The proxy that the environment names for this target: https_proxy, HTTPS_PROXY (http_proxy for plain HTTP),
// all_proxy, ALL_PROXY, unless no_proxy or NO_PROXY exempts it, or it is local. 0, or -1 with *e (ERROR_CONFIG), which
// does not repeat the value.
MUST_CHECK int http_proxy_find(const struct env *env, const struct http_target *target, struct http_proxy *ret,
                               struct error *e);

#endif
