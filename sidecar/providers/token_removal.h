// SPDX-License-Identifier: Apache-2.0
// Removes the file of a token that is shared with the AWS CLI and the SDKs: to them, too, nobody is logged in then. In
// a worker (file_task.h).
#ifndef SIDECAR_PROVIDERS_TOKEN_REMOVAL_H
#define SIDECAR_PROVIDERS_TOKEN_REMOVAL_H

#include "proto/mem/must_check.h"
#include "proto/mem/slice.h"
#include "sidecar/base/error.h"

struct file_task;
struct provider;

// Takes over `path`, from malloc(). `what` names the file in messages; static. `done` is called once, from the loop:
// with an error if the file is still there. NULL with *e: out of memory, and nothing follows.
MUST_CHECK struct file_task *token_removal_start(const struct provider *p, char *path, const char *what,
                                                 void (*done)(void *owner, const struct error *e), void *owner,
                                                 struct error *e);

// After `done` without an error: what the file held, a secret of the task's; empty: there was none, or with *e (else of
// kind ERROR_NONE) why it could not be read.
struct slice token_removal_text(struct file_task *task, struct error *e);

#endif
