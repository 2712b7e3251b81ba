// SPDX-License-Identifier: Apache-2.0
#include "sidecar/server/sign_policy.h"

#include "proto/mem/length.h"
#include "proto/mem/text.h"

// --- hosts ---

static bool matches_host(struct slice name, uint64_t port, struct slice pattern)
{
        uint64_t wanted = port;
        struct slice host = slice_head(pattern, slice_find(pattern, ':'));
        if (host.n < pattern.n && (text_parse_u64(slice_from(pattern, host.n + 1), &wanted) < 0 || wanted != port))
                return false;
        if (!slice_starts_with(host, SLICE("*.")))
                return slice_eq(name, host);
        struct slice suffix = slice_from(host, 1);
        return name.n > suffix.n && slice_ends_with(name, suffix);
}

bool sign_policy_allows_host(const struct sign_limits *limits, struct slice name, uint64_t port)
{
        for (size_t i = 0; i < limits->hosts_count; i++)
                if (matches_host(name, port, slice_str(limits->hosts[i])))
                        return true;
        return limits->hosts_count == 0;
}

// --- paths ---

// The value of the escape that `s` begins with, or -1.
static int escape_of(struct slice s)
{
        int high = s.n >= 3 && s.p[0] == '%' ? text_hex_digit(s.p[1]) : -1;
        int low = high >= 0 ? text_hex_digit(s.p[2]) : -1;
        return low >= 0 ? high << 4 | low : -1;
}

static uint8_t next_decoded(struct slice *rest)
{
        int value = escape_of(*rest);
        uint8_t byte = value >= 0 ? (uint8_t)value : rest->p[0];
        *rest = slice_from(*rest, value >= 0 ? 3 : 1);
        return byte;
}

// Whether servers may differ about the place that a path leads to: it has dot segments, escapes within escapes, or a
// NUL. Some take a backslash for a slash, or cut parameters off a segment ("..;x").
static bool is_ambiguous(struct slice path)
{
        size_t length = 0; // of the segment so far
        bool is_dots = true;
        unsigned escape = 0; // bytes of an escape that was itself encoded: %252e
        while (path.n > 0) {
                uint8_t byte = next_decoded(&path);
                bool is_end = byte == '/' || byte == '\\';
                if (byte == '\0' || ((is_end || byte == ';') && length > 0 && length <= 2 && is_dots))
                        return true;
                length = is_end ? 0 : length + 1;
                is_dots = is_end || (is_dots && byte == '.');
                escape = byte == '%' ? 1 : escape > 0 && text_hex_digit(byte) >= 0 ? escape + 1 : 0;
                if (escape == 3)
                        return true;
        }
        return length > 0 && length <= 2 && is_dots;
}

// The next byte of a path. Escapes that mean another thing than their byte are numbers of their own.
static int next_unit(struct slice *rest)
{
        int value = escape_of(*rest);
        bool is_apart = value == '/' || value == '\\' || value == '+';
        return next_decoded(rest) + (is_apart ? 256 : 0);
}

static bool is_under(struct slice path, struct slice prefix)
{
        int last = 0;
        while (prefix.n > 0) {
                last = next_unit(&prefix);
                if (path.n == 0 || next_unit(&path) != last)
                        return false;
        }
        return last == '/' || path.n == 0 || path.p[0] == '/';
}

bool sign_policy_allows_path(const struct sign_limits *limits, struct slice path)
{
        if (limits->paths_count == 0)
                return true;
        if (is_ambiguous(path))
                return false;
        for (size_t i = 0; i < limits->paths_count; i++)
                if (is_under(path, slice_str(limits->paths[i])))
                        return true;
        return false;
}

// --- what else says which resource is meant ---

// Whether a name begins with `start`, in any case, encoded or not.
static bool begins_with(struct slice name, struct slice start)
{
        for (size_t i = 0; i < start.n; i++) {
                if (name.n == 0)
                        return false;
                uint8_t byte = next_decoded(&name);
                if ((byte >= 'A' && byte <= 'Z' ? byte + ('a' - 'A') : byte) != start.p[i])
                        return false;
        }
        return true;
}

// S3 copies and renames what these name. In the JSON protocols X-Amz-Target is the operation; their only path is "/".
static bool names_resource(struct slice name, struct slice path)
{
        return begins_with(name, SLICE("x-amz-copy-source")) || begins_with(name, SLICE("x-amz-rename-source")) ||
               (!slice_eq(path, SLICE("/")) && begins_with(name, SLICE("x-amz-target")));
}

// S3 takes headers from the query, too.
static bool names_other_resource(const struct sign_subject *s)
{
        for (size_t i = 0; i < s->headers_count; i++)
                if (names_resource(s->headers[i].name, s->path))
                        return true;
        for (struct slice rest = s->query, pair; rest.n > 0; rest = slice_from(rest, pair.n + 1)) {
                pair = slice_head(rest, slice_find(rest, '&'));
                if (names_resource(slice_head(pair, slice_find(pair, '=')), s->path))
                        return true;
        }
        return false;
}

// --- services and regions ---

static bool allows_name(const struct sign_limits *limits, char *const *list, size_t count, struct slice name,
                        struct slice implied, struct slice of_host)
{
        for (size_t i = 0; i < count; i++)
                if (slice_eq(slice_str(list[i]), name))
                        return true;
        return count == 0 && (limits->hosts_count == 0 || slice_eq(name, implied) || slice_eq(name, of_host));
}

// Each of the set that SigV4A signs for. A pattern is not a region, so that limits allow none.
static bool allows_regions(const struct sign_limits *limits, const struct sign_subject *s)
{
        struct slice region;
        for (struct slice rest = s->region; rest.n > 0; rest = slice_from(rest, region.n + 1)) {
                region = slice_head(rest, slice_find(rest, ','));
                if (!allows_name(limits, limits->regions, limits->regions_count, region, s->implied_region,
                                 s->host_region))
                        return false;
        }
        return true;
}

static bool allows_method(const struct sign_limits *limits, struct slice method)
{
        for (size_t i = 0; i < limits->methods_count; i++)
                if (slice_eq_ignore_case(slice_str(limits->methods[i]), method)) // it is signed in capitals
                        return true;
        return limits->methods_count == 0;
}

enum sign_verdict sign_policy_check(const struct sign_limits *limits, const struct sign_subject *s)
{
        if (!allows_method(limits, s->method))
                return SIGN_NOT_METHOD;
        if (!sign_policy_allows_host(limits, s->host, s->port))
                return SIGN_NOT_HOST;
        if (!sign_policy_allows_path(limits, s->path))
                return SIGN_NOT_PATH;
        if (limits->paths_count > 0 && names_other_resource(s))
                return SIGN_NOT_HEADER;
        if (s->service.n > 0 && !allows_name(limits, limits->services, limits->services_count, s->service,
                                             s->implied_service, s->host_service))
                return SIGN_NOT_SERVICE;
        if (!allows_regions(limits, s))
                return SIGN_NOT_REGION;
        return SIGN_ALLOWED;
}
