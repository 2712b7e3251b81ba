// SPDX-License-Identifier: Apache-2.0
#include "sidecar/app/heap.h"

#include <features.h>

#ifdef __GLIBC__
#include <malloc.h>
#endif

enum { MAPPED_FROM = 128 * 1024 }; // larger blocks have their own mapping

void heap_configure(void)
{
#ifdef __GLIBC__
        // A threshold that was set stays; else glibc raises it to the largest block ever freed, and keeps such blocks.
        (void)mallopt(M_MMAP_THRESHOLD, MAPPED_FROM);
        // The loop allocates nearly alone: an arena for each worker would only take pages.
        (void)mallopt(M_ARENA_MAX, 1);
#endif
}

void heap_trim(void)
{
#ifdef __GLIBC__
        (void)malloc_trim(0);
#endif
}
