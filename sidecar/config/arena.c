// SPDX-License-Identifier: Apache-2.0
// Owns a list of chunks; never moves what it gave out.
#include "sidecar/config/arena.h"

#include <stdalign.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "proto/mem/secret.h"

#define FIRST_CHUNK ((size_t)4096)
#define LARGEST_CHUNK ((size_t)256 * 1024)

struct arena_chunk {
        struct arena_chunk *next;
        size_t size; // with this header
        size_t used; // with this header
};

void arena_init(struct arena *a, bool holds_secrets)
{
        *a = (struct arena){.next_size = FIRST_CHUNK, .holds_secrets = holds_secrets};
}

void arena_free(struct arena *a)
{
        struct arena_chunk *chunk = a->chunks;
        while (chunk) {
                struct arena_chunk *next = chunk->next;
                size_t size = chunk->size;
                if (a->holds_secrets) {
                        secret_release(chunk, size);
                } else {
                        explicit_bzero(chunk, size);
                        free(chunk);
                }
                chunk = next;
        }
        arena_init(a, a->holds_secrets);
}

static struct arena_chunk *add_chunk(struct arena *a, size_t n)
{
        size_t size = a->next_size;
        if (n > size - sizeof(struct arena_chunk) - alignof(max_align_t)) {
                if (n > SIZE_MAX - sizeof(struct arena_chunk) - alignof(max_align_t))
                        return NULL;
                size = n + sizeof(struct arena_chunk) + alignof(max_align_t);
        }
        struct arena_chunk *chunk = a->holds_secrets ? secret_alloc(size) : calloc(1, size);
        if (!chunk)
                return NULL;
        *chunk = (struct arena_chunk){.next = a->chunks, .size = size, .used = sizeof(*chunk)};
        a->chunks = chunk;
        // locked memory is scarce: it grows by the page
        if (!a->holds_secrets && a->next_size < LARGEST_CHUNK)
                a->next_size *= 2;
        return chunk;
}

static void *take(struct arena *a, size_t n, size_t alignment)
{
        struct arena_chunk *chunk = a->chunks;
        size_t at = chunk ? (chunk->used + alignment - 1) / alignment * alignment : 0;
        if (!chunk || at > chunk->size || n > chunk->size - at) {
                chunk = add_chunk(a, n);
                if (!chunk)
                        return NULL;
                at = (chunk->used + alignment - 1) / alignment * alignment;
        }
        chunk->used = at + n;
        return (uint8_t *)chunk + at;
}

void *arena_array(struct arena *a, size_t count, size_t size)
{
        if (count == 0 || size == 0 || count > SIZE_MAX / size)
                return NULL;
        return take(a, count * size, alignof(max_align_t));
}

char *arena_copy(struct arena *a, struct slice text)
{
        if (text.n == SIZE_MAX)
                return NULL;
        char *copy = take(a, text.n + 1, 1);
        if (!copy)
                return NULL;
        if (text.n)
                memcpy(copy, text.p, text.n);
        copy[text.n] = '\0';
        return copy;
}
