// SPDX-License-Identifier: Apache-2.0
// A shared file with a token that is renewed: read anew for every use, since the AWS CLI and other agents write it too,
// and renewed by one of them at a time. What could not be written is held, and written later: where a refresh token is
// good for one use, the file's is spent.
#ifndef SIDECAR_PROVIDERS_HELD_FILE_H
#define SIDECAR_PROVIDERS_HELD_FILE_H

#include <stdbool.h>

#include "proto/mem/buffer.h"
#include "sidecar/base/error.h"

struct held_file {
        const char *what; // for messages; static
        char *path;       // owned; set by the owner before the first read
        struct buffer text;
        struct buffer seen;      // what was in the file at the last read
        struct buffer key;       // of what is in the file
        struct buffer held;      // what could not be written; empty: none
        struct buffer held_over; // the key when it should have been
        bool is_over_nothing;    // … and there was no file
        int lock;                // -1: none
};

void held_file_init(struct held_file *f, const char *what, size_t max);
void held_file_deinit(struct held_file *f); // wipes

// f->text becomes what the file holds; empty: there is none. 0, or -1 with *e: it cannot be read.
int held_file_read(struct held_file *f, struct error *e);

// Says what tells the token that was read from its successor (a secret; empty: none could be read). 1 when what is held
// stands in for it, as long as the file has the token that it had then, or is not there if it was not; f->text is that
// now, to be read again. A file that is gone is how one logs out. 0 when the file counts. -1: out of memory; what is
// held stays.
int held_file_prefer(struct held_file *f, struct slice key);

// These bytes, not of f->text, are held from now on, and f->text. 0, or -1: no memory, or too long; f->text is to be
// read again.
int held_file_put(struct held_file *f, struct slice bytes);

// What is held is not to be used: what the file says is better.
void held_file_drop(struct held_file *f);

// Writes what is held. It stays so where that fails; where somebody else has written meanwhile, theirs counts.
void held_file_write(struct held_file *f);

// As cache_file_lock(): 0, or -errno.
int held_file_lock(struct held_file *f);
void held_file_unlock(struct held_file *f);

#endif
