// SPDX-License-Identifier: Apache-2.0
#include "sidecar/signing/hex_digest.h"

#include <openssl/evp.h>

#include "proto/mem/text.h"

static int digest_hex(const EVP_MD *algorithm, struct slice bytes, char *out, size_t size)
{
        uint8_t hash[EVP_MAX_MD_SIZE];
        unsigned n = 0;
        if (EVP_Digest(bytes.p, bytes.n, hash, &n, algorithm, NULL) != 1 || n != (size - 1) / 2)
                return -1;
        text_hex_encode(slice_of(hash, n), out);
        out[size - 1] = '\0';
        return 0;
}

int sha1_hex(struct slice bytes, char out[SHA1_HEX_SIZE])
{
        return digest_hex(EVP_sha1(), bytes, out, SHA1_HEX_SIZE);
}

int sha256_hex(struct slice bytes, char out[SHA256_HEX_SIZE])
{
        return digest_hex(EVP_sha256(), bytes, out, SHA256_HEX_SIZE);
}
