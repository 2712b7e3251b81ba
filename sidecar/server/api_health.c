// SPDX-License-Identifier: Apache-2.0
#include "sidecar/server/api_health.h"

#include "proto/mem/length.h"
#include "proto/wire/limits.h"
#include "sidecar/server/handlers.h"
#include "sidecar/server/problem.h"

#define AT(text, ...)                                                                                                  \
        {                                                                                                              \
                .match = ROUTE_EXACT, .methods = ROUTE_GET, .path = SLICE_INIT(text), .body_max = LIMIT_HTTP_BODY,     \
                __VA_ARGS__                                                                                            \
        }

static const struct route routes[] = {
    AT("/livez", .begin = handle_livez),
    AT("/readyz", .begin = handle_readyz, .drain = drain_readyz),
    AT("/metrics", .begin = handle_metrics, .drain = drain_metrics),
};

const struct api api_health = {
    .name = "health",
    .routes = routes,
    .routes_count = LENGTH(routes),
    .paths_hint = "this listener serves /livez, /readyz and /metrics",
    .has_no_secrets = true,
    .send_problem = problem_send_json,
};
