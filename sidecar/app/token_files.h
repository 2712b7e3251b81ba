// SPDX-License-Identifier: Apache-2.0
// The tokens of the listeners for `container`: read or made at the start, read again in workers when their files
// change.
#ifndef SIDECAR_APP_TOKEN_FILES_H
#define SIDECAR_APP_TOKEN_FILES_H

#include <stddef.h>
#include <stdint.h>

#include "proto/mem/must_check.h"
#include "sidecar/base/error.h"

struct listeners;
struct log;
struct secret;
struct token_files; // opaque
struct uv_loop_s;
struct workers;

// Blocks: before the loop runs. NULL and *e: a file cannot be used, or out of memory.
MUST_CHECK struct token_files *token_files_load(const struct listeners *l, struct error *e);

// The token of that listener, which may change from the loop, until token_files_free(). NULL: it has none.
const struct secret *token_files_get(const struct token_files *t, size_t listener);

struct token_files_deps {
        struct uv_loop_s *loop;
        const struct log *log;
        struct workers *workers;
        uint64_t poll_every_ms; // watch.h
        int64_t read_ns;        // a watch_moment() before token_files_load()
};

// From now on hears of changes. A file that cannot be used is logged, and the token stays as it was; one that was
// removed is made again, with another token. 0, or -1: out of memory.
MUST_CHECK int token_files_watch(struct token_files *t, const struct token_files_deps *deps);

void token_files_close(struct token_files *t); // watches no more; NULL is fine
void token_files_free(struct token_files *t);  // when the loop has ended; NULL is fine

#endif
