// SPDX-License-Identifier: Apache-2.0
// Splits a URL for signing. What could mean one thing here and another to the server that reads it is refused rather
// than repaired.
#include "proto/mem/text.h"
#include "proto/wire/limits.h"
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

// How many of the first bytes are of that kind.
static size_t span(struct slice s, const bool table[256])
{
        size_t n = 0;
        while (n < s.n && table[s.p[n]])
                n++;
        return n;
}

// Length of the host without its port: a name, or an IPv6 address in brackets. 0: neither.
static size_t host_length(struct slice rest)
{
        if (rest.n == 0 || rest.p[0] != '[')
                return span(rest, host_byte);
        size_t n = span(slice_from(rest, 1), literal_byte);
        return n > 0 && n + 1 < rest.n && rest.p[n + 1] == ']' ? n + 2 : 0;
}

static bool ends_authority(uint8_t byte)
{
        return byte == '/' || byte == '?' || byte == '#';
}

// Says what is wrong between "://" and the path.
static int refuse_authority(struct slice rest, size_t host_n, struct error *e)
{
        size_t n = 0;
        while (n < rest.n && !ends_authority(rest.p[n]))
                n++;
        if (slice_find(slice_head(rest, n), '@') < n)
                return refuse(e, "has user information before its host", "leave out what stands before the @");
        if (host_n > 0 && rest.p[host_n] == ':')
                return refuse(e, "has no valid port", "a port is a number from 1 to 65535 without leading zeros");
        return refuse(e, "has no valid host", "use https://host/path with a name or an address");
}

// Takes host and port off `rest`.
static int split_host(struct slice *rest, bool tls, struct sigv4_url *ret, struct error *e)
{
        size_t host_n = host_length(*rest), n = host_n;
        ret->host = slice_head(*rest, host_n);
        if (n > 0 && n < rest->n && rest->p[n] == ':') {
                uint64_t port = 0;
                struct slice digits = slice_from(*rest, n + 1);
                while (n + 1 < rest->n && !ends_authority(rest->p[n + 1]))
                        n++;
                n++;
                digits = slice_head(digits, n - host_n - 1);
                if (digits.n > 0 && (digits.p[0] == '0' || text_parse_u64(digits, &port) < 0 || port > 65535))
                        return refuse_authority(*rest, host_n, e);
                if (digits.n > 0 && port != (tls ? 443 : 80))
                        ret->host.n = n;
        }
        if (n == 0 || (n < rest->n && !ends_authority(rest->p[n])))
                return refuse_authority(*rest, host_n, e);
        *rest = slice_from(*rest, n);
        return 0;
}

enum { SEEN_CONTROL = 1, SEEN_FRAGMENT = 2, SEEN_HIGH = 4 };

// Without branches, so that the compiler can take many bytes at a time.
static unsigned look(struct slice s)
{
        unsigned char control = 0, fragment = 0, high = 0;
        for (size_t i = 0; i < s.n; i++) {
                unsigned char byte = s.p[i];
                control |= (unsigned char)((byte <= ' ') | (byte == 0x7f));
                fragment |= byte == '#';
                high |= byte;
        }
        return (control ? SEEN_CONTROL : 0u) | (fragment ? SEEN_FRAGMENT : 0u) | (high & 0x80 ? SEEN_HIGH : 0u);
}

static int check_target(struct slice path, struct slice query, struct error *e)
{
        unsigned in_path = look(path), in_query = look(query);
        if ((in_path | in_query) & SEEN_CONTROL)
                return refuse(e, "holds a blank or a control byte", "percent-encode it as it is on the wire");
        if ((in_path | in_query) & SEEN_FRAGMENT)
                return refuse(e, "has a fragment", "fragments are never sent: leave out # and what follows it");
        if (in_query & SEEN_HIGH)
                return refuse(e, "has bytes beyond ASCII in its query", "percent-encode them");
        if ((in_path & SEEN_HIGH) && !text_is_utf8(path))
                return refuse(e, "has bytes in its path that are not UTF-8", "percent-encode them");
        return 0;
}

int sigv4_parse_url(struct slice url, struct sigv4_url *ret, struct error *e)
{
        if (url.n > LIMIT_SIGN_URL) {
                error_set(e, ERROR_CONFIG, "the URL has %zu bytes", url.n);
                return error_hint(e, "at most %d can be signed", LIMIT_SIGN_URL);
        }
        bool tls = slice_eq_ignore_case(slice_head(url, 8), SLICE("https://"));
        if (!tls && !slice_eq_ignore_case(slice_head(url, 7), SLICE("http://")))
                return refuse(e, "starts with neither https:// nor http://", "use https://host/path?query");
        ret->scheme = slice_head(url, tls ? 5 : 4);
        struct slice rest = slice_from(url, ret->scheme.n + 3);
        if (split_host(&rest, tls, ret, e) < 0)
                return -1;
        size_t n = slice_find(rest, '?');
        ret->path = n > 0 ? slice_head(rest, n) : SLICE("/");
        ret->has_query = n < rest.n;
        ret->query = slice_from(rest, n + 1);
        return check_target(ret->path, ret->query, e);
}
