// SPDX-License-Identifier: Apache-2.0
// Any text of a private key's file is either refused with a reason and a hint that do not tell the passphrase, or gives
// a key. Input: "p" for a passphrase, anything else for none; then the file.
#include <assert.h>
#include <stdlib.h>

#include "proto/wire/limits.h"
#include "sidecar/signing/x509_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const char passphrase_text[] = "open sesame";
        if (size < 1 || size > LIMIT_KEY_FILE)
                return 0;
        struct slice content = slice_of(data + 1, size - 1);
        if (memmem(content.p, content.n, "TSS2", 4)) // asks for a TPM
                return 0;
        struct error e = {.kind = ERROR_NONE};
        struct x509_key *key = calloc(1, sizeof(*key));
        assert(key);
        struct x509_passphrase passphrase = {.key = "private_key_passphrase_file", .given = data[0] == 'p'};
        buffer_init(&passphrase.text, LIMIT_SECRET_FILE);
        if (passphrase.given)
                (void)buffer_put_str(&passphrase.text, passphrase_text);
        if (x509_key_parse(content, "k.pem", &passphrase, key, &e) < 0) {
                assert(e.kind == ERROR_CONFIG && e.message[0] && e.hint[0]);
                assert(!strstr(e.message, passphrase_text) && !strstr(e.hint, passphrase_text));
        } else {
                assert(key->pkey);
                (void)x509_algorithm_of(key->pkey);
        }
        x509_key_free(key);
        x509_passphrase_free(&passphrase);
        return 0;
}
