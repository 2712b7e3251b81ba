// SPDX-License-Identifier: Apache-2.0
// A file with a token that is renewed, shared with the AWS CLI, the SDKs and other agents: read anew for every use, and
// renewed by one of them at a time. What could not be written is pending: it is used, and written later, for where a
// refresh token is good for one use, the file's is spent. The file is opened in workers only (file_task.h); all else is
// the loop thread's.
#ifndef SIDECAR_PROVIDERS_TOKEN_FILE_H
#define SIDECAR_PROVIDERS_TOKEN_FILE_H

#include <stdbool.h>

#include "proto/mem/buffer.h"
#include "proto/mem/must_check.h"
#include "sidecar/base/error.h"

struct file_task;
struct provider;
struct uv_loop_s;

// Reads `text` into the owner's token, or clears that when `text` is empty or cannot be used. 0 with *ret_key, what
// tells the token from its successor (a secret; empty: there is none), or -1 with *e.
typedef int token_file_read_fn(void *owner, struct slice text, struct slice *ret_key, struct error *e);

typedef void token_file_done_fn(void *owner, const struct error *e);

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

        struct file_task *task; // under way; NULL: nothing is
        bool is_loading;        // … and it is a load
        const struct provider *provider;
        token_file_done_fn *done;
        struct error unusable; // token_file_load(): why what is there cannot be used; of kind ERROR_NONE: it can
        bool is_locked_by_other;
};

void token_file_init(struct token_file *f, const char *what, size_t max, token_file_read_fn *read, void *owner);
void token_file_deinit(struct token_file *f); // wipes; ends what is under way

// Reads the file, or what is pending in its place, into the owner's token: pending bytes count as long as the file has
// the token that it had when they should have been written, or does not exist if it did not: removing the file logs
// out. Then they are written. `done` is called once, from the loop, with the owner: `e` NULL: f->unusable says whether
// there is a token; f->text is empty when there is no file. Else it cannot be read, or memory ran out.
// With `locks` it makes this the only process that renews the token, before it reads; if another one is, nothing is
// read, and f->is_locked_by_other. Where no lock can be had, it goes on without. 0, or -1 with *e: out of memory, and
// nothing follows.
MUST_CHECK int token_file_load(struct token_file *f, const struct provider *p, bool locks, token_file_done_fn *done,
                               struct error *e);

// Ends a load that is under way: its `done` follows soon, with ERROR_CANCELLED. A write goes on.
void token_file_cancel(struct token_file *f);

// These bytes, not of f->text, are pending from now on. 0, or -1 with *e: memory, or they are too long.
MUST_CHECK int token_file_hold(struct token_file *f, struct slice bytes, struct error *e);

// The same, where the file was read by somebody else, and has the bytes `seen`. The owner's token is cleared.
MUST_CHECK int token_file_hold_over(struct token_file *f, struct slice bytes, struct slice seen, struct error *e);

// The same as the first, and they are read into the owner's token. token_file_write() is to follow. 0, or -1 with *e:
// they cannot be used.
MUST_CHECK int token_file_take(struct token_file *f, struct slice bytes, struct error *e);

// Writes what is pending, if that can be done; where another process has written meanwhile, its bytes stay in the file.
// `done` is called once, from the loop, without an error.
void token_file_write(struct token_file *f, const struct provider *p, token_file_done_fn *done);

// Drops what is pending: a log-out.
void token_file_forget(struct token_file *f);

void token_file_unlock(struct token_file *f);

// Runs `retry` with the owner once, a little later. 0, or -1 with *e: it has waited for too long.
MUST_CHECK int token_file_wait(struct token_file *f, struct uv_loop_s *loop, void (*retry)(void *owner),
                               struct error *e);

#endif
