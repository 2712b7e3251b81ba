// SPDX-License-Identifier: Apache-2.0
#include "sidecar/signing/sha1.h"

#include <openssl/evp.h>

#include "proto/mem/text.h"

int sha1_hex(struct slice bytes, char out[SHA1_HEX_SIZE])
{
        uint8_t hash[EVP_MAX_MD_SIZE];
        unsigned n = 0;
        if (EVP_Digest(bytes.p, bytes.n, hash, &n, EVP_sha1(), NULL) != 1 || n != (SHA1_HEX_SIZE - 1) / 2)
                return -1;
        text_hex_encode(slice_of(hash, n), out);
        out[SHA1_HEX_SIZE - 1] = '\0';
        return 0;
}
