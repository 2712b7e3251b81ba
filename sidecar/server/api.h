// SPDX-License-Identifier: Apache-2.0
// An API: its paths, its errors and its access check. A listener serves one or several. To add one, write a file like
// api_native.c, and name it in sidecar/app where listeners are made.
#ifndef SIDECAR_SERVER_API_H
#define SIDECAR_SERVER_API_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/mem/slice.h"

struct exchange;
struct outcome;
struct problem;

enum route_match {
        ROUTE_EXACT,   // the path is `path`
        ROUTE_PREFIX,  // the path begins with `path`
        ROUTE_PROFILE, // `path`, the name of a profile, `after`
        ROUTE_DEFAULT, // the path is `path`, and the profile is the listener's
};

enum route_method {
        ROUTE_GET = 1, // and HEAD
        ROUTE_POST = 2,
        ROUTE_DELETE = 4,
        ROUTE_PUT = 8,
        ROUTE_ANY = 16, // any other, too
};

enum route_body {
        BODY_NONE,  // the body is discarded
        BODY_WHOLE, // `begin` is called after the whole body
        BODY_STREAM // `begin` is called after the head, then `body_piece` for each piece
};

struct route {
        enum route_match match;
        unsigned methods; // of enum route_method
        struct slice path, after;
        unsigned scope; // of enum allow_scope, for routes with a profile; 0: any of them
        enum route_body body;
        size_t body_max; // a larger body is refused with 413

        // A handler answers, or arranges to be called again (exchange.h). Head and body of the request are valid until
        // `begin` returns.
        void (*begin)(struct exchange *x);
        void (*resume)(struct exchange *x, const struct outcome *o); // after exchange_wait(); NULL: never waits
        void (*body_piece)(struct exchange *x, struct slice piece);  // BODY_STREAM
        void (*body_end)(struct exchange *x);                        // BODY_STREAM
        void (*drain)(struct exchange *x); // the carrier accepts more of the answer; NULL: never answers in pieces
        // The server shuts down amid the answer in pieces: ends it. NULL: it ends soon by itself.
        void (*shut_down)(struct exchange *x);
        void (*abort)(struct exchange *x); // the exchange ended before its answer was complete; NULL: nothing to undo
};

struct api {
        const char *name; // the label `api` of the metrics
        const struct route *routes;
        size_t routes_count;
        const char *paths_hint;  // the hint in a 404: the paths that exist
        int64_t default_wait_ms; // for credentials, without ?wait=
        bool has_no_secrets;     // in any answer: a listener for it alone may be asked by any name (host_check.h)
        // Authenticates the caller, before anything else is checked. False: it has answered. NULL: everybody who can
        // connect may send requests, and the profile's `allow` decides by uid and gid.
        bool (*admit)(struct exchange *x);
        void (*send_problem)(struct exchange *x, const struct problem *p); // the shape of its errors
};

#endif
