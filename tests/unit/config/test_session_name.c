// SPDX-License-Identifier: Apache-2.0
#include "sidecar/config/session_name.h"

#include "tests/unit/config/support.h"

#define TEN "abcdefghij"

static void test_default(void **state)
{
        (void)state;
        static const struct {
                const char *profile, *host, *want;
        } t[] = {
            {"tenant-a", "gateway-1", "tenant-a@gateway-1"},
            {"tenant a", "höst", "tenant-a@h--st"},
            {"tenant-a", NULL, "tenant-a"},
            {"tenant-a", "", "tenant-a"},
            {"a", NULL, "keyfob-a"},
            {"a", "h", "a@h"},
            {"a.b+c@d", "x.example.com", "a.b+c@d@x.example.com"},
            // the domain goes first
            {TEN TEN TEN, "gateway-1." TEN TEN TEN TEN, TEN TEN TEN "@gateway-1"},
            // then the middle of the host, whose ends tell replicas apart
            {TEN TEN TEN, "gateway-deployment-" TEN TEN "-x2x4z", TEN TEN TEN "@gateway-deployme..bcdefghij-x2x4z"},
            // and that of the profile, which leaves the host its share
            {TEN TEN TEN TEN TEN TEN "-last", "gateway-" TEN TEN TEN,
             TEN "abcdefghi..hijabcdefghij-last@gateway-abc..jabcdefghij"},
            {TEN TEN TEN TEN TEN TEN TEN, NULL, TEN TEN TEN "a..jabcdefghijabcdefghijabcdefghij"},
        };
        for (size_t i = 0; i < ROWS(t); i++) {
                char name[SESSION_NAME_SIZE];
                session_name_default(slice_str(t[i].profile), t[i].host, name);
                assert_string_equal(name, t[i].want);
                assert_true(session_name_is_valid(slice_str(name)));
        }
}

// Every pair of lengths gives a valid name that begins with the profile's head and, where it fits, holds the host's.
static void test_all_lengths(void **state)
{
        (void)state;
        char profile[129], host[257], name[SESSION_NAME_SIZE];
        for (size_t p = 1; p <= 128; p++) {
                for (size_t h = 0; h <= 256; h++) {
                        memset(profile, 'p', p);
                        profile[p] = '\0';
                        memset(host, 'h', h);
                        host[h] = '\0';
                        memset(name, '#', sizeof(name));
                        session_name_default(slice_str(profile), host, name);
                        assert_true(session_name_is_valid(slice_str(name)));
                        size_t ps = strspn(name, "p"), at = strcspn(name, "@");
                        if (h) {
                                assert_true(ps >= (p < 18 ? p : 18));
                                assert_true(strspn(name + at + 1, "h") >= (h < 11 ? h : 11));
                        }
                        if (h && p + 1 + h <= 64)
                                assert_int_equal(strlen(name), p + 1 + h);
                }
        }
}

static void test_is_valid(void **state)
{
        (void)state;
        assert_true(session_name_is_valid(SLICE("ab")));
        assert_true(session_name_is_valid(SLICE("Az09_+=,.@-")));
        assert_true(session_name_is_valid(SLICE(TEN TEN TEN TEN TEN TEN "1234")));
        assert_false(session_name_is_valid(SLICE(TEN TEN TEN TEN TEN TEN "12345")));
        assert_false(session_name_is_valid(SLICE("a")));
        assert_false(session_name_is_valid(SLICE("a b")));
        assert_false(session_name_is_valid(SLICE("a/b")));
        assert_false(session_name_is_valid(SLICE("a:b")));
        assert_false(session_name_is_valid(SLICE("a\0b")));
        assert_false(session_name_is_valid(SLICE("ä-b")));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_default),
            cmocka_unit_test(test_all_lengths),
            cmocka_unit_test(test_is_valid),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
