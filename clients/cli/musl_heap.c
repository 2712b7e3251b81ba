// SPDX-License-Identifier: Apache-2.0
// The heap of the static `keyfob`, in place of musl's, which maps pages for each new size of block: a third of the
// time that `keyfob credential-process` takes. One thread, few blocks, a short life. Blocks have sizes of powers of
// two and are kept for reuse by size; they come from one piece of zeroed memory that is there from the start. Large
// ones are mapped by themselves.
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
        ALIGNMENT = 16,
        SMALLEST = 64,
        CLASSES_N = 10,                        // 64 bytes to 32 KiB
        LARGEST = SMALLEST << (CLASSES_N - 1), // larger blocks are mapped
        FIRST_PIECE = 128 * 1024,
        NEXT_PIECE = 1024 * 1024
};

// Before each block.
struct header {
        _Alignas(ALIGNMENT) size_t size; // of the block with this header
        struct header *next;             // in the list of free ones
};

static _Alignas(ALIGNMENT) uint8_t first_piece[FIRST_PIECE];
static uint8_t *piece = first_piece;
static size_t piece_left = FIRST_PIECE;
static struct header *free_blocks[CLASSES_N];

size_t malloc_usable_size(void *p);

static void *map(size_t size)
{
        void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        return p == MAP_FAILED ? NULL : p;
}

static struct header *map_block(size_t size)
{
        struct header *h = map(size);
        if (h)
                h->size = size;
        return h;
}

static struct header *cut_block(size_t size)
{
        if (size > piece_left) { // the rest of the old piece is lost: less than a block
                uint8_t *fresh = map(NEXT_PIECE);
                if (!fresh)
                        return NULL;
                piece = fresh;
                piece_left = NEXT_PIECE;
        }
        struct header *h = (struct header *)(void *)piece;
        piece += size;
        piece_left -= size;
        h->size = size;
        return h;
}

static size_t class_of(size_t size)
{
        size_t class = 0;
        while (((size_t)SMALLEST << class) < size)
                class ++;
        return class;
}

static struct header *find_block(size_t size)
{
        if (size > LARGEST)
                return map_block(size);
        size_t class = class_of(size);
        struct header *h = free_blocks[class];
        if (!h)
                return cut_block((size_t)SMALLEST << class);
        free_blocks[class] = h->next;
        return h;
}

// Not malloc() itself: a compiler may turn that and a memset() into calloc(), within calloc() too.
static void *allocate(size_t n)
{
        struct header *h = n <= PTRDIFF_MAX - sizeof(*h) ? find_block(n + sizeof(*h)) : NULL;
        if (!h) {
                errno = ENOMEM;
                return NULL;
        }
        return h + 1;
}

void *malloc(size_t n)
{
        return allocate(n);
}

void free(void *p)
{
        if (!p)
                return;
        struct header *h = (struct header *)p - 1;
        if (h->size > LARGEST) {
                (void)munmap(h, h->size);
                return;
        }
        size_t class = class_of(h->size);
        h->next = free_blocks[class];
        free_blocks[class] = h;
}

size_t malloc_usable_size(void *p)
{
        return p ? ((struct header *)p - 1)->size - sizeof(struct header) : 0;
}

void *calloc(size_t count, size_t size)
{
        size_t n = 0;
        void *p = allocate(__builtin_mul_overflow(count, size, &n) ? SIZE_MAX : n);
        return p ? memset(p, 0, n) : NULL;
}

void *realloc(void *p, size_t n)
{
        size_t held = malloc_usable_size(p);
        if (p && n <= held)
                return p;
        void *q = allocate(n);
        if (q && p) {
                memcpy(q, p, held);
                free(p);
        }
        return q;
}
