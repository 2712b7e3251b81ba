// SPDX-License-Identifier: Apache-2.0
#include "sidecar/server/request_arena.h"

#include <stdlib.h>
#include <string.h>

enum { BLOCK_SIZE = 1024 };

struct request_block {
        struct request_block *next;
        size_t used, size;
        max_align_t bytes[];
};

void *request_arena_alloc(struct request_arena *a, size_t n)
{
        struct request_block *block = a->blocks;
        n = (n + _Alignof(max_align_t) - 1) / _Alignof(max_align_t) * _Alignof(max_align_t);
        if (!block || block->size - block->used < n) {
                size_t size = n > BLOCK_SIZE ? n : BLOCK_SIZE;
                block = calloc(1, sizeof(*block) + size);
                if (!block)
                        return NULL;
                *block = (struct request_block){.next = a->blocks, .size = size};
                a->blocks = block;
        }
        void *p = (char *)block->bytes + block->used;
        block->used += n;
        return p;
}

int request_arena_keep(struct request_arena *a, struct slice *s)
{
        if (s->n == 0)
                return 0;
        void *copy = request_arena_alloc(a, s->n);
        if (!copy)
                return -1;
        memcpy(copy, s->p, s->n);
        s->p = copy;
        return 0;
}

void request_arena_free(struct request_arena *a)
{
        struct request_block *next;
        for (struct request_block *block = a->blocks; block; block = next) {
                next = block->next;
                explicit_bzero(block->bytes, block->used);
                free(block);
        }
        a->blocks = NULL;
}
