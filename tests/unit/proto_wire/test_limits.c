// SPDX-License-Identifier: Apache-2.0
// The caps by their numbers. Tests of what a cap does use its name, so they would follow any change; here one has to be
// meant. Where AWS or the system sets the number, ours must not be below it.
#include "proto/wire/limits.h"

#include "tests/unit/unit.h"

static void caps_are_as_documented(void **state)
{
        (void)state;
        // the socket API
        assert_int_equal(LIMIT_HTTP_HEAD, 65536);
        assert_int_equal(LIMIT_HTTP_TARGET, 8192);
        assert_int_equal(LIMIT_HTTP_HEADERS_N, 64);
        assert_int_equal(LIMIT_HTTP_BODY, 1048576);
        assert_int_equal(LIMIT_HTTP_REPLY, 262144);
        assert_int_equal(LIMIT_HTTP_LIST, 67108864);
        assert_int_equal(LIMIT_CONNECTIONS_N, 4096);
        assert_int_equal(LIMIT_WAIT_S, 60);
        // signing
        assert_int_equal(LIMIT_SIGN_URL, 65536);
        assert_int_equal(LIMIT_SIGN_HEADERS_N, 64);
        assert_int_equal(LIMIT_SIGN_CANONICAL, 524288);
        assert_int_equal(LIMIT_PRESIGN_EXPIRES_S, 7 * 86400); // AWS's
        // files and upstream answers
        assert_int_equal(LIMIT_CONFIG_FILE, 16777216);
        assert_int_equal(LIMIT_SHARED_FILE, 4194304);
        assert_int_equal(LIMIT_CONFIG_PATH, 4096); // PATH_MAX
        assert_int_equal(LIMIT_INCLUDE_PATTERNS_N, 64);
        assert_int_equal(LIMIT_INCLUDE_FILES_N, 20000);
        assert_int_equal(LIMIT_INCLUDE_TOTAL, 67108864);
        assert_int_equal(LIMIT_TOKEN_FILE, 65536);
        assert_int_equal(LIMIT_KEY_FILE, 1048576);
        assert_int_equal(LIMIT_SECRET_FILE, 16384);
        assert_int_equal(LIMIT_UPSTREAM_BODY, 1048576);
        assert_int_equal(LIMIT_UPSTREAM_HEADER, 65536);
        assert_int_equal(LIMIT_PROCESS_OUTPUT, 65536); // documented in sources.md
        // JSON
        assert_int_equal(LIMIT_JSON_DEPTH_N, 32);
        assert_int_equal(LIMIT_JSON_NODES_N, 1048576);
        // credentials
        assert_int_equal(LIMIT_ACCESS_KEY_ID, 128); // AWS's
        assert_int_equal(LIMIT_SECRET_ACCESS_KEY, 1024);
        assert_int_equal(LIMIT_SESSION_TOKEN, 65536);
        assert_int_equal(LIMIT_PROFILE_NAME, 128);
        assert_int_equal(LIMIT_UNIX_PATH, 107); // the system's
        assert_int_equal(LIMIT_MIN_LIFE_S, 60);
        assert_int_equal(LIMIT_LAST_LIFE_S, 5);
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(caps_are_as_documented)};
        return cmocka_run_group_tests(tests, NULL, NULL);
}
