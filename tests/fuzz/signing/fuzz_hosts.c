// SPDX-License-Identifier: Apache-2.0
// Hosts, one a line. Invariants: a port and the root's dot change nothing; a region is one of the host's labels or one
// of the table's; nothing is known of a name below another domain; a service needs one of AWS's domains and has a
// region.
#include <ctype.h>
#include <string.h>

#include "sidecar/signing/hosts.h"
#include "tests/fuzz/fuzz.h"

static bool is_same(const struct host_scope *a, const struct host_scope *b)
{
        return slice_eq(a->service, b->service) && slice_eq(a->region, b->region) &&
               a->is_any_region == b->is_any_region;
}

static bool consists_of_name_bytes(struct slice s)
{
        for (size_t i = 0; i < s.n; i++)
                if (!isalnum(s.p[i]) && s.p[i] != '-' && s.p[i] != '_')
                        return false;
        return true;
}

static struct host_scope with(char *text, struct slice host, const char *end)
{
        memcpy(text, host.p, host.n);
        memcpy(text + host.n, end, strlen(end) + 1);
        return host_scope(slice_str(text), SLICE("/"));
}

static void check(struct slice host)
{
        char text[HOST_SCOPE_MAX + 64];
        const struct host_scope scope = host_scope(host, SLICE("/"));
        must(consists_of_name_bytes(scope.service) && consists_of_name_bytes(scope.region));
        must(scope.service.n == 0 || scope.region.n > 0);
        if (host.n >= HOST_SCOPE_MAX || slice_find(host, '\0') < host.n)
                return;
        bool is_bare = slice_find(host, ':') == host.n && !slice_ends_with(host, SLICE("."));
        struct host_scope other = with(text, host, ":8443");
        must(!is_bare || is_same(&scope, &other));
        other = with(text, host, ".");
        must(!is_bare || is_same(&scope, &other));
        other = with(text, host, ".evil.example");
        must(!is_bare || (other.service.n == 0 && other.region.n == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct slice rest = slice_of(data, size);
        while (rest.n > 0) {
                struct slice line = slice_head(rest, slice_find(rest, '\n'));
                rest = slice_from(rest, line.n + 1);
                check(line);
        }
        return 0;
}
