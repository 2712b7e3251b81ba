// SPDX-License-Identifier: Apache-2.0
// The host of a URL, as clients put it into the Host header.
#include "sidecar/signing/sigv4_host.h"

#include <arpa/inet.h>

#include "proto/mem/text.h"
#include "sidecar/signing/put.h"

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

static enum sigv4_host_fault fault_of(struct slice authority, size_t host_n)
{
        if (slice_find(authority, '@') < authority.n)
                return SIGV4_HOST_USER;
        return host_n > 0 && authority.p[host_n] == ':' ? SIGV4_HOST_PORT : SIGV4_HOST_INVALID;
}

// "2001:DB8:0:0:0:0:0:7" gives "2001:db8::7".
static size_t write_ipv6(struct slice address, char out[SIGV4_HOST_MAX])
{
        char text[INET6_ADDRSTRLEN];
        struct in6_addr parsed;
        if (address.n >= sizeof(text))
                return 0;
        memcpy(text, address.p, address.n);
        text[address.n] = '\0';
        if (inet_pton(AF_INET6, text, &parsed) != 1 || !inet_ntop(AF_INET6, &parsed, out + 1, INET6_ADDRSTRLEN))
                return 0;
        size_t n = strlen(out + 1);
        out[0] = '[';
        out[n + 1] = ']';
        return n + 2;
}

// Writes the host without its port. "ES.Example" gives "es.example"; every way to write an address in numbers, such as
// "0x7f.1", gives "127.0.0.1". 0: neither a name nor an address.
static size_t write_host(struct slice host, char out[SIGV4_HOST_MAX])
{
        struct in_addr parsed;
        if (host.n >= SIGV4_HOST_MAX)
                return 0;
        if (host.p[0] == '[')
                return write_ipv6(slice_of(host.p + 1, host.n - 2), out);
        put_lower((uint8_t *)out, host);
        out[host.n] = '\0';
        if (out[0] < '0' || out[0] > '9' || !inet_aton(out, &parsed))
                return host.n;
        return inet_ntop(AF_INET, &parsed, out, INET_ADDRSTRLEN) ? strlen(out) : 0;
}

enum sigv4_host_fault sigv4_host_write(struct slice authority, uint64_t default_port, char out[SIGV4_HOST_MAX],
                                       size_t *ret_n)
{
        uint64_t port = 0;
        size_t host_n = host_length(authority);
        struct slice digits = slice_from(authority, host_n + 1);
        if (host_n == 0 || (host_n < authority.n && authority.p[host_n] != ':') ||
            (digits.n > 0 && (digits.p[0] == '0' || text_parse_u64(digits, &port) < 0 || port > 65535)))
                return fault_of(authority, host_n);
        size_t n = write_host(slice_head(authority, host_n), out);
        bool sends_port = digits.n > 0 && port != default_port;
        if (n == 0 || (sends_port && n + 1 + digits.n > SIGV4_HOST_MAX))
                return SIGV4_HOST_INVALID;
        if (sends_port) {
                out[n] = ':';
                memcpy(out + n + 1, digits.p, digits.n);
                n += 1 + digits.n;
        }
        *ret_n = n;
        return SIGV4_HOST_OK;
}
