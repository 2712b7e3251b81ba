// SPDX-License-Identifier: Apache-2.0
// What the agent's main() has done before it hands over: in a child, because none of it can be undone. The linker sends
// app_run() here, see cmake/tests.cmake.
#define main keyfobd_main
int keyfobd_main(int argc, char **argv);
#include "sidecar/main.c"
#undef main

#include <openssl/crypto.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "tests/unit/unit.h"

enum { ALL_IS_WELL = 42 };

int __wrap_app_run(const struct options *options, const struct env *env, const struct clock *clock);
int __wrap_app_run(const struct options *options, const struct env *env, const struct clock *clock)
{
        CRYPTO_malloc_fn malloc_fn = NULL;
        CRYPTO_realloc_fn realloc_fn = NULL;
        CRYPTO_free_fn free_fn = NULL;
        CRYPTO_get_mem_functions(&malloc_fn, &realloc_fn, &free_fn);
        if (free_fn == CRYPTO_free || realloc_fn == CRYPTO_realloc)
                return 2; // OpenSSL would not wipe what it frees
        if (umask(077) != 077 || prctl(PR_GET_NO_NEW_PRIVS, 0L, 0L, 0L, 0L) != 1)
                return 3;
        if (clock->speed != 1 || clock_wall_s(clock) < 1700000000 || !env_get(env, "KEYFOB_TEST"))
                return 4;
        return options->config_path && strcmp(options->config_path, "/c.json") == 0 ? ALL_IS_WELL : 5;
}

static int main_with(const char *first, const char *second)
{
        char *argv[] = {(char *)"keyfobd", (char *)(uintptr_t)first, (char *)(uintptr_t)second, NULL};
        int status = -1;
        (void)fflush(NULL);
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                (void)setenv("KEYFOB_TEST", "yes", 1);
                (void)dup2(STDERR_FILENO, STDOUT_FILENO);
                int code = keyfobd_main(second ? 3 : 2, argv);
                (void)fflush(NULL);
                _exit(code);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        return WEXITSTATUS(status);
}

static void hardens_itself_before_anything_else(void **state)
{
        (void)state;
        assert_int_equal(main_with("--config", "/c.json"), ALL_IS_WELL);
}

static void ends_where_the_options_say_so(void **state)
{
        (void)state;
        assert_int_equal(main_with("--version", NULL), 0);
        assert_int_equal(main_with("--nonsense", NULL), 2);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(hardens_itself_before_anything_else),
            cmocka_unit_test(ends_where_the_options_say_so),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
