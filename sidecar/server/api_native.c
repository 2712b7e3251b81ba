// SPDX-License-Identifier: Apache-2.0
#include "sidecar/server/api_native.h"

#include "proto/mem/length.h"
#include "proto/wire/limits.h"
#include "sidecar/base/allow.h"
#include "sidecar/server/handlers.h"
#include "sidecar/server/problem.h"
#include "sidecar/server/token_work.h"

#define PROFILES SLICE_INIT("/v1/profiles/")

// A path that does not read its body still accepts one.
#define ROUTE_TO(kind, verb, ...)                                                                                      \
        {                                                                                                              \
                .match = (kind), .methods = (verb), .body_max = LIMIT_HTTP_BODY, __VA_ARGS__                           \
        }
#define OF_PROFILE(verb, rest, ...)                                                                                    \
        ROUTE_TO(ROUTE_PROFILE, verb, .path = PROFILES, .after = SLICE_INIT(rest), __VA_ARGS__)
#define TOKEN(kind) TOKEN_BY(kind, handle_token, resume_presign)
#define TOKEN_BY(kind, handler, resumed)                                                                               \
        {                                                                                                              \
                .match = ROUTE_PROFILE, .methods = ROUTE_POST, .path = PROFILES,                                       \
                .after = SLICE_INIT(TOKEN_WORK_PATH kind), .scope = ALLOW_TOKEN, .body = BODY_WHOLE,                   \
                .body_max = TOKEN_WORK_BODY_MAX, .begin = (handler), .resume = (resumed)                               \
        }
#define AT(text, ...) ROUTE_TO(ROUTE_EXACT, ROUTE_GET, .path = SLICE_INIT(text), __VA_ARGS__)

static const struct route routes[] = {
    OF_PROFILE(ROUTE_GET, "/credentials", .scope = ALLOW_CREDENTIALS, .begin = handle_credentials,
               .resume = resume_credentials),
    OF_PROFILE(ROUTE_POST, "/sign", .scope = ALLOW_SIGN, .body = BODY_WHOLE, .begin = handle_sign,
               .resume = resume_sign),
    OF_PROFILE(ROUTE_POST, "/presign", .scope = ALLOW_SIGN, .body = BODY_WHOLE, .begin = handle_presign,
               .resume = resume_presign),
    OF_PROFILE(ROUTE_POST, "/eventstream", .scope = ALLOW_SIGN, .body = BODY_WHOLE, .begin = handle_eventstream,
               .resume = resume_eventstream),
    TOKEN("bedrock"),
    TOKEN("eks"),
    TOKEN("rds"),
    TOKEN("elasticache"),
    TOKEN("memorydb"),
    TOKEN("dsql"),
    TOKEN("msk"),
    TOKEN_BY("web_identity", handle_web_identity, resume_web_identity),
    OF_PROFILE(ROUTE_DELETE, "/credentials", .scope = ALLOW_ADMIN, .begin = handle_drop),
    OF_PROFILE(ROUTE_POST, "/refresh", .scope = ALLOW_ADMIN, .begin = handle_refresh, .resume = resume_refresh),
    OF_PROFILE(ROUTE_GET, "/login", .scope = ALLOW_CREDENTIALS, .begin = handle_login_status),
    OF_PROFILE(ROUTE_POST, "/login", .scope = ALLOW_CREDENTIALS, .body = BODY_WHOLE, .begin = handle_login,
               .resume = resume_login),
    OF_PROFILE(ROUTE_DELETE, "/login", .scope = ALLOW_CREDENTIALS, .begin = handle_logout, .resume = resume_logout),
    OF_PROFILE(ROUTE_GET, "/sso/accounts", .scope = ALLOW_CREDENTIALS, .begin = handle_sso_accounts,
               .drain = drain_sso_list, .abort = abort_sso_list),
    OF_PROFILE(ROUTE_GET, "/sso/roles", .scope = ALLOW_CREDENTIALS, .begin = handle_sso_roles, .drain = drain_sso_list,
               .abort = abort_sso_list),
    OF_PROFILE(ROUTE_GET, "", .begin = handle_profile),
    AT("/v1/profiles", .begin = handle_profiles, .drain = drain_profiles),
    AT("/v1/events", .begin = handle_events, .drain = drain_events, .shut_down = shut_down_events,
       .abort = abort_events),
    ROUTE_TO(ROUTE_EXACT, ROUTE_POST, .path = SLICE_INIT("/v1/commands"), .body = BODY_WHOLE, .begin = handle_commands,
             .resume = resume_commands),
    AT("/livez", .begin = handle_livez),
    AT("/readyz", .begin = handle_readyz, .drain = drain_readyz),
    AT("/metrics", .begin = handle_metrics, .drain = drain_metrics),
    AT("/version", .begin = handle_version),
};

const struct api api_native = {
    .name = "native",
    .routes = routes,
    .routes_count = LENGTH(routes),
    .paths_hint = "this version serves /v1/profiles, /v1/commands, /v1/events, /livez, /readyz, /metrics, /version",
    .default_wait_ms = 10000,
    .send_problem = problem_send_json,
};
