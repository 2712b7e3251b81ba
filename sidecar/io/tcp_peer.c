// SPDX-License-Identifier: Apache-2.0
// Asks the kernel's socket diagnostics (sock_diag(7)), which any user may, for the socket at the other end. One
// question for each connection; the kernel answers before sendto() returns.
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sidecar/io/tcp_listen.h"

struct question {
        struct nlmsghdr header;
        struct inet_diag_req_v2 request;
};

static void put(const struct inet_address *a, __be16 *port, __be32 address[4])
{
        if (a->socket.any.sa_family == AF_INET6) {
                *port = a->socket.v6.sin6_port;
                memcpy(address, &a->socket.v6.sin6_addr, sizeof(a->socket.v6.sin6_addr));
        } else {
                *port = a->socket.v4.sin_port;
                address[0] = a->socket.v4.sin_addr.s_addr;
        }
}

static struct question ask_for(const struct inet_address *peer, const struct inet_address *own)
{
        struct question q = {
            .header = {.nlmsg_len = sizeof(q), .nlmsg_type = SOCK_DIAG_BY_FAMILY, .nlmsg_flags = NLM_F_REQUEST},
            .request = {.sdiag_family = (__u8)peer->socket.any.sa_family,
                        .sdiag_protocol = IPPROTO_TCP,
                        .idiag_states = ~0U,
                        .id = {.idiag_cookie = {INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE}}}};
        put(peer, &q.request.id.idiag_sport, q.request.id.idiag_src);
        put(own, &q.request.id.idiag_dport, q.request.id.idiag_dst);
        return q;
}

static uid_t receive(int netlink)
{
        union {
                struct nlmsghdr header;
                uint8_t bytes[1024];
        } answer;
        struct inet_diag_msg m;
        ssize_t n = recv(netlink, &answer, sizeof(answer), MSG_DONTWAIT);
        if (n < (ssize_t)(NLMSG_HDRLEN + sizeof(m)) || answer.header.nlmsg_type != SOCK_DIAG_BY_FAMILY)
                return PEER_UNKNOWN;
        memcpy(&m, answer.bytes + NLMSG_HDRLEN, sizeof(m));
        // A socket that its process has closed has no inode, and no user either: the kernel says 0 of it.
        return m.idiag_inode == 0 ? PEER_UNKNOWN : m.idiag_uid;
}

static uid_t user_of(const struct inet_address *peer, const struct inet_address *own)
{
        struct question q = ask_for(peer, own);
        uid_t uid = PEER_UNKNOWN;
        int netlink = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_SOCK_DIAG);
        if (netlink < 0)
                return PEER_UNKNOWN;
        if (send(netlink, &q, sizeof(q), MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)sizeof(q))
                uid = receive(netlink);
        (void)close(netlink);
        return uid;
}

int tcp_peer(int fd, struct peer *ret)
{
        struct inet_address peer = {0}, own;
        socklen_t size = sizeof(peer.socket);
        if (getpeername(fd, &peer.socket.any, &size) < 0 || inet_address_of_socket(fd, &own) < 0)
                return -1;
        *ret = (struct peer){.uid = user_of(&peer, &own), .gid = (gid_t)PEER_UNKNOWN};
        return 0;
}
