// SPDX-License-Identifier: Apache-2.0
#include "tests/canary.h"

#include <execinfo.h>
#include <malloc.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
        FRAMES_MAX = 12,
        FRAMES_SKIPPED = 2, // canary_check() and the wrapped function
        REPORTS_MAX = 5,
        FILLING = 0xa5
};

static const char *const canaries[] = {
    CANARY,
    "wJalrXUtnFEMI",    // the secret access key of AWS's documentation
    "IQoJb3JpZ2luX2Vj", // as session tokens begin
    "PRIVATE KEY-----", // PEM
    "eyJhbGciOi",       // a JSON Web Token
    "correct horse",    // the passphrase of the tests
};

static atomic_uint found;

extern const char __executable_start[]; // of the linker

// With the names of the functions where addr2line is installed.
static void print_frames(void)
{
        enum { TEXT_SIZE = 32 };
        void *frames[FRAMES_MAX];
        int n = backtrace(frames, FRAMES_MAX);
        char texts[FRAMES_MAX][TEXT_SIZE], program[TEXT_SIZE];
        char *argv[FRAMES_MAX + 4] = {"addr2line", "-fspe", program};
        (void)snprintf(program, sizeof(program), "/proc/%d/exe", (int)getpid());
        for (int i = FRAMES_SKIPPED; i < n; i++) {
                ptrdiff_t at = (char *)frames[i] - 1 - __executable_start;
                (void)snprintf(texts[i], TEXT_SIZE, "0x%tx", at);
                argv[i - FRAMES_SKIPPED + 3] = texts[i];
        }
        posix_spawn_file_actions_t actions;
        pid_t pid = -1;
        int status = -1;
        if (posix_spawn_file_actions_init(&actions) == 0 &&
            posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO) == 0 &&
            posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ) == 0)
                (void)waitpid(pid, &status, 0);
        if (status != 0)
                backtrace_symbols_fd(frames, n, STDERR_FILENO);
}

void canary_check(const void *p, size_t n, const char *call)
{
        for (size_t i = 0; i < sizeof(canaries) / sizeof(canaries[0]); i++) {
                if (!memmem(p, n, canaries[i], strlen(canaries[i])))
                        continue;
                if (++found <= REPORTS_MAX) {
                        (void)fprintf(stderr, "canary: memory with a secret (%s) is given to %s by\n", canaries[i],
                                      call);
                        print_frames();
                }
                return;
        }
}

void canary_check_block(void *p, const char *call)
{
        if (p)
                canary_check(p, malloc_usable_size(p), call);
}

void canary_check_pages(void *p, size_t n)
{
        if (mprotect(p, n, PROT_READ) == 0)
                canary_check(p, n, "munmap()");
}

void *canary_clean(void *p)
{
        if (p)
                memset(p, FILLING, malloc_usable_size(p));
        return p;
}

unsigned canary_found(void)
{
        return found;
}

__attribute__((destructor)) static void fail_at_the_end(void)
{
        if (found == 0)
                return;
        (void)fprintf(stderr, "canary: %u times memory with a secret was given back\n", found);
        (void)fflush(NULL);
        _exit(1);
}
