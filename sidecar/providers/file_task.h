// SPDX-License-Identifier: Apache-2.0
// Work on files with secrets and tokens, in a worker (io/workers.h): a file on a network, or of a file system that is a
// process, may never answer, which holds up its profile and nothing else. One object for each piece of work. Loop
// thread only, but for the operations.
#ifndef SIDECAR_PROVIDERS_FILE_TASK_H
#define SIDECAR_PROVIDERS_FILE_TASK_H

#include <stddef.h>

#include "proto/mem/buffer.h"
#include "proto/mem/must_check.h"
#include "sidecar/base/error.h"

struct file_task; // opaque
struct profile;
struct provider;

struct file_task_ops {
        size_t size; // of the work
        // In a worker: reads and writes nothing but *work, and the profile of the provider, which is held. e->kind
        // stays ERROR_NONE, or it failed.
        void (*run)(void *work, struct error *e);
        void (*clear)(void *work); // wipes and releases what it holds
};

// `done` is called exactly once after file_task_start(), from the loop, unless the task is freed before. When the
// worker is late: with ERROR_TRANSIENT. NULL: out of memory.
MUST_CHECK struct file_task *file_task_new(const struct provider *p, const struct file_task_ops *ops,
                                           void (*done)(void *owner, const struct error *e), void *owner);

// The work, zeroed: for the owner to fill before the start, and to read in `done` unless that has an error.
void *file_task_work(struct file_task *t);

// `path`: the file that may not answer; in the work or the profile.
void file_task_start(struct file_task *t, const char *path);

// At any time. What a worker still has goes when it returns. NULL is fine.
void file_task_free(struct file_task *t);

// For `run`: judges the file by the settings of the profile (file_trust.h), and reads it, as file_read() or, with
// `is_trimmed`, file_read_trimmed().
MUST_CHECK int file_task_read(const struct profile *profile, const char *path, const char *what, bool is_trimmed,
                              struct buffer *ret, struct error *e);

#endif
