// SPDX-License-Identifier: Apache-2.0
#include "sidecar/server/sign_policy.h"

#include "sidecar/server/server.h"

struct slice sign_policy_host_name(struct slice host)
{
        if (host.n > 0 && host.p[0] == '[') // an IPv6 address has colons of its own
                return slice_head(host, slice_find(host, ']') + 1);
        return slice_head(host, slice_find(host, ':'));
}

static bool matches_host(struct slice name, struct slice pattern)
{
        if (!slice_starts_with(pattern, SLICE("*.")))
                return slice_eq_ignore_case(name, pattern);
        struct slice suffix = slice_from(pattern, 1);
        return name.n > suffix.n && slice_eq_ignore_case(slice_from(name, name.n - suffix.n), suffix);
}

bool sign_policy_allows_host(const struct server_profile *profile, struct slice host)
{
        struct slice name = sign_policy_host_name(host);
        for (size_t i = 0; i < profile->sign.hosts_count; i++)
                if (matches_host(name, slice_str(profile->sign.hosts[i])))
                        return true;
        return profile->sign.hosts_count == 0;
}

// The next byte of a path, %2E and %2F decoded, for whoever reads it may do so.
static uint8_t next_byte(struct slice *rest)
{
        struct slice head = slice_head(*rest, 3);
        size_t n = 1;
        uint8_t byte = rest->p[0];
        if (slice_eq_ignore_case(head, SLICE("%2e"))) {
                n = 3;
                byte = '.';
        } else if (slice_eq_ignore_case(head, SLICE("%2f")) || byte == '\\' ||
                   slice_eq_ignore_case(head, SLICE("%5c"))) {
                n = byte == '\\' ? 1 : 3;
                byte = '/';
        }
        *rest = slice_from(*rest, n);
        return byte;
}

static bool has_dot_segment(struct slice path)
{
        size_t length = 0; // of the segment so far
        bool is_dots = true;
        while (path.n > 0) {
                uint8_t byte = next_byte(&path);
                if (byte == '/') {
                        if (length > 0 && length <= 2 && is_dots)
                                return true;
                        length = 0;
                        is_dots = true;
                } else {
                        length++;
                        is_dots = is_dots && byte == '.';
                }
        }
        return length > 0 && length <= 2 && is_dots;
}

static bool is_under(struct slice path, struct slice prefix)
{
        if (!slice_starts_with(path, prefix))
                return false;
        bool ends_segment = prefix.n > 0 && prefix.p[prefix.n - 1] == '/';
        return ends_segment || path.n == prefix.n || path.p[prefix.n] == '/';
}

bool sign_policy_allows_path(const struct server_profile *profile, struct slice path)
{
        if (profile->sign.paths_count == 0)
                return true;
        if (has_dot_segment(path))
                return false;
        for (size_t i = 0; i < profile->sign.paths_count; i++)
                if (is_under(path, slice_str(profile->sign.paths[i])))
                        return true;
        return false;
}
