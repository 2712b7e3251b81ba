// SPDX-License-Identifier: Apache-2.0
// Any PKCS#12 file is either refused with a reason and a hint that do not tell the passphrase, or gives a key and its
// certificate. Input: "p" for a passphrase, anything else for none; then the file.
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
        struct error e = {.kind = ERROR_NONE};
        struct x509_parts parts = {.key = calloc(1, sizeof(struct x509_key))};
        assert(parts.key);
        struct x509_passphrase passphrase = {.key = "private_key_passphrase_file", .given = data[0] == 'p'};
        buffer_init(&passphrase.text, LIMIT_SECRET_FILE);
        if (passphrase.given)
                (void)buffer_put_str(&passphrase.text, passphrase_text);
        if (x509_pkcs12_parse(slice_of(data + 1, size - 1), "i.p12", &passphrase, &parts, &e) < 0) {
                assert(e.kind == ERROR_CONFIG && e.message[0] && e.hint[0]);
                assert(!strstr(e.message, passphrase_text) && !strstr(e.hint, passphrase_text));
        } else {
                assert(parts.key->pkey && sk_X509_num(parts.certificates) > 0);
                assert(X509_check_private_key(sk_X509_value(parts.certificates, 0), parts.key->pkey) == 1);
        }
        sk_X509_pop_free(parts.certificates, X509_free);
        x509_key_free(parts.key);
        x509_passphrase_free(&passphrase);
        return 0;
}
