// SPDX-License-Identifier: Apache-2.0
#include "sidecar/server/router.h"

#include <stdio.h>

#include "proto/mem/length.h"
#include "proto/mem/text.h"
#include "proto/wire/http_whole.h"
#include "sidecar/base/allow.h"
#include "sidecar/server/access.h"
#include "sidecar/server/handlers.h"
#include "sidecar/server/problem.h"
#include "sidecar/server/request.h"
#include "sidecar/server/state.h"

#define OF_PROFILES "/v1/profiles/" // what follows is a profile's name, then the rest of the row's path

enum method { METHOD_GET, METHOD_POST, METHOD_DELETE, METHOD_OTHER };

struct route {
        enum method method;
        bool has_profile;
        struct slice path; // with has_profile: what follows the name
        unsigned scope;    // of enum allow_scope; 0: any of them
        void (*handle)(struct request *r, const struct outcome *o);
};

static const struct route routes[] = {
    {METHOD_GET, true, SLICE_INIT("/credentials"), ALLOW_CREDENTIALS, handle_credentials},
    {METHOD_DELETE, true, SLICE_INIT("/credentials"), ALLOW_ADMIN, handle_drop},
    {METHOD_POST, true, SLICE_INIT("/sign"), ALLOW_SIGN, handle_sign},
    {METHOD_POST, true, SLICE_INIT("/presign"), ALLOW_SIGN, handle_presign},
    {METHOD_POST, true, SLICE_INIT("/refresh"), ALLOW_ADMIN, handle_refresh},
    {METHOD_GET, true, SLICE_INIT("/login"), ALLOW_CREDENTIALS, handle_login_status},
    {METHOD_POST, true, SLICE_INIT("/login"), ALLOW_CREDENTIALS, handle_login},
    {METHOD_GET, true, SLICE_INIT(""), 0, handle_profile},
    {METHOD_GET, false, SLICE_INIT("/v1/profiles"), 0, handle_profiles},
    {METHOD_GET, false, SLICE_INIT("/livez"), 0, handle_livez},
    {METHOD_GET, false, SLICE_INIT("/readyz"), 0, handle_readyz},
    {METHOD_GET, false, SLICE_INIT("/metrics"), 0, handle_metrics},
    {METHOD_GET, false, SLICE_INIT("/version"), 0, handle_version},
};

static enum method method_of(struct slice method)
{
        if (slice_eq(method, SLICE("GET")) || slice_eq(method, SLICE("HEAD")))
                return METHOD_GET;
        if (slice_eq(method, SLICE("POST")))
                return METHOD_POST;
        return slice_eq(method, SLICE("DELETE")) ? METHOD_DELETE : METHOD_OTHER;
}

// Sets path and query. RFC 9112, 3.2: the absolute form is understood too; whose authority it names does not matter
// on a Unix socket.
static void split_target(struct request *r)
{
        struct slice target = r->message->head->target;
        if (target.p[0] != '/' && slice_starts_with(target, SLICE("http://"))) {
                target = slice_from(target, 7);
                target = slice_from(target, slice_find(target, '/'));
        }
        size_t n = slice_find(target, '?');
        r->path = slice_head(target, n);
        r->query = slice_from(target, n + 1);
}

// The rest of the path that rows are compared with, and the name where there is one.
static bool split_profile(struct slice path, struct slice *ret_name, struct slice *ret_rest)
{
        struct slice below = slice_from(path, sizeof(OF_PROFILES) - 1);
        if (below.n == 0 || !slice_starts_with(path, SLICE(OF_PROFILES)))
                return false;
        *ret_name = slice_head(below, slice_find(below, '/'));
        *ret_rest = slice_from(below, ret_name->n);
        return ret_name->n > 0;
}

static const struct route *find_route(bool has_profile, struct slice rest, enum method method, bool *ret_is_path)
{
        *ret_is_path = false;
        for (size_t i = 0; i < LENGTH(routes); i++) {
                const struct route *route = &routes[i];
                if (route->has_profile != has_profile || !slice_eq(route->path, rest))
                        continue;
                if (route->method == method)
                        return route;
                *ret_is_path = true;
        }
        return NULL;
}

static void refuse_method(struct request *r, bool has_profile, struct slice rest)
{
        static const char *const names[] = {"GET, HEAD", "POST", "DELETE"};
        char allow[80] = "Allow: ";
        size_t n = strlen(allow);
        for (size_t i = 0; i < LENGTH(routes); i++) {
                if (routes[i].has_profile != has_profile || !slice_eq(routes[i].path, rest))
                        continue;
                n += (size_t)snprintf(allow + n, sizeof(allow) - n, "%s%s", allow[n - 1] == ' ' ? "" : ", ",
                                      names[routes[i].method]);
        }
        (void)snprintf(allow + n, sizeof(allow) - n, "\r\n");
        problem_send(r, &(struct problem){.code = API_METHOD_NOT_ALLOWED,
                                          .detail = "this path does not take that method",
                                          .hint = "the header Allow names those it takes",
                                          .headers = allow});
}

// NULL: answered, as there is none of that name.
static const struct server_profile *find_profile(struct request *r, struct slice name)
{
        const struct server_profile *found = NULL;
        struct buffer *text = &r->server->text;
        buffer_reset(text);
        if (slice_find(name, '%') == name.n)
                found = server_find_profile(r->server, name);
        else if (text_percent_decode(name, text) == 0)
                found = server_find_profile(r->server, buffer_slice(text));
        if (!found && text->no_memory)
                problem_say(r, API_INTERNAL_ERROR, NULL, "out of memory");
        else if (!found)
                problem_say(r, API_PROFILE_NOT_FOUND, "GET /v1/profiles lists the profiles",
                            "no profile \"%.*s\" is configured", (int)slice_head(name, LIMIT_PROFILE_NAME).n,
                            (const char *)name.p);
        return found;
}

void router_handle(struct request *r, const struct outcome *o)
{
        struct slice name = {0};
        bool is_path = false;
        r->profile = NULL;
        if (r->message->head->target.n > LIMIT_HTTP_TARGET) {
                problem_say(r, API_INVALID_URL, NULL, "the request's target has more than %d bytes", LIMIT_HTTP_TARGET);
                return;
        }
        split_target(r);
        struct slice rest = r->path;
        bool has_profile = split_profile(r->path, &name, &rest);
        const struct route *route = find_route(has_profile, rest, method_of(r->message->head->method), &is_path);
        if (!route && is_path) {
                refuse_method(r, has_profile, rest);
                return;
        }
        if (!route) {
                problem_say(r, API_NOT_FOUND, "this version serves /v1/profiles, /livez, /readyz, /metrics, /version",
                            "there is no such path");
                return;
        }
        if (has_profile) {
                r->profile = find_profile(r, name);
                if (!r->profile || !access_check(r, route->scope))
                        return;
        }
        route->handle(r, o);
}
