// SPDX-License-Identifier: Apache-2.0
#include "sidecar/io/no_proxy.h"

#include <stddef.h>

#include "tests/unit/unit.h"

static void test_exempts(void **state)
{
        static const struct {
                const char *list, *host;
                bool want;
        } rows[] = {
            {"", "a.test", false},
            {",, ,", "a.test", false},
            {"*", "a.test", true},
            {" * ", "10.0.0.1", true},
            {"*,b.test", "a.test", false}, // alone only
            {"*.test", "a.test", false},
            // names and what is below them
            {"a.test", "a.test", true},
            {"A.Test", "a.tesT", true},
            {"a.test", "sts.a.test", true},
            {".a.test", "sts.a.test", true},
            {".a.test", "a.test", true},
            {"..a.test", "a.test", true},
            {"a.test", "aa.test", false},
            {".a.test", "aa.test", false},
            {"sts.a.test", "a.test", false},
            {"a.test.", "a.test", true},
            {"a.test", "a.test.", true},
            {".", "a.test", false},
            {"b.test,a.test", "a.test", true},
            {"b.test, a.test", "a.test", true},
            {"b.test a.test", "a.test", true},
            {"b.test\ta.test", "a.test", true},
            {"amazonaws.com", "sts.us-east-1.amazonaws.com", true},
            {"us-east-1.amazonaws.com", "sts.us-west-2.amazonaws.com", false},
            {"amazonaws.com", "sts.cn-north-1.amazonaws.com.cn", false},
            // ports
            {"a.test:443", "a.test", true},
            {"a.test:8443", "a.test", false},
            {".a.test:443", "sts.a.test", true},
            {"a.test:", "a.test", false},
            {"a.test:x", "a.test", false},
            {":443", "a.test", false},
            {"10.0.0.1:443", "10.0.0.1", true},
            {"10.0.0.1:80", "10.0.0.1", false},
            {"[fd00::1]:443", "fd00::1", true},
            {"[fd00::1]:80", "fd00::1", false},
            // addresses and blocks of them
            {"10.0.0.1", "10.0.0.1", true},
            {"10.0.0.1", "110.0.0.1", false},
            {".0.0.1", "10.0.0.1", false},
            {"10.0.0.1", "host.10.0.0.1.test", false},
            {"10.0.0.0/8", "10.200.3.4", true},
            {"10.0.0.0/8", "11.0.0.1", false},
            {"10.0.0.0/8", "a.test", false},
            {"10.1.2.128/25", "10.1.2.129", true},
            {"10.1.2.128/25", "10.1.2.127", false},
            {"10.1.2.3/32", "10.1.2.3", true},
            {"0.0.0.0/0", "192.0.2.1", true},
            {"0.0.0.0/0", "fd00::1", false},
            {"10.0.0.0/33", "10.0.0.0", false},
            {"10.0.0.0/", "10.0.0.0", false},
            {"10.0.0.0/x", "10.0.0.0", false},
            {"10.0.0.0/-1", "10.0.0.0", false},
            {"fd00::1", "fd00:0::0001", true},
            {"[fd00::1]", "fd00::1", true},
            {"[fd00::1", "fd00::1", false},
            {"fd00::/8", "fd12::1", true},
            {"fd00::/8", "fe80::1", false},
            {"fd00:ec2::/33", "fd00:ec2:7fff::1", true},
            {"fd00:ec2::/33", "fd00:ec2:8000::1", false},
            {"::/0", "2001:db8::1", true},
            {"::/129", "::", false},
            {"::/0", "10.0.0.1", false},
        };
        (void)state;
        for (size_t i = 0; i < LENGTH(rows); i++)
                if (no_proxy_exempts(slice_str(rows[i].list), slice_str(rows[i].host), 443) != rows[i].want)
                        fail_msg("\"%s\" and %s: not %d", rows[i].list, rows[i].host, rows[i].want);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_exempts),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
