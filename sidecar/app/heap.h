// SPDX-License-Identifier: Apache-2.0
// The C library's heap, kept to what is in use: what a reload or a long list took for a moment goes back to the system.
#ifndef SIDECAR_APP_HEAP_H
#define SIDECAR_APP_HEAP_H

// Once, at the start.
void heap_configure(void);

// After what has freed much.
void heap_trim(void);

#endif
