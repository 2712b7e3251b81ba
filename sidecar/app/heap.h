// SPDX-License-Identifier: Apache-2.0
// Keeps the C library's heap small: memory that a reload or a long list needed for a moment goes back to the system.
#ifndef SIDECAR_APP_HEAP_H
#define SIDECAR_APP_HEAP_H

// Once, at the start.
void heap_configure(void);

// After much was freed.
void heap_trim(void);

#endif
