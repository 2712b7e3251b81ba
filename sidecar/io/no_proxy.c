// SPDX-License-Identifier: Apache-2.0
#include "sidecar/io/no_proxy.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "proto/mem/text.h"

struct address {
        uint8_t bytes[16];
        unsigned bits; // 32 or 128; 0: not an address
};

static struct address read_address(struct slice text)
{
        struct address a = {.bits = 0};
        char copy[INET6_ADDRSTRLEN] = "";
        if (text.n == 0 || text.n >= sizeof(copy))
                return a;
        memcpy(copy, text.p, text.n);
        if (inet_pton(AF_INET, copy, a.bytes) == 1)
                a.bits = 32;
        else if (inet_pton(AF_INET6, copy, a.bytes) == 1)
                a.bits = 128;
        return a;
}

// Whether the first `n` bits of both are the same.
static bool share_bits(const struct address *a, const struct address *b, uint64_t n)
{
        if (a->bits != b->bits || a->bits == 0 || n > a->bits)
                return false;
        size_t whole = (size_t)n / 8;
        unsigned rest = (unsigned)n % 8;
        unsigned mask = rest ? 0xffU << (8 - rest) & 0xffU : 0;
        return memcmp(a->bytes, b->bytes, whole) == 0 &&
               (rest == 0 || ((a->bytes[whole] ^ b->bytes[whole]) & mask) == 0);
}

static bool exempts_address(struct slice entry, const struct address *host)
{
        size_t slash = slice_find(entry, '/');
        struct address block = read_address(slice_head(entry, slash));
        uint64_t bits = block.bits;
        if (slash < entry.n && text_parse_u64(slice_from(entry, slash + 1), &bits) < 0)
                return false;
        return share_bits(&block, host, bits);
}

static struct slice without_end_dot(struct slice name)
{
        return slice_ends_with(name, SLICE(".")) ? slice_head(name, name.n - 1) : name;
}

static bool exempts_name(struct slice entry, struct slice host)
{
        while (slice_starts_with(entry, SLICE(".")))
                entry = slice_from(entry, 1);
        entry = without_end_dot(entry);
        host = without_end_dot(host);
        if (entry.n == 0 || entry.n > host.n)
                return false;
        struct slice end = slice_from(host, host.n - entry.n);
        return slice_eq_ignore_case(end, entry) && (end.n == host.n || host.p[host.n - end.n - 1] == '.');
}

// Removes a port, and the brackets around an IPv6 address, from *entry. False: another port, or invalid.
static bool take_port(struct slice *entry, uint16_t port)
{
        uint64_t number;
        bool is_bracketed = slice_starts_with(*entry, SLICE("["));
        size_t end = slice_find(*entry, is_bracketed ? ']' : ':');
        struct slice rest = slice_from(*entry, is_bracketed ? end + 1 : end);
        if (is_bracketed && end == entry->n)
                return false;
        if (!is_bracketed && slice_find(slice_from(rest, 1), ':') < rest.n - (rest.n > 0))
                return true; // an IPv6 address has colons of its own
        *entry = slice_from(slice_head(*entry, end), is_bracketed ? 1 : 0);
        if (slice_is_empty(rest))
                return true;
        return rest.p[0] == ':' && text_parse_u64(slice_from(rest, 1), &number) == 0 && number == port;
}

static bool is_separator(uint8_t c)
{
        return c == ',' || c == ' ' || c == '\t';
}

bool no_proxy_exempts(struct slice list, struct slice host, uint16_t port)
{
        struct address address = read_address(host);
        if (slice_eq(slice_trim(list), SLICE("*")))
                return true;
        while (list.n > 0) {
                size_t n = 0;
                while (n < list.n && !is_separator(list.p[n]))
                        n++;
                struct slice entry = slice_head(list, n);
                list = slice_from(list, n < list.n ? n + 1 : n);
                if (take_port(&entry, port) &&
                    (address.bits ? exempts_address(entry, &address) : exempts_name(entry, host)))
                        return true;
        }
        return false;
}
