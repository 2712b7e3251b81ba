// SPDX-License-Identifier: Apache-2.0
// Runs a function once, in a later turn of the loop or after a delay: a timer that frees itself. Loop thread only.
#ifndef SIDECAR_IO_DELAY_H
#define SIDECAR_IO_DELAY_H

#include <stdint.h>

#include "proto/mem/must_check.h"

struct delay; // opaque
struct uv_loop_s;

// Calls `run` once, at least `real_ms` from now (the loop's time), and never before this function has returned. The
// delay is freed before `run` is called. NULL: out of memory, and `run` is never called.
MUST_CHECK struct delay *delay_start(struct uv_loop_s *loop, uint64_t real_ms, void (*run)(void *arg), void *arg);

// Frees the delay; `run` is not called any more. NULL is fine.
void delay_cancel(struct delay *d);

#endif
