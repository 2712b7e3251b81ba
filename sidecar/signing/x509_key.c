// SPDX-License-Identifier: Apache-2.0
// Loading a private key: files and provider URIs ("pkcs11:…") both through OSSL_STORE. A passphrase comes from its file
// or not at all; no terminal is ever asked.
#include <openssl/err.h>
#include <openssl/store.h>
#include <openssl/ui.h>

#include "proto/wire/limits.h"
#include "sidecar/base/file.h"
#include "sidecar/signing/x509_internal.h"

enum { OBJECTS_MAX = 64 }; // looked at before giving up on finding a key

struct passphrase {
        struct buffer text;
        bool given;    // there is a passphrase file
        bool asked;    // the key wanted one
        bool too_long; // for OpenSSL
};

static int answer(char *buffer, int size, int writing, void *context)
{
        struct passphrase *passphrase = context;
        (void)writing;
        passphrase->asked = true;
        if (!passphrase->given)
                return -1;
        if (passphrase->text.n > (size_t)size) {
                passphrase->too_long = true;
                return -1;
        }
        memcpy(buffer, passphrase->text.p, passphrase->text.n);
        return (int)passphrase->text.n;
}

static int passphrase_read(const char *path, struct passphrase *ret, struct error *e)
{
        if (!path)
                return 0;
        if (file_read(path, "passphrase", &ret->text, e) < 0)
                return -1;
        // The line's end is the editor's; any other blank may belong to the passphrase.
        if (ret->text.n > 0 && ret->text.p[ret->text.n - 1] == '\n')
                ret->text.n--;
        if (ret->text.n > 0 && ret->text.p[ret->text.n - 1] == '\r')
                ret->text.n--;
        ret->given = true;
        if (ret->text.n > 0)
                return 0;
        error_set(e, ERROR_CONFIG, "%s: this passphrase file is empty", path);
        return error_hint(e, "write the passphrase into it, or leave out private_key_passphrase_file");
}

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

// The first private key that the store comes up with.
static EVP_PKEY *first_key(OSSL_STORE_CTX *store)
{
        EVP_PKEY *key = NULL;
        OSSL_STORE_expect(store, OSSL_STORE_INFO_PKEY);
        for (int i = 0; i < OBJECTS_MAX && !key && !OSSL_STORE_eof(store); i++) {
                OSSL_STORE_INFO *info = OSSL_STORE_load(store);
                if (info && OSSL_STORE_INFO_get_type(info) == OSSL_STORE_INFO_PKEY)
                        key = OSSL_STORE_INFO_get1_PKEY(info);
                OSSL_STORE_INFO_free(info);
        }
        return key;
}

static void explain(const char *source, const struct passphrase *passphrase, const char *reason, struct error *e)
{
        if (passphrase->too_long) {
                error_set(e, ERROR_CONFIG, "%s: the passphrase is too long for OpenSSL", source);
                error_hint(e, "encrypt the private key with one of at most 1000 bytes");
        } else if (passphrase->asked && !passphrase->given) {
                error_set(e, ERROR_CONFIG, "%s: the private key is encrypted and there is no passphrase", source);
                error_hint(e, "name the file that holds it in private_key_passphrase_file");
        } else if (passphrase->asked) {
                error_set(e, ERROR_CONFIG, "%s: the private key cannot be decrypted: wrong passphrase? (%s)", source,
                          reason);
                error_hint(e, "check private_key_passphrase_file: it holds the passphrase alone, on one line");
        } else {
                error_set(e, ERROR_CONFIG, "%s: no private key found (%s)", source, reason);
                error_hint(e, "private_key has to be a PEM file (PKCS#8, PKCS#1 or SEC1) or a provider's URI");
        }
}

static EVP_PKEY *load_from(OSSL_STORE_CTX *store, const char *source, const struct passphrase *passphrase,
                           struct error *e)
{
        EVP_PKEY *key = store ? first_key(store) : NULL;
        if (!key)
                explain(source, passphrase, x509_reason(), e);
        OSSL_STORE_close(store);
        ERR_clear_error();
        return key;
}

static EVP_PKEY *load_file(const char *path, UI_METHOD *ui, struct passphrase *passphrase, struct error *e)
{
        struct buffer content;
        buffer_init(&content, LIMIT_KEY_FILE);
        EVP_PKEY *key = NULL;
        if (file_read(path, "private key", &content, e) == 0) {
                BIO *bio = BIO_new_mem_buf(content.p, (int)content.n); // at most LIMIT_KEY_FILE
                if (content.n == 0) {
                        error_set(e, ERROR_CONFIG, "%s: this private key file is empty", path);
                        error_hint(e, "write the private key into it, as PEM");
                } else if (bio) {
                        key = load_from(OSSL_STORE_attach(bio, "file", NULL, NULL, ui, passphrase, NULL, NULL, NULL),
                                        path, passphrase, e);
                } else {
                        error_set(e, ERROR_INTERNAL, "%s: out of memory", path);
                }
                BIO_free(bio);
        }
        buffer_free(&content);
        return key;
}

EVP_PKEY *x509_key_load(const char *source, const char *passphrase_file, struct error *e)
{
        struct passphrase passphrase = {.given = false};
        buffer_init(&passphrase.text, LIMIT_SECRET_FILE);
        EVP_PKEY *key = NULL;
        if (passphrase_read(passphrase_file, &passphrase, e) == 0) {
                UI_METHOD *ui = UI_UTIL_wrap_read_pem_callback(answer, 0);
                const char *path = x509_key_path(source);
                ERR_clear_error();
                if (!ui)
                        error_set(e, ERROR_INTERNAL, "%s: out of memory", source);
                else if (path)
                        key = load_file(path, ui, &passphrase, e);
                else
                        key = load_from(OSSL_STORE_open(source, ui, &passphrase, NULL, NULL), source, &passphrase, e);
                UI_destroy_method(ui);
        }
        buffer_free(&passphrase.text);
        return key;
}
