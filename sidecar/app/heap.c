// SPDX-License-Identifier: Apache-2.0
#include "sidecar/app/heap.h"

#include <features.h>

#ifdef __GLIBC__
#include <malloc.h>

enum { MAPPED_FROM = 128 * 1024 }; // what is larger has its own mapping

void heap_configure(void)
{
        // Said once, it stays; else glibc raises it to the largest block that was ever freed, and keeps such blocks.
        (void)mallopt(M_MMAP_THRESHOLD, MAPPED_FROM);
}

void heap_trim(void)
{
        (void)malloc_trim(0);
}

#else

void heap_configure(void)
{
}

void heap_trim(void)
{
}

#endif
