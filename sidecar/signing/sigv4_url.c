// SPDX-License-Identifier: Apache-2.0
// Splits a URL for signing. What could mean one thing here and another to the server that reads it is refused rather
// than repaired.
#include "proto/mem/text.h"
#include "proto/wire/limits.h"
#include "sidecar/signing/scan.h"
#include "sidecar/signing/sigv4.h"

static int refuse(struct error *e, const char *what, const char *hint)
{
        error_set(e, ERROR_CONFIG, "the URL %s", what);
        return error_hint(e, "%s", hint);
}

static const bool host_byte[256] = {
    ['A' ... 'Z'] = true, ['a' ... 'z'] = true, ['0' ... '9'] = true, ['-'] = true, ['.'] = true, ['_'] = true,
};

static const bool literal_byte[256] = {
    ['A' ... 'F'] = true, ['a' ... 'f'] = true, ['0' ... '9'] = true, [':'] = true, ['.'] = true,
};

// Length of the host without its port: a name, or an IPv6 address in brackets. 0: neither.
static size_t host_length(struct slice authority)
{
        if (authority.n == 0 || authority.p[0] != '[')
                return scan_span(authority, host_byte);
        size_t n = 1;
        while (n < authority.n && literal_byte[authority.p[n]])
                n++;
        return n > 1 && n < authority.n && authority.p[n] == ']' ? n + 1 : 0;
}

static int refuse_authority(struct slice authority, size_t host_n, struct error *e)
{
        if (slice_find(authority, '@') < authority.n)
                return refuse(e, "has user information before its host", "leave out what stands before the @");
        if (host_n > 0 && authority.p[host_n] == ':')
                return refuse(e, "has no valid port", "a port is a number from 1 to 65535 without leading zeros");
        return refuse(e, "has no valid host", "use https://host/path with a name or an address");
}

// Takes host and port off `rest`.
static int split_host(struct slice *rest, bool tls, struct sigv4_url *ret, struct error *e)
{
        size_t host_n = host_length(*rest), n = host_n;
        while (n < rest->n && rest->p[n] != '/' && rest->p[n] != '?' && rest->p[n] != '#')
                n++;
        struct slice authority = slice_head(*rest, n);
        *rest = slice_from(*rest, n);
        ret->host = authority;
        if (host_n > 0 && host_n == n)
                return 0;
        uint64_t port = 0;
        struct slice digits = slice_from(authority, host_n + 1);
        if (host_n == 0 || authority.p[host_n] != ':' ||
            (digits.n > 0 && (digits.p[0] == '0' || text_parse_u64(digits, &port) < 0 || port > 65535)))
                return refuse_authority(authority, host_n, e);
        if (digits.n == 0 || port == (tls ? 443 : 80))
                ret->host = slice_head(authority, host_n);
        return 0;
}

// What may stand in a path or a query without a second look: printable ASCII but "#", and "?" only in a query.
static const bool path_byte[256] = {['!' ... '"'] = true, ['$' ... '>'] = true, ['@' ... '~'] = true};

static int refuse_byte(uint8_t byte, struct error *e)
{
        if (byte == '#')
                return refuse(e, "has a fragment", "fragments are never sent: leave out # and what follows it");
        return refuse(e, "holds a blank or a control byte", "percent-encode it as it is on the wire");
}

static int check_query(struct slice query, struct error *e)
{
        size_t n = scan_span(query, path_byte);
        while (n < query.n && (path_byte[query.p[n]] || query.p[n] == '?'))
                n++;
        if (n == query.n)
                return 0;
        if (query.p[n] >= 0x80)
                return refuse(e, "has bytes beyond ASCII in its query", "percent-encode them");
        return refuse_byte(query.p[n], e);
}

// Takes the path off `rest`.
static int split_path(struct slice *rest, struct slice *ret_path, struct error *e)
{
        size_t n = scan_span(*rest, path_byte);
        bool is_ascii = n == rest->n || rest->p[n] < 0x80;
        while (n < rest->n && (path_byte[rest->p[n]] || rest->p[n] >= 0x80))
                n++;
        *ret_path = n > 0 ? slice_head(*rest, n) : SLICE("/");
        *rest = slice_from(*rest, n);
        if (rest->n > 0 && rest->p[0] != '?')
                return refuse_byte(rest->p[0], e);
        if (!is_ascii && !text_is_utf8(*ret_path))
                return refuse(e, "has bytes in its path that are not UTF-8", "percent-encode them");
        return 0;
}

int sigv4_parse_url(struct slice url, struct sigv4_url *ret, struct error *e)
{
        if (url.n > LIMIT_SIGN_URL) {
                error_set(e, ERROR_CONFIG, "the URL has %zu bytes", url.n);
                return error_hint(e, "at most %d can be signed", LIMIT_SIGN_URL);
        }
        bool tls =
            slice_starts_with(url, SLICE("https://")) || slice_eq_ignore_case(slice_head(url, 8), SLICE("https://"));
        if (!tls && !slice_eq_ignore_case(slice_head(url, 7), SLICE("http://")))
                return refuse(e, "starts with neither https:// nor http://", "use https://host/path?query");
        ret->scheme = slice_head(url, tls ? 5 : 4);
        struct slice rest = slice_from(url, ret->scheme.n + 3);
        if (split_host(&rest, tls, ret, e) < 0 || split_path(&rest, &ret->path, e) < 0)
                return -1;
        ret->has_query = rest.n > 0;
        ret->query = slice_from(rest, 1);
        return ret->has_query ? check_query(ret->query, e) : 0;
}
