// SPDX-License-Identifier: Apache-2.0
#include "sidecar/server/router.h"

#include <stdio.h>

#include "proto/mem/length.h"
#include "proto/mem/text.h"
#include "sidecar/server/access.h"
#include "sidecar/server/exchange.h"
#include "sidecar/server/host_check.h"
#include "sidecar/server/listener.h"
#include "sidecar/server/problem.h"
#include "sidecar/server/state.h"

static const struct {
        enum route_method bit;
        struct slice name; // as requests and the header Allow have it
} methods[] = {
    {ROUTE_GET, SLICE_INIT("GET")},       {ROUTE_GET, SLICE_INIT("HEAD")}, {ROUTE_POST, SLICE_INIT("POST")},
    {ROUTE_DELETE, SLICE_INIT("DELETE")}, {ROUTE_PUT, SLICE_INIT("PUT")},
};

static unsigned method_of(struct slice method)
{
        if (slice_eq(method, SLICE("GET")))
                return ROUTE_GET;
        for (size_t i = 0; i < LENGTH(methods); i++)
                if (slice_eq(method, methods[i].name))
                        return methods[i].bit;
        return ROUTE_ANY;
}

// RFC 9112, 3.2: the absolute form is understood too; host_check.h judges whose authority it names.
void router_split_target(struct exchange *x)
{
        struct slice target = x->head->target;
        if (target.p[0] != '/' && slice_starts_with(target, SLICE("http://"))) {
                target = slice_from(target, 7);
                target = slice_from(target, slice_find(target, '/'));
        }
        size_t n = slice_find(target, '?');
        x->path = slice_head(target, n);
        x->query = slice_from(target, n + 1);
}

// *ret_name: of the profile, for ROUTE_PROFILE.
static bool matches(const struct route *route, struct slice path, struct slice *ret_name)
{
        if (route->match == ROUTE_EXACT || route->match == ROUTE_DEFAULT)
                return slice_eq(path, route->path);
        if (!slice_starts_with(path, route->path))
                return false;
        if (route->match == ROUTE_PREFIX)
                return true;
        struct slice below = slice_from(path, route->path.n);
        *ret_name = slice_head(below, slice_find(below, '/'));
        return ret_name->n > 0 && slice_eq(slice_from(below, ret_name->n), route->after);
}

// The route, or NULL with the methods that the path has routes for.
static const struct route *find_route(const struct listener *l, const struct api *api, struct slice path,
                                      unsigned method, struct slice *ret_name, unsigned *ret_methods)
{
        bool has_default = l->profile[0] || l->apis_count == 1; // else these paths may be another API's
        *ret_methods = 0;
        for (size_t i = 0; i < api->routes_count; i++) {
                const struct route *route = &api->routes[i];
                if ((route->match == ROUTE_DEFAULT && !has_default) || !matches(route, path, ret_name))
                        continue;
                if (route->methods & method)
                        return route;
                *ret_methods |= route->methods;
        }
        return NULL;
}

// The bytes after an unknown method may be something other than requests, as after CONNECT: they are not read.
static bool has_meaning(struct slice method)
{
        static const struct slice names[] = {SLICE_INIT("PATCH"), SLICE_INIT("OPTIONS")};
        for (size_t i = 0; i < LENGTH(names); i++)
                if (slice_eq(method, names[i]))
                        return true;
        return method_of(method) != ROUTE_ANY;
}

static void refuse_method(struct exchange *x, unsigned allowed)
{
        char allow[80] = "Allow: ";
        size_t n = strlen(allow);
        for (size_t i = 0; i < LENGTH(methods); i++)
                if (allowed & methods[i].bit)
                        n += (size_t)snprintf(allow + n, sizeof(allow) - n, "%s%s", allow[n - 1] == ' ' ? "" : ", ",
                                              (const char *)methods[i].name.p);
        (void)snprintf(allow + n, sizeof(allow) - n, "\r\n");
        problem_send(x, &(struct problem){.code = API_METHOD_NOT_ALLOWED,
                                          .detail = "method not allowed for this path",
                                          .hint = "use a method that the header Allow lists",
                                          .headers = allow,
                                          .closes = !has_meaning(x->head->method)});
}

// Sets the profile. False: answered, as the peer may see no profile of that name.
static bool find_profile(struct exchange *x, struct slice name)
{
        struct buffer *text = &x->server->text;
        x->has_profile = true;
        if (slice_find(name, '%') == name.n) {
                x->profile = server_find_profile(x->server, name);
        } else {
                if (text_percent_decode(name, text) == 0)
                        x->profile = server_find_profile(x->server, buffer_slice(text));
                bool has_memory = !text->no_memory;
                buffer_reset(text);
                if (!has_memory) {
                        problem_send_no_memory(x);
                        return false;
                }
        }
        if (x->profile && access_may_see(x->profile, x->peer))
                return true;
        access_refuse_unseen(x, name, x->route->scope);
        return false;
}

static void use_api(struct exchange *x, size_t i)
{
        x->api = x->listener->apis[i];
        x->counts = x->listener->counts[i];
        x->memory.api = i;
}

static bool is_remembered(const struct exchange *x, unsigned method)
{
        const struct route_memory *m = &x->memory;
        struct slice target = x->head->target;
        return m->target_n == target.n && m->method == method && m->profiles_version == x->server->profiles_version &&
               memcmp(m->target, target.p, target.n) == 0;
}

// False: answered.
static bool recall(struct exchange *x)
{
        const struct route_memory *m = &x->memory;
        x->path = x->head->target;
        x->query = (struct slice){0};
        x->api = x->listener->apis[m->api];
        x->counts = x->listener->counts[m->api];
        x->route = m->route;
        x->profile = m->profile;
        x->has_profile = m->profile;
        return !x->api->admit || x->api->admit(x);
}

// Remembers the route of a request that was allowed. The next request comes from the same peer, so its access need not
// be checked again.
static void remember(struct exchange *x, unsigned method)
{
        struct route_memory *m = &x->memory;
        struct slice target = x->head->target;
        m->target_n = 0;
        if (target.n > sizeof(m->target) || slice_find(target, '?') < target.n || target.p[0] != '/')
                return;
        m->profiles_version = x->server->profiles_version;
        m->method = method;
        m->route = x->route;
        m->profile = x->profile;
        m->target_n = target.n;
        memcpy(m->target, target.p, target.n);
}

// Sets api and route. False: answered.
static bool find(struct exchange *x, unsigned method, struct slice *ret_name)
{
        const struct listener *l = x->listener;
        unsigned allowed = 0;
        for (size_t i = 0; i < l->apis_count && !x->route && !allowed; i++) {
                x->route = find_route(l, l->apis[i], x->path, method, ret_name, &allowed);
                if (x->route || allowed)
                        use_api(x, i);
        }
        if (x->api->admit && !x->api->admit(x))
                return false;
        if (!x->route && (allowed || !has_meaning(x->head->method)))
                refuse_method(x, allowed);
        else if (!x->route)
                problem_sendf(x, API_NOT_FOUND, x->api->paths_hint, "there is no such path");
        return x->route;
}

// False: answered.
static bool find_default(struct exchange *x, struct slice *ret_name)
{
        *ret_name = slice_str(x->listener->profile);
        if (ret_name->n > 0)
                return true;
        problem_sendf(x, API_NOT_FOUND, x->api->paths_hint, "this listener has no \"profile\"");
        return false;
}

// Sets all, by the head. False: answered.
static bool look_up(struct exchange *x, unsigned method)
{
        struct slice name = {0};
        if (slice_eq(x->head->method, SLICE("CONNECT"))) { // even if a route accepts any method
                refuse_method(x, 0);
                return false;
        }
        if (x->head->target.n > LIMIT_HTTP_TARGET) {
                problem_sendf(x, API_INVALID_URL, NULL, "the request's target has more than %d bytes",
                              LIMIT_HTTP_TARGET);
                return false;
        }
        router_split_target(x);
        if (!find(x, method, &name))
                return false;
        if (x->route->match == ROUTE_DEFAULT && !find_default(x, &name))
                return false;
        if (name.n > 0 && (!find_profile(x, name) || !access_check(x, x->route->scope)))
                return false;
        remember(x, method);
        return true;
}

// A command that the agent runs must not wait for credentials that the agent needs that command for.
static bool may_ask(struct exchange *x)
{
        const struct server_commands *commands = &x->server->deps.commands;
        if (x->command == 0 || !x->profile || !x->route->resume ||
            commands->may_ask(commands->context, x->command, x->profile))
                return true;
        problem_sendf(x, API_LOOP_DETECTED,
                      "let the credential_process ask for another profile: the one that provides the credentials",
                      "profile %s needs the command that asks for it (process %d)", x->profile->name, (int)x->command);
        return false;
}

bool router_route(struct exchange *x)
{
        unsigned method = method_of(x->head->method);
        x->is_head = method == ROUTE_GET && x->head->method.n == sizeof("HEAD") - 1;
        if (listener_is_tcp(x->listener) && !host_check_admit(x))
                return false;
        if (!(is_remembered(x, method) ? recall(x) : look_up(x, method)) || !may_ask(x))
                return false;
        if (x->head->content_length <= x->route->body_max)
                return true;
        problem_sendf(x, API_BODY_TOO_LARGE, "to sign a large payload, send its hash as payload_sha256",
                      "the body of the request is too large");
        return false;
}
