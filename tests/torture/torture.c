// SPDX-License-Identifier: Apache-2.0
#include "tests/torture/torture.h"
#include "tests/canary.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define HAS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_SANITIZER 1
#endif
#endif
#ifdef HAS_SANITIZER
#include <sanitizer/common_interface_defs.h>
#include <sanitizer/lsan_interface.h>
#endif

enum {
        ROUNDS_MAX = 3000, // work that needs more is too much for a row
        COMPLAINTS_MAX = 50,
        DESCRIPTORS_MAX = 256
};

static struct {
        const struct torture_row *row;
        unsigned complaints; // of this row
        bool has_failed;     // one of the rows before
        // this round
        atomic_bool is_armed;
        bool all_from; // the n-th and all after it fail, not it alone
        atomic_uint n, calls, strikes;
        _Atomic(void *) struck; // who called the allocation that failed last
        // whatever our objects hold
        atomic_long blocks, mapped;
        // short reads
        atomic_bool short_reads;
        atomic_uint reads;
} torture;

void torture_begin(void)
{
        torture.is_armed = true;
}

void torture_end(void)
{
        torture.is_armed = false;
}

bool torture_is_on(void)
{
        return torture.is_armed;
}

bool torture_has_struck(void)
{
        return torture.strikes > 0;
}

void torture_short_reads(bool on)
{
        torture.short_reads = on;
}

// --- what the linker sends here ---

// Whether this call has to fail. With n = 0 none does, but they are counted.
static bool strikes(void *caller)
{
        if (!torture.is_armed)
                return false;
        unsigned call = atomic_fetch_add(&torture.calls, 1) + 1;
        if (torture.n == 0 || call < torture.n || (call > torture.n && !torture.all_from))
                return false;
        torture.strikes++;
        torture.struck = caller;
        errno = ENOMEM;
        return true;
}

static void *held(void *p)
{
        if (p)
                torture.blocks++;
        return p;
}

#define CALLER __builtin_extract_return_addr(__builtin_return_address(0))

// Of each wrapped function, the linker's two names: the one that our objects call, and the one behind it.
#define WRAPPED(type, name, ...)                                                                                       \
        type __real_##name(__VA_ARGS__);                                                                               \
        type __wrap_##name(__VA_ARGS__);                                                                               \
        type __wrap_##name(__VA_ARGS__)

WRAPPED(void *, malloc, size_t n)
{
        return strikes(CALLER) ? NULL : held(canary_clean(__real_malloc(n)));
}

WRAPPED(void *, calloc, size_t count, size_t n)
{
        return strikes(CALLER) ? NULL : held(__real_calloc(count, n));
}

WRAPPED(void *, realloc, void *p, size_t n)
{
        if (strikes(CALLER))
                return NULL;
        canary_check_block(p, "realloc()");
        void *q = __real_realloc(p, n);
        return p ? q : held(q);
}

WRAPPED(void *, reallocarray, void *p, size_t count, size_t n)
{
        if (strikes(CALLER))
                return NULL;
        canary_check_block(p, "reallocarray()");
        void *q = __real_reallocarray(p, count, n);
        return p ? q : held(q);
}

WRAPPED(char *, strdup, const char *s)
{
        return strikes(CALLER) ? NULL : held(__real_strdup(s));
}

WRAPPED(char *, strndup, const char *s, size_t n)
{
        return strikes(CALLER) ? NULL : held(__real_strndup(s, n));
}

int __real_vasprintf(char **ret, const char *format, va_list args);
__attribute__((format(printf, 2, 0))) int __wrap_vasprintf(char **ret, const char *format, va_list args);
__attribute__((format(printf, 2, 0))) int __wrap_vasprintf(char **ret, const char *format, va_list args)
{
        if (strikes(CALLER))
                return -1; // *ret is undefined then, and stays as it was
        int n = __real_vasprintf(ret, format, args);
        if (n >= 0)
                torture.blocks++;
        return n;
}

WRAPPED(void, free, void *p)
{
        if (p)
                torture.blocks--;
        canary_check_block(p, "free()");
        __real_free(p);
}

// Secret memory.
WRAPPED(void *, mmap, void *at, size_t n, int protection, int flags, int fd, off_t offset)
{
        if (strikes(CALLER))
                return MAP_FAILED;
        void *p = __real_mmap(at, n, protection, flags, fd, offset);
        if (p != MAP_FAILED)
                torture.mapped += (long)n;
        return p;
}

WRAPPED(int, munmap, void *p, size_t n)
{
        torture.mapped -= (long)n;
        canary_check_pages(p, n);
        return __real_munmap(p, n);
}

WRAPPED(DIR *, opendir, const char *path)
{
        return strikes(CALLER) ? NULL : held(__real_opendir(path));
}

WRAPPED(int, closedir, DIR *directory)
{
        torture.blocks--;
        return __real_closedir(directory);
}

// 0: to be passed on; else the outcome of an interrupted call.
static ssize_t interrupt(size_t *n)
{
        if (!torture.short_reads || *n == 0)
                return 0;
        if (atomic_fetch_add(&torture.reads, 1) % 2 == 0) {
                errno = EINTR;
                return -1;
        }
        *n = 1;
        return 0;
}

WRAPPED(ssize_t, read, int fd, void *to, size_t n)
{
        return interrupt(&n) < 0 ? -1 : __real_read(fd, to, n);
}

WRAPPED(ssize_t, recv, int fd, void *to, size_t n, int flags)
{
        return interrupt(&n) < 0 ? -1 : __real_recv(fd, to, n, flags);
}

// --- rounds ---

static unsigned open_descriptors(void)
{
        unsigned count = 0;
        for (int fd = 0; fd < DESCRIPTORS_MAX; fd++)
                count += fcntl(fd, F_GETFD) >= 0;
        return count;
}

// For whoever reads of a failed assertion, a crash or a leak: which round that was.
static void report_round(void)
{
        char caller[256] = "?";
#ifdef HAS_SANITIZER
        if (torture.struck)
                __sanitizer_symbolize_pc((uint8_t *)torture.struck - 1, "%f %S", caller, sizeof(caller));
#endif
        if (torture.row && torture.n > 0)
                (void)fprintf(stderr, "torture: %s, allocation %u%s fails%s%s\n", torture.row->name, torture.n,
                              torture.all_from ? " and all after it" : "", torture.struck ? ", last in " : " (not yet)",
                              torture.struck ? caller : "");
}

// The row fails, but goes on, so that one run shows all that is wrong.
__attribute__((format(printf, 1, 2))) static void complain(const char *format, ...)
{
        va_list args;
        va_start(args, format);
        (void)vfprintf(stderr, format, args);
        va_end(args);
        (void)fputc('\n', stderr);
        report_round();
        if (++torture.complaints == COMPLAINTS_MAX)
                fail_msg("too many complaints");
}

bool torture_refused(const struct error *e)
{
        if (e->kind != ERROR_INTERNAL || e->message[0] == '\0')
                complain("refused with kind %d: \"%s\"", (int)e->kind, e->message);
        return false;
}

static void round_with(unsigned n, bool all_from)
{
        torture.n = n;
        torture.all_from = all_from;
        torture.calls = torture.strikes = torture.reads = 0;
        torture.struck = NULL;
        long blocks = torture.blocks, mapped = torture.mapped;
        unsigned descriptors = open_descriptors(), canaries = canary_found();
        bool is_done = torture.row->round(torture.row->arg);
        if (torture.is_armed)
                fail_msg("the round did not end");
        if (torture.blocks != blocks || torture.mapped != mapped)
                complain("%ld blocks and %ld mapped bytes are left", torture.blocks - blocks, torture.mapped - mapped);
        if (n > 0 && open_descriptors() != descriptors) // the libraries open theirs in the first round
                complain("descriptors: %u, before %u", open_descriptors(), descriptors);
        if (canary_found() != canaries)
                complain("memory with a secret was given back");
        if (is_done && torture.strikes > 0 && !torture.row->survives)
                complain("the work was done although an allocation of it failed");
        if (!is_done && torture.strikes == 0)
                complain("the work was refused, but nothing had failed");
}

static void test_row(void **state)
{
        torture.row = *state;
        torture.complaints = 0;
        for (int mode = 0; mode < 2; mode++) {
                unsigned n = 0;
                do {
                        if (n > ROUNDS_MAX)
                                fail_msg("more than %d rounds", ROUNDS_MAX);
                        round_with(n++, mode == 1);
                } while (n == 1 || torture.strikes > 0);
        }
        torture.n = 0;
#ifdef HAS_SANITIZER
        if (!torture.has_failed && __lsan_do_recoverable_leak_check() != 0) // a failed row leaks what it was at
                complain("something leaked in one of the rounds");
#endif
        if (torture.complaints > 0)
                fail_msg("%u complaints", torture.complaints);
        print_message("%u allocations\n", torture.calls);
        torture.row = NULL; // all is well
}

static int after_row(void **state)
{
        (void)state;
        torture.is_armed = false;
        if (torture.row && torture.complaints == 0)
                report_round();
        torture.has_failed |= torture.row != NULL;
        torture.row = NULL;
        return 0;
}

int torture_main(const struct torture_row *rows, size_t count)
{
        struct CMUnitTest *tests = calloc(count, sizeof(*tests));
        if (!tests)
                return 1;
        for (size_t i = 0; i < count; i++)
                tests[i] = (struct CMUnitTest){rows[i].name, test_row, NULL, after_row, (void *)(uintptr_t)&rows[i]};
#ifdef HAS_SANITIZER
        __sanitizer_set_death_callback(report_round);
#endif
        int failed = _cmocka_run_group_tests("torture", tests, count, NULL, NULL);
        free(tests);
        return failed;
}
