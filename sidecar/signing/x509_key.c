// SPDX-License-Identifier: Apache-2.0
// Loads a private key from a file through OSSL_STORE. x509_token.c does it for URIs.
#include <openssl/err.h>
#include <stdlib.h>

#include "proto/wire/limits.h"
#include "sidecar/signing/pem.h"
#include "sidecar/signing/x509_internal.h"

// A file with the key of a TPM, which only that TPM can decrypt (tpm2-tss, "TSS2 key format").
#define TSS2_BEGIN "-----BEGIN TSS2 PRIVATE KEY-----"

const char *x509_key_path(const char *source)
{
        struct slice text = slice_str(source);
        if (slice_starts_with(text, SLICE("file://")))
                return source + strlen("file://");
        if (slice_starts_with(text, SLICE("file:")))
                return source + strlen("file:");
        size_t colon = slice_find(text, ':'), slash = slice_find(text, '/');
        return colon < text.n && colon < slash ? NULL : source;
}

void x509_key_free(struct x509_key *key)
{
        if (!key)
                return;
        EVP_PKEY_free(key->pkey);
        x509_context_close(&key->context); // after the key, which is of a provider in there
        free(key);
}

static int explain(const char *source, struct slice content, const struct x509_passphrase *passphrase,
                   const char *reason, struct error *e)
{
        if (passphrase->too_long) {
                error_set(e, ERROR_CONFIG, "%s: the passphrase is too long for OpenSSL", source);
                return error_hint(e, "encrypt the private key with one of at most 1000 bytes");
        }
        if (passphrase->asked && !passphrase->given) {
                error_set(e, ERROR_CONFIG, "%s: the private key is encrypted and there is no passphrase", source);
                return error_hint(e, "set private_key_passphrase_file to the file that contains it");
        }
        if (passphrase->asked) {
                error_set(e, ERROR_CONFIG, "%s: the private key cannot be decrypted: wrong passphrase? (%s)", source,
                          reason);
                return error_hint(e, "check %s: it must provide the passphrase alone, on one line", passphrase->key);
        }
        error_set(e, ERROR_CONFIG, "%s: no private key found (%s)", source, reason);
        if (pem_explain(content, PEM_PRIVATE_KEY, source, e))
                return -1;
        return error_hint(e, "set private_key to a PEM file (PKCS#8, PKCS#1 or SEC1) or to a provider's URI");
}

static bool is_tss2(struct slice content)
{
        return memmem(content.p, content.n, TSS2_BEGIN, strlen(TSS2_BEGIN)) != NULL;
}

int x509_key_parse(struct slice content, const char *path, struct x509_passphrase *passphrase, struct x509_key *ret,
                   struct error *e)
{
        if (is_tss2(content) && !x509_context_open(&ret->context, "tpm2")) {
                error_set(e, ERROR_CONFIG,
                          "%s: this is the key of a TPM, and OpenSSL's provider tpm2 did not start (%s)", path,
                          x509_reason());
                return error_hint(e, "install it (package tpm2-openssl); its log is on standard error");
        }
        BIO *bio = BIO_new_mem_buf(content.p, (int)content.n); // at most LIMIT_KEY_FILE
        UI_METHOD *ui = x509_passphrase_ui();
        if (!bio || !ui) {
                (void)error_set(e, ERROR_INTERNAL, "%s: out of memory", path);
        } else {
                ERR_clear_error();
                ret->pkey = x509_store_key(OSSL_STORE_attach(bio, "file", ret->context.library, ret->context.query, ui,
                                                             passphrase, NULL, NULL, NULL));
                if (!ret->pkey)
                        (void)explain(path, content, passphrase, x509_reason(), e);
        }
        UI_destroy_method(ui);
        BIO_free(bio);
        ERR_clear_error();
        return ret->pkey ? 0 : -1;
}

// DER has no blocks: it is taken as it is.
static int load_file(const char *path, struct x509_passphrase *passphrase, struct x509_key *ret, struct error *e)
{
        struct buffer content, tidy;
        buffer_init(&tidy, (size_t)2 * LIMIT_KEY_FILE);
        int r = x509_file_read(path, "private key", "write the private key to it, as PEM", &content, e);
        if (r == 0 && pem_tidy(buffer_slice(&content), &tidy) < 0)
                r = error_set(e, ERROR_INTERNAL, "%s: out of memory", path);
        if (r == 0)
                r = x509_key_parse(buffer_slice(tidy.n > 0 ? &tidy : &content), path, passphrase, ret, e);
        buffer_free(&tidy);
        buffer_free(&content);
        return r;
}

int x509_key_load(const char *source, const struct x509_paths *paths, struct x509_key *ret, struct error *e)
{
        struct x509_passphrase passphrase;
        int r = x509_passphrase_read(paths, &passphrase, e);
        const char *path = x509_key_path(source);
        if (r == 0)
                r = path ? load_file(path, &passphrase, ret, e) : x509_token_key(source, paths, &passphrase, ret, e);
        x509_passphrase_free(&passphrase);
        return r;
}
