// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/heap.h"

#include <stdlib.h>
#include <sys/mman.h>

struct heap_block {
        _Alignas(HEAP_ALIGNMENT) size_t size; // with this header
        uintptr_t mark;
};

_Static_assert(sizeof(struct heap_block) + sizeof(struct heap_block *) <= HEAP_SMALLEST, "a free block holds a link");

static uintptr_t mark_of(const struct heap *heap, const struct heap_block *block)
{
        return heap->mark ^ (uintptr_t)block ^ block->size;
}

// The link to the next free block lies where the caller's bytes were.
static struct heap_block **link_of(struct heap_block *block)
{
        return (struct heap_block **)(void *)(block + 1);
}

// The block that begins before `p`, which must be in use.
static struct heap_block *block_of(const struct heap *heap, const void *p)
{
        struct heap_block *block = (struct heap_block *)(uintptr_t)p - 1;
        if (block->mark != mark_of(heap, block))
                abort();
        return block;
}

static void *map(size_t size)
{
        void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        return p == MAP_FAILED ? NULL : p;
}

static struct heap_block *cut_block(struct heap *heap, size_t size)
{
        if (size > heap->piece_left) { // the rest of the old piece is lost: less than a block
                uint8_t *fresh = map(HEAP_NEXT_PIECE);
                if (!fresh)
                        return NULL;
                heap->piece = fresh;
                heap->piece_left = HEAP_NEXT_PIECE;
        }
        struct heap_block *block = (struct heap_block *)(void *)heap->piece;
        heap->piece += size;
        heap->piece_left -= size;
        return block;
}

static size_t class_of(size_t size)
{
        size_t class = 0;
        while (((size_t)HEAP_SMALLEST << class) < size)
                class ++;
        return class;
}

static struct heap_block *take_block(struct heap *heap, size_t class)
{
        struct heap_block *block = heap->free_blocks[class];
        if (!block)
                return cut_block(heap, (size_t)HEAP_SMALLEST << class);
        if (block->mark != ~mark_of(heap, block))
                abort();
        heap->free_blocks[class] = *link_of(block);
        return block;
}

void heap_init(struct heap *heap, void *piece, size_t size, uintptr_t mark)
{
        *heap = (struct heap){.piece = piece, .piece_left = size, .mark = mark};
}

void *heap_alloc(struct heap *heap, size_t n)
{
        if (n > PTRDIFF_MAX - sizeof(struct heap_block))
                return NULL;
        size_t size = n + sizeof(struct heap_block);
        struct heap_block *block;
        if (size > HEAP_LARGEST) {
                block = map(size);
        } else {
                size_t class = class_of(size);
                size = (size_t)HEAP_SMALLEST << class;
                block = take_block(heap, class);
        }
        if (!block)
                return NULL;
        block->size = size;
        block->mark = mark_of(heap, block);
        return block + 1;
}

void heap_free(struct heap *heap, void *p)
{
        if (!p)
                return;
        struct heap_block *block = block_of(heap, p);
        if (block->size > HEAP_LARGEST) {
                (void)munmap(block, block->size);
                return;
        }
        size_t class = class_of(block->size);
        block->mark = ~block->mark;
        *link_of(block) = heap->free_blocks[class];
        heap->free_blocks[class] = block;
}

size_t heap_size(const struct heap *heap, const void *p)
{
        return p ? block_of(heap, p)->size - sizeof(struct heap_block) : 0;
}
