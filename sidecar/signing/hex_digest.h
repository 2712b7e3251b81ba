// SPDX-License-Identifier: Apache-2.0
// Hexadecimal digests, as the AWS CLI uses them for file names. Not for security: SHA-1 is broken.
#ifndef SIDECAR_SIGNING_HEX_DIGEST_H
#define SIDECAR_SIGNING_HEX_DIGEST_H

#include "proto/mem/must_check.h"
#include "proto/mem/slice.h"

#define SHA1_HEX_SIZE 41   // 40 lower-case digits and a NUL
#define SHA256_HEX_SIZE 65 // 64 and a NUL

// 0, or -1 when OpenSSL fails.
MUST_CHECK int sha1_hex(struct slice bytes, char out[SHA1_HEX_SIZE]);
MUST_CHECK int sha256_hex(struct slice bytes, char out[SHA256_HEX_SIZE]);

#endif
