// SPDX-License-Identifier: Apache-2.0
#ifndef SIDECAR_SIGNING_OPENSSL_MEMORY_H
#define SIDECAR_SIGNING_OPENSSL_MEMORY_H

// Makes OpenSSL wipe all memory that it frees, which may have contained keys. Call it before any other function of
// OpenSSL.
void openssl_memory_wipe(void);

#endif
