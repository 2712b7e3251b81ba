// SPDX-License-Identifier: Apache-2.0
// SHA-1 as a name of files that others chose. For nothing that has to be safe.
#ifndef SIDECAR_SIGNING_SHA1_H
#define SIDECAR_SIGNING_SHA1_H

#include "proto/mem/slice.h"

#define SHA1_HEX_SIZE 41 // 40 lower-case digits and a NUL

// 0, or -1 when OpenSSL fails.
int sha1_hex(struct slice bytes, char out[SHA1_HEX_SIZE]);

#endif
