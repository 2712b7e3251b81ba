// SPDX-License-Identifier: Apache-2.0
#ifndef SIDECAR_SIGNING_OPENSSL_MEMORY_H
#define SIDECAR_SIGNING_OPENSSL_MEMORY_H

// From now on OpenSSL wipes all memory that it frees, which may have held keys. To be called before anything else of
// it.
void openssl_memory_wipe(void);

#endif
