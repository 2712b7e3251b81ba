// SPDX-License-Identifier: Apache-2.0
#include "sidecar/server/host_check.h"

#include "proto/mem/text.h"
#include "sidecar/server/exchange.h"
#include "sidecar/server/listener.h"
#include "sidecar/server/problem.h"

// Splits "host:port", "[v6]:port", or either without the port. False: the port is another than the listener's.
static bool split_port(const struct listener *l, struct slice authority, struct slice *ret_host)
{
        bool is_v6 = authority.n > 0 && authority.p[0] == '[';
        size_t n = is_v6 ? slice_find(authority, ']') + 1 : slice_find(authority, ':');
        *ret_host = slice_head(authority, n);
        if (n >= authority.n)
                return true;
        uint64_t port = 0;
        return authority.p[n] == ':' && text_parse_u64(slice_from(authority, n + 1), &port) == 0 &&
               port == inet_address_port(&l->address);
}

static bool is_standard_loopback(const struct inet_address *host)
{
        static const struct slice both[] = {SLICE_INIT("127.0.0.1"), SLICE_INIT("[::1]")};
        struct inet_address a;
        for (size_t i = 0; i < 2; i++)
                if (inet_address_parse_host(both[i], &a) == 0 && inet_address_has_same_host(host, &a))
                        return true;
        return false;
}

static bool is_own(const struct listener *l, struct slice authority)
{
        struct slice name = {0};
        struct inet_address host;
        bool is_loopback = inet_address_is_loopback(&l->address);
        if (slice_eq(authority, slice_str(l->own_host)))
                return true;
        if (!split_port(l, authority, &name))
                return false;
        if (is_loopback && slice_eq_ignore_case(name, SLICE("localhost")))
                return true;
        if (inet_address_parse_host(name, &host) < 0)
                return false;
        return inet_address_is_any(&l->address) || inet_address_has_same_host(&host, &l->address) ||
               (is_loopback && is_standard_loopback(&host));
}

static bool takes_any(const struct listener *l)
{
        return l->apis_count == 1 && l->apis[0]->has_no_secrets && !inet_address_is_loopback(&l->address);
}

// One header Host, and it is the listener's.
static bool has_own_host(const struct exchange *x)
{
        unsigned count = 0;
        for (size_t i = 0; i < x->head->headers_count; i++) {
                if (!slice_eq_ignore_case(x->head->headers[i].name, SLICE("host")))
                        continue;
                count++;
                if (!is_own(x->listener, x->head->headers[i].value))
                        return false;
        }
        return count == 1;
}

static bool has_own_target(const struct exchange *x)
{
        struct slice target = x->head->target;
        if (target.p[0] == '/')
                return true;
        size_t n = sizeof("http://") - 1;
        if (target.n < n || !slice_eq_ignore_case(slice_head(target, n), SLICE("http://")))
                return true; // no route is like that
        target = slice_from(target, n);
        return is_own(x->listener, slice_head(target, slice_find(target, '/')));
}

bool host_check_admit(struct exchange *x)
{
        if (takes_any(x->listener) || (has_own_host(x) && has_own_target(x)))
                return true;
        problem_sendf(x, API_MISDIRECTED_REQUEST, "use the listener's address in the URL, not a name for it",
                      "the host in the request is not %s", x->listener->own_host);
        return false;
}
