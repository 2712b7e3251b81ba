// SPDX-License-Identifier: Apache-2.0
#include "sidecar/base/descriptors.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/unit.h"

static void divides_the_limit(void **state)
{
        static const struct {
                size_t limit, peers;
        } rows[] = {
            {0, 0},       {64, 16},           {128, 32},
            {256, 96},    {512, 288},         {1024, 672},
            {4096, 3744}, {1048576, 1048224}, {SIZE_MAX, SIZE_MAX - 352},
        };
        (void)state;
        for (size_t i = 0; i < LENGTH(rows); i++)
                assert_int_equal(descriptors_for_peers(rows[i].limit), rows[i].peers);
}

// A child has the limit that this process was started with, this process the highest.
static void raises_the_limit_for_this_process_alone(void **state)
{
        struct rlimit before, now;
        (void)state;
        assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
        const struct rlimit low = {.rlim_cur = 123, .rlim_max = before.rlim_max};
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
        assert_int_equal(descriptors_raise(), before.rlim_max);
        assert_int_equal(getrlimit(RLIMIT_NOFILE, &now), 0);
        assert_int_equal(now.rlim_cur, before.rlim_max);
        pid_t pid = fork();
        if (pid == 0)
                _exit(getrlimit(RLIMIT_NOFILE, &now) == 0 && now.rlim_cur == 123 && now.rlim_max == before.rlim_max
                          ? 0
                          : 1);
        int status = -1;
        assert_true(pid > 0 && waitpid(pid, &status, 0) == pid);
        assert_int_equal(status, 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(divides_the_limit),
            cmocka_unit_test(raises_the_limit_for_this_process_alone),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
