// SPDX-License-Identifier: Apache-2.0
#include "sidecar/io/tcp_listen.h"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proto/mem/length.h"
#include "tests/unit/unit.h"

enum { OTHER_UID = 54321 };

static struct inet_address at(const char *text)
{
        struct inet_address a;
        assert_int_equal(inet_address_parse(slice_str(text), &a), 0);
        return a;
}

static int listen_at(const char *text, struct inet_address *ret)
{
        struct error e = {0};
        *ret = at(text);
        int fd = tcp_listen_open(ret, &e);
        if (fd < 0)
                fail_msg("%s", e.message);
        assert_int_equal(inet_address_of_socket(fd, ret), 0);
        return fd;
}

static int connect_to(const struct inet_address *to)
{
        int fd = socket(to->socket.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        return connect(fd, &to->socket.any, inet_address_size(to)) < 0 ? -1 : fd;
}

static int accept_from(int fd)
{
        struct pollfd p = {.fd = fd, .events = POLLIN};
        assert_int_equal(poll(&p, 1, 20000), 1);
        int accepted = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
        assert_true(accepted >= 0);
        return accepted;
}

static void listens_on_both_families(void **state)
{
        static const char *const addresses[] = {"127.0.0.1:0", "[::1]:0"};
        (void)state;
        for (size_t i = 0; i < LENGTH(addresses); i++) {
                struct inet_address a;
                struct peer peer;
                int value = 0;
                socklen_t size = sizeof(value);
                int fd = listen_at(addresses[i], &a);
                assert_true(inet_address_port(&a) > 0);
                assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
                assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
                int client = connect_to(&a);
                int accepted = accept_from(fd);
                assert_int_equal(getsockopt(accepted, IPPROTO_TCP, TCP_NODELAY, &value, &size), 0);
                assert_int_equal(value, 1);
                int next = dup(fd);
                close(next);
                assert_int_equal(tcp_peer(accepted, &peer), 0);
                assert_int_equal(dup(fd), next); // it keeps no descriptor
                close(next);
                assert_int_equal(peer.uid, geteuid());
                assert_int_equal(peer.gid, (gid_t)-1);
                assert_int_equal(peer.pid, 0);
                close(client);
                assert_true(tcp_peer(accepted, &peer) < 0 || peer.uid == PEER_UNKNOWN); // whoever it was has gone
                close(accepted);
                close(fd);
        }
}

// Whoever wants both families lists both: an IPv4 peer would have another form of address.
static void listens_on_ipv6_alone(void **state)
{
        struct inet_address a, v4 = at("127.0.0.1:0");
        (void)state;
        int fd = listen_at("[::]:0", &a);
        v4.socket.v4.sin_port = a.socket.v6.sin6_port;
        assert_int_equal(connect_to(&v4), -1);
        close(fd);
}

// Accepted sockets have it from the listening one.
static void limits_hops(void **state)
{
        static const struct {
                const char *address;
                int level, option;
        } rows[] = {{"127.0.0.1:0", IPPROTO_IP, IP_TTL}, {"[::1]:0", IPPROTO_IPV6, IPV6_UNICAST_HOPS}};
        struct error e = {0};
        (void)state;
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct inet_address a;
                int value = 0;
                socklen_t size = sizeof(value);
                int fd = listen_at(rows[i].address, &a);
                assert_int_equal(tcp_listen_limit_hops(fd, &e), 0);
                int client = connect_to(&a);
                int accepted = accept_from(fd);
                assert_int_equal(getsockopt(accepted, rows[i].level, rows[i].option, &value, &size), 0);
                assert_int_equal(value, 1);
                close(client);
                close(accepted);
                close(fd);
        }
        assert_int_equal(tcp_listen_limit_hops(-1, &e), -1);
}

// Whoever made the socket, whatever happens to its descriptor afterwards.
static void names_another_user(void **state)
{
        struct inet_address a;
        struct peer peer;
        int status = 0;
        (void)state;
        if (geteuid() != 0)
                skip();
        int fd = listen_at("127.0.0.1:0", &a);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
                char byte;
                if (setgid(OTHER_UID) < 0 || setuid(OTHER_UID) < 0)
                        _exit(1);
                int client = connect_to(&a);
                _exit(client >= 0 && read(client, &byte, 1) == 1 ? 0 : 2);
        }
        int accepted = accept_from(fd);
        assert_int_equal(tcp_peer(accepted, &peer), 0);
        assert_int_equal(peer.uid, OTHER_UID);
        assert_int_equal(write(accepted, "x", 1), 1);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
        close(accepted);
        close(fd);
}

static void refuses_what_it_cannot_have(void **state)
{
        struct inet_address a, other = at("192.0.2.1:9");
        struct error e = {0};
        char text[INET_ADDRESS_SIZE];
        (void)state;
        int fd = listen_at("127.0.0.1:0", &a);
        assert_int_equal(tcp_listen_open(&a, &e), -1);
        assert_int_equal(e.kind, ERROR_CONFIG);
        inet_address_write(&a, text);
        assert_non_null(strstr(e.message, text));
        assert_non_null(strstr(e.hint, "another port"));
        assert_int_equal(tcp_listen_open(&other, &e), -1);
        assert_int_equal(e.kind, ERROR_CONFIG);
        assert_non_null(strstr(e.hint, "an address that this host has"));
        close(fd);
}

static void has_no_peer_before_a_connection(void **state)
{
        struct peer peer;
        (void)state;
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_int_equal(tcp_peer(fd, &peer), -1);
        close(fd);
        assert_int_equal(tcp_peer(-1, &peer), -1);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(listens_on_both_families),
            cmocka_unit_test(listens_on_ipv6_alone),
            cmocka_unit_test(limits_hops),
            cmocka_unit_test(names_another_user),
            cmocka_unit_test(refuses_what_it_cannot_have),
            cmocka_unit_test(has_no_peer_before_a_connection),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
