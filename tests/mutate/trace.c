// SPDX-License-Identifier: Apache-2.0
// Linked into the tests that script/mutate builds with -finstrument-functions: notes which functions a program enters,
// in the file that MUTATE_TRACE names: a byte for each byte of the program. The file is mapped, so that what child
// processes enter is noted, too, however they end.
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define HIDDEN __attribute__((no_instrument_function))
enum { SPAN = 16 * 1024 * 1024 };

extern const char __executable_start[];
static uint8_t *entered;

void __cyg_profile_func_enter(void *function, void *caller) HIDDEN;
void __cyg_profile_func_exit(void *function, void *caller) HIDDEN;

void __cyg_profile_func_enter(void *function, void *caller)
{
        (void)caller;
        uintptr_t at = (uintptr_t)function - (uintptr_t)__executable_start;
        if (entered && at < SPAN)
                entered[at] = 1;
}

void __cyg_profile_func_exit(void *function, void *caller)
{
        (void)function;
        (void)caller;
}

HIDDEN __attribute__((constructor(101))) static void begin(void)
{
        const char *path = getenv("MUTATE_TRACE");
        int fd = path ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;
        if (fd < 0)
                return;
        if (ftruncate(fd, SPAN) == 0) {
                // Not by mmap(), which tests/canary_wrap.c counts.
                long at = syscall(SYS_mmap, NULL, SPAN, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
                entered = at == -1 ? NULL : (uint8_t *)at;
        }
        (void)close(fd);
}
