// SPDX-License-Identifier: Apache-2.0
// Owns values_check_endpoint(): which base URLs credentials may be fetched from.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "proto/mem/text.h"
#include "sidecar/config/values.h"

#define HOST_MAX 253

static bool is_host_name(struct slice host)
{
        return host.n > 0 && host.n <= HOST_MAX && host.p[0] != '.' && host.p[0] != '-' && text_is_all_of(host, "-._");
}

static bool is_near_v4(struct slice host)
{
        char text[INET_ADDRSTRLEN] = "";
        struct in_addr address;
        if (host.n >= sizeof(text))
                return false;
        memcpy(text, host.p, host.n);
        if (inet_pton(AF_INET, text, &address) != 1)
                return false;
        uint32_t a = ntohl(address.s_addr);
        return a >> 24 == 127 || a >> 16 == 0xa9fe; // 127.0.0.0/8, 169.254.0.0/16
}

// An address between brackets. `*ret_near`: loopback or link-local.
static bool is_v6(struct slice host, bool *ret_near)
{
        static const uint8_t aws[4] = {0xfd, 0x00, 0x0e, 0xc2}; // fd00:ec2::/32, AWS's link-local services in IPv6
        char text[INET6_ADDRSTRLEN] = "";
        struct in6_addr address;
        if (host.n < 3 || host.n - 2 >= sizeof(text) || host.p[host.n - 1] != ']')
                return false;
        memcpy(text, host.p + 1, host.n - 2);
        if (inet_pton(AF_INET6, text, &address) != 1)
                return false;
        *ret_near = IN6_IS_ADDR_LOOPBACK(&address) || IN6_IS_ADDR_LINKLOCAL(&address) ||
                    memcmp(address.s6_addr, aws, sizeof(aws)) == 0;
        return true;
}

static bool is_port(struct slice text)
{
        uint64_t port;
        return text_parse_u64(text, &port) == 0 && port >= 1 && port <= 65535;
}

static bool is_path(struct slice text)
{
        return text.n == 0 || values_is_url_path(text);
}

enum values_url values_check_endpoint(struct slice url)
{
        bool is_plain = slice_eq_ignore_case(slice_head(url, 7), SLICE("http://"));
        if (!is_plain && !slice_eq_ignore_case(slice_head(url, 8), SLICE("https://")))
                return VALUES_URL_BAD;
        struct slice rest = slice_from(url, is_plain ? 7 : 8);
        struct slice authority = slice_head(rest, slice_find(rest, '/'));
        if (!is_path(slice_from(rest, authority.n)) || authority.n == 0)
                return VALUES_URL_BAD;

        bool is_near = false;
        bool is_bracketed = authority.p[0] == '[';
        size_t host_n = slice_find(authority, is_bracketed ? ']' : ':') + (is_bracketed ? 1 : 0);
        struct slice host = slice_head(authority, host_n);
        struct slice port = slice_from(authority, host.n);
        if (port.n && (port.p[0] != ':' || !is_port(slice_from(port, 1))))
                return VALUES_URL_BAD;
        if (is_bracketed) {
                if (!is_v6(host, &is_near))
                        return VALUES_URL_BAD;
        } else {
                if (!is_host_name(host))
                        return VALUES_URL_BAD;
                is_near = slice_eq_ignore_case(host, SLICE("localhost")) || is_near_v4(host);
        }
        return is_plain && !is_near ? VALUES_URL_PLAIN : VALUES_URL_GOOD;
}
