// SPDX-License-Identifier: Apache-2.0
// A small heap for a short life: blocks have sizes of powers of two, come from one piece of memory after another, and
// are kept for reuse by size; large ones are mapped by themselves. One thread. Each block is marked with a secret
// number: giving back what is no block, or is free already, or has been written over, ends the process.
#ifndef CLIENTS_CLI_HEAP_H
#define CLIENTS_CLI_HEAP_H

#include <stddef.h>
#include <stdint.h>

enum {
        HEAP_ALIGNMENT = 16,
        HEAP_SMALLEST = 64,
        HEAP_CLASSES_N = 10,                                  // 64 bytes to 32 KiB, with what the heap needs itself
        HEAP_LARGEST = HEAP_SMALLEST << (HEAP_CLASSES_N - 1), // larger blocks are mapped
        HEAP_NEXT_PIECE = 1024 * 1024                         // mapped when a piece is used up
};

struct heap_block; // what stands before the memory that the caller gets

struct heap {
        uint8_t *piece;
        size_t piece_left;
        uintptr_t mark;
        struct heap_block *free_blocks[HEAP_CLASSES_N];
};

// `piece`, aligned to HEAP_ALIGNMENT, is used first; it outlives the heap. `mark` should be hard to guess.
void heap_init(struct heap *heap, void *piece, size_t size, uintptr_t mark);

// As malloc(), free() and malloc_usable_size(); no errno. What heap_alloc() gives has not been zeroed.
void *heap_alloc(struct heap *heap, size_t n);
void heap_free(struct heap *heap, void *p);
size_t heap_size(const struct heap *heap, const void *p);

#endif
