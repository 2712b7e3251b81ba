// SPDX-License-Identifier: Apache-2.0
#include "sidecar/base/inet_address.h"

#include <sys/socket.h>
#include <unistd.h>

#include "proto/mem/length.h"
#include "tests/unit/unit.h"

static void parses_numbers_only(void **state)
{
        (void)state;
        static const struct {
                const char *text, *want; // NULL: not an address
                bool is_loopback, is_any;
        } rows[] = {
            {"127.0.0.1:9911", "127.0.0.1:9911", true, false},
            {"127.8.9.10:0", "127.8.9.10:0", true, false},
            {"128.0.0.1:65535", "128.0.0.1:65535", false, false},
            {"0.0.0.0:80", "0.0.0.0:80", false, true},
            {"[::1]:80", "[::1]:80", true, false},
            {"[0:0:0:0:0:0:0:1]:80", "[::1]:80", true, false},
            {"[::]:80", "[::]:80", false, true},
            {"[::ffff:127.0.0.1]:80", "[::ffff:127.0.0.1]:80", false, false},
            {"[fd00:ec2::23]:80", "[fd00:ec2::23]:80", false, false},
            {"127.0.0.1", NULL, false, false},
            {"127.0.0.1:", NULL, false, false},
            {"127.0.0.1:65536", NULL, false, false},
            {"127.0.0.1:-1", NULL, false, false},
            {"127.0.0.1: 1", NULL, false, false},
            {"127.1:80", NULL, false, false},
            {"0177.0.0.1:80", NULL, false, false},
            {"::1:80", NULL, false, false},
            {"[::1]80", NULL, false, false},
            {"[::1%lo]:80", NULL, false, false},
            {"[127.0.0.1]:80", NULL, false, false},
            {"[]:80", NULL, false, false},
            {"localhost:80", NULL, false, false},
            {":80", NULL, false, false},
            {"", NULL, false, false},
            {"11111111111111111111111111111111111111111111111111111111:80", NULL, false, false},
        };
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct inet_address a;
                char text[INET_ADDRESS_SIZE];
                int r = inet_address_parse(slice_str(rows[i].text), &a);
                if ((r == 0) != (rows[i].want != NULL))
                        fail_msg("%s: %d", rows[i].text, r);
                if (!rows[i].want)
                        continue;
                inet_address_write(&a, text);
                assert_string_equal(text, rows[i].want);
                assert_int_equal(inet_address_is_loopback(&a), rows[i].is_loopback);
                assert_int_equal(inet_address_is_any(&a), rows[i].is_any);
        }
}

static void compares_hosts_without_ports(void **state)
{
        (void)state;
        struct inet_address a, b, c;
        assert_int_equal(inet_address_parse(SLICE("127.0.0.1:1"), &a), 0);
        assert_int_equal(inet_address_parse_host(SLICE("127.0.0.1"), &b), 0);
        assert_int_equal(inet_address_parse_host(SLICE("[::1]"), &c), 0);
        assert_true(inet_address_has_same_host(&a, &b));
        assert_false(inet_address_has_same_host(&a, &c));
        assert_int_equal(inet_address_parse_host(SLICE("127.0.0.2"), &b), 0);
        assert_false(inet_address_has_same_host(&a, &b));
        assert_int_equal(inet_address_parse(SLICE("[::1]:7"), &a), 0);
        assert_true(inet_address_has_same_host(&a, &c));
        assert_int_equal(inet_address_parse_host(SLICE("127.0.0.1\0x"), &b), -1);
}

static void unix_sockets_have_none(void **state)
{
        struct inet_address a;
        (void)state;
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_int_equal(inet_address_of_socket(fd, &a), -1);
        assert_int_equal(a.socket.any.sa_family, AF_UNSPEC);
        close(fd);
        assert_int_equal(inet_address_of_socket(-1, &a), -1);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(parses_numbers_only),
            cmocka_unit_test(compares_hosts_without_ports),
            cmocka_unit_test(unix_sockets_have_none),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
