// SPDX-License-Identifier: Apache-2.0
// Writes or removes a file with credentials in a worker: its disk may be full, slow, or never answer. One object for
// each piece of work. Loop thread only.
#ifndef SIDECAR_APP_FILE_WRITE_H
#define SIDECAR_APP_FILE_WRITE_H

#include <stdbool.h>

#include "proto/mem/must_check.h"
#include "proto/mem/slice.h"
#include "sidecar/base/error.h"

struct file_settings;
struct file_write; // opaque
struct settings;
struct workers;

struct file_write_options {
        struct workers *workers;
        struct settings *settings; // held until the work has ended
        const struct file_settings *file;
        bool is_ours;      // what is there was written before
        struct slice text; // copied into secret memory; empty: removes the file
        int64_t ended_s;   // not 0: removes it only if what an agent of before left there had ended by then
        // The worker is late; the work goes on. Called from the loop, at most once.
        void (*late)(void *owner, const struct error *e);
        // The work has ended, `e` NULL: well. Called from the loop, once, unless it never ends; frees the object.
        void (*done)(void *owner, const struct error *e);
        void *owner;
};

// NULL: out of memory, and nothing happens.
MUST_CHECK struct file_write *file_write_start(const struct file_write_options *options);

// The owner goes: neither function is called any more. What a worker still has goes when it returns. NULL is fine.
void file_write_abandon(struct file_write *w);

#endif
