// SPDX-License-Identifier: Apache-2.0
// Linked into the tests that script/mutate builds with -finstrument-functions: notes which functions a program enters,
// and at its end appends their addresses to the file that MUTATE_TRACE names.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define HIDDEN __attribute__((no_instrument_function))
enum { SPAN = 16 * 1024 * 1024 };

extern const char __executable_start[];
static uint8_t entered[SPAN];

void __cyg_profile_func_enter(void *function, void *caller) HIDDEN;
void __cyg_profile_func_exit(void *function, void *caller) HIDDEN;

void __cyg_profile_func_enter(void *function, void *caller)
{
        (void)caller;
        uintptr_t at = (uintptr_t)function - (uintptr_t)__executable_start;
        if (at < SPAN)
                entered[at] = 1;
}

void __cyg_profile_func_exit(void *function, void *caller)
{
        (void)function;
        (void)caller;
}

static const char *path;

HIDDEN __attribute__((constructor)) static void begin(void)
{
        path = getenv("MUTATE_TRACE");
}

HIDDEN __attribute__((destructor(101))) static void end(void)
{
        FILE *f = path ? fopen(path, "a") : NULL;
        for (size_t i = 0; f && i < SPAN; i++)
                if (entered[i])
                        (void)fprintf(f, "%zx\n", i);
        if (f)
                (void)fclose(f);
}
