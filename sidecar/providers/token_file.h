// SPDX-License-Identifier: Apache-2.0
// A file with a token that is renewed, shared with the AWS CLI, the SDKs and other agents: read anew for every use, and
// renewed by one of them at a time. What could not be written is pending: it is used, and written later, for where a
// refresh token is good for one use, the file's is spent.
#ifndef SIDECAR_PROVIDERS_TOKEN_FILE_H
#define SIDECAR_PROVIDERS_TOKEN_FILE_H

#include <stdbool.h>

#include "proto/mem/buffer.h"
#include "proto/mem/must_check.h"
#include "sidecar/base/error.h"

struct uv_loop_s;

// Reads `text` into the owner's token, or clears that when `text` is empty or cannot be used. 0 with *ret_key, what
// tells the token from its successor (a secret; empty: there is none), or -1 with *e.
typedef int token_file_read_fn(void *owner, struct slice text, struct slice *ret_key, struct error *e);

struct token_file {
        const char *what; // for messages; static
        char *path;       // owned; set by the owner before the first load
        token_file_read_fn *read;
        void *owner;
        struct buffer text;        // what was read last, of the file or pending
        struct buffer seen;        // what was in the file at the last read
        struct buffer key;         // of what is in the file
        struct buffer pending;     // empty: nothing
        struct buffer pending_key; // the file's key when it should have been written
        bool pending_over_nothing; // … and there was no file
        int lock;                  // -1: none
        unsigned waits;            // since the owner set it to 0
};

void token_file_init(struct token_file *f, const char *what, size_t max, token_file_read_fn *read, void *owner);
void token_file_deinit(struct token_file *f); // wipes

// Reads the file, or what is pending in its place, into the owner's token: pending bytes count as long as the file has
// the token that it had when they should have been written, or does not exist if it did not: removing the file logs
// out. 0: *why is of kind ERROR_NONE, or says why what is there cannot be used; f->text is empty when there is
// no file. -1 with *e: it cannot be read, or memory ran out.
MUST_CHECK int token_file_load(struct token_file *f, struct error *why, struct error *e);

// These bytes, not of f->text, are pending from now on. 0, or -1 with *e: memory, or they are too long.
MUST_CHECK int token_file_hold(struct token_file *f, struct slice bytes, struct error *e);

// The same, and they are read into the owner's token and written if they can be; where another process has written
// meanwhile, its bytes stay in the file. 0, or -1 with *e: they cannot be used.
MUST_CHECK int token_file_take(struct token_file *f, struct slice bytes, struct error *e);

// Makes this the only process that renews the token. False: another one does. Where no lock can be had: true.
MUST_CHECK bool token_file_lock(struct token_file *f);
void token_file_unlock(struct token_file *f);

// Runs `retry` with the owner once, a little later. 0, or -1 with *e: it has waited for too long.
MUST_CHECK int token_file_wait(struct token_file *f, struct uv_loop_s *loop, void (*retry)(void *owner),
                               struct error *e);

#endif
