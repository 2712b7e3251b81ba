// SPDX-License-Identifier: Apache-2.0
#include "proto/mem/secret.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/canary.h"
#include "tests/unit/memory_scan.h"

// The VmFlags line of the mapping that holds `p`.
static void read_flags(const void *p, char *flags, size_t size)
{
        char line[512];
        bool inside = false;
        flags[0] = 0;
        FILE *f = fopen("/proc/self/smaps", "r");
        assert_non_null(f);
        while (fgets(line, sizeof(line), f)) {
                char *end = NULL;
                unsigned long long from = strtoull(line, &end, 16);
                if (*end == '-')
                        inside = from <= (uintptr_t)p && (uintptr_t)p < strtoull(end + 1, NULL, 16);
                else if (inside && strncmp(line, "VmFlags:", 8) == 0)
                        (void)snprintf(flags, size, "%s", line);
        }
        (void)fclose(f);
}

static void test_alloc(void **state)
{
        static const size_t sizes[] = {1, 31, 4096, 4097, 100000};
        (void)state;
        for (size_t i = 0; i < LENGTH(sizes); i++) {
                uint8_t *p = secret_alloc(sizes[i]);
                assert_non_null(p);
                for (size_t j = 0; j < sizes[i]; j++)
                        assert_int_equal(p[j], 0);
                memset(p, 0xaa, sizes[i]);
                secret_release(p, sizes[i]);
        }
        secret_release(NULL, 5);
        assert_null(secret_alloc(SIZE_MAX));
        assert_null(secret_alloc(SIZE_MAX - 8192));
}

static void test_left_out_of_dumps(void **state)
{
        char flags[512];
        (void)state;
        void *p = secret_alloc(10);
        assert_non_null(p);
        read_flags(p, flags, sizeof(flags));
        assert_non_null(strstr(flags, " dd")); // do not dump
        assert_non_null(strstr(flags, " wf")); // wipe on fork
        secret_release(p, 10);
}

// Where the system lets this process lock a page at all; sanitizers take the call and do nothing.
static bool can_lock(void)
{
        char flags[512] = "";
        size_t size = 4096;
        void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        assert_true(p != MAP_FAILED);
        if (mlock(p, size) == 0)
                read_flags(p, flags, sizeof(flags));
        assert_int_equal(munmap(p, size), 0);
        return strstr(flags, " lo") != NULL;
}

static void test_kept_out_of_swap(void **state)
{
        char flags[512];
        (void)state;
        void *p = secret_alloc(10);
        assert_non_null(p);
        read_flags(p, flags, sizeof(flags));
        if (can_lock())
                assert_non_null(strstr(flags, " lo"));
        secret_release(p, 10);
}

// In a child without the right to lock anything: the secret is had all the same, and the failure is counted.
static void test_failures_to_lock_are_counted(void **state)
{
        (void)state;
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                static const struct rlimit none = {0, 0};
                if (setrlimit(RLIMIT_MEMLOCK, &none) < 0 || (geteuid() == 0 && setuid(65534) < 0))
                        _exit(2);
                unsigned long failures = secret_lock_failures();
                bool may_lock = mlock(&none, 1) == 0; // sanitizers do nothing, and say so
                void *p = secret_alloc(10);
                _exit(p && secret_lock_failures() == failures + (may_lock ? 0 : 1) ? 0 : 1);
        }
        int status = -1;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
}

static void test_wiped_before_it_goes(void **state)
{
        (void)state;
        struct secret s = {0};
        assert_int_equal(secret_copy(&s, SLICE(CANARY)), 0);
        secret_clear(&s); // tests/canary.h looks
        assert_null(s.p);
        char *text = wiping_strdup(CANARY);
        assert_non_null(text);
        text = wiping_realloc(text, 1000);
        assert_non_null(text);
        wiping_free(text);
}

// On the stack itself, where AddressSanitizer would take memory of its own.
__attribute__((noinline, no_sanitize_address)) static void leave_on_stack(const struct needle *needle)
{
        uint8_t bytes[40 * 1024];
        needle_write(needle, bytes);
        __asm__ volatile("" : : "r"(bytes) : "memory");
}

static void test_stack_is_wiped(void **state)
{
        (void)state;
        uint8_t text[16];
        for (size_t i = 0; i < sizeof(text); i++) // no literal, which would be a copy
                text[i] = (uint8_t)(i * 7 + 3);
        struct needle needle = needle_take("what a function left on the stack", text, sizeof(text));
        leave_on_stack(&needle);
        assert_somewhere(&needle);
        leave_on_stack(&needle);
        secret_wipe_stack();
        assert_nowhere(&needle);
}

static void test_child_sees_nothing(void **state)
{
        (void)state;
        struct secret s = {0};
        assert_int_equal(secret_copy(&s, SLICE("hunter2")), 0);
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0)
                _exit(slice_eq(secret_expose(&s), SLICE("\0\0\0\0\0\0\0")) ? 0 : 1);
        int status = -1;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
        assert_true(slice_eq(secret_expose(&s), SLICE("hunter2")));
        secret_clear(&s);
}

static void test_copy_and_clear(void **state)
{
        (void)state;
        struct secret s = {0};
        secret_clear(&s);
        assert_int_equal(secret_copy(&s, slice_of(NULL, 0)), 0);
        assert_int_equal(s.n, 0);
        secret_clear(&s);
        assert_null(s.p);
        struct secret kept = {0};
        assert_int_equal(secret_copy(&kept, slice_of("x", SIZE_MAX)), -ENOMEM);
        assert_null(kept.p);
}

static void test_wiping_functions(void **state)
{
        (void)state;
        char *text = wiping_strdup("secret");
        assert_string_equal(text, "secret");
        for (size_t n = 7; n < 100000; n = n * 3 / 2) { // grows, and the content stays
                text = wiping_realloc(text, n);
                assert_non_null(text);
                assert_string_equal(text, "secret");
        }
        text = wiping_realloc(text, 7);
        assert_string_equal(text, "secret");
        assert_null(wiping_realloc(text, 0));
        text = wiping_realloc(NULL, 5);
        assert_non_null(text);
        wiping_free(text);
        uint8_t *zeros = wiping_calloc(3, 5);
        for (size_t i = 0; i < 15; i++)
                assert_int_equal(zeros[i], 0);
        wiping_free(zeros);
        wiping_free(NULL);
        void *p = wiping_malloc(1);
        assert_non_null(p);
        wiping_free(p);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_alloc),
            cmocka_unit_test(test_left_out_of_dumps),
            cmocka_unit_test(test_kept_out_of_swap),
            cmocka_unit_test(test_failures_to_lock_are_counted),
            cmocka_unit_test(test_wiped_before_it_goes),
            cmocka_unit_test(test_stack_is_wiped),
            cmocka_unit_test(test_child_sees_nothing),
            cmocka_unit_test(test_copy_and_clear),
            cmocka_unit_test(test_wiping_functions),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
