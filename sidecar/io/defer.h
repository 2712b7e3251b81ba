// SPDX-License-Identifier: Apache-2.0
// Runs a function once, from a later turn of the event loop: how work that is done at once completes without calling
// back into whoever started it.
#ifndef SIDECAR_IO_DEFER_H
#define SIDECAR_IO_DEFER_H

struct defer; // opaque
struct uv_loop_s;

// `run` is called once, never before this function has returned; the deferral is gone when `run` is called. NULL: out
// of memory, and `run` is never called.
struct defer *defer_start(struct uv_loop_s *loop, void (*run)(void *arg), void *arg);

// `run` is not called any more; the deferral is gone. NULL is fine.
void defer_cancel(struct defer *d);

#endif
