// SPDX-License-Identifier: Apache-2.0
// PKCS#12 (RFC 7292): one file with the private key, its certificate and its chain. Old tools encrypt with RC2, which
// OpenSSL has in its legacy provider: it is loaded only while such a file is read.
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pkcs12.h>
#include <openssl/provider.h>

#include "sidecar/signing/pem.h"
#include "sidecar/signing/x509_internal.h"

enum outcome { PARSED, WRONG_PASSPHRASE, WITHOUT_MAC, UNSUPPORTED, BROKEN };

static PKCS12 *decode(struct slice content, const char *path, struct error *e)
{
        const unsigned char *at = content.p;
        PKCS12 *file = d2i_PKCS12(NULL, &at, (long)content.n); // at most LIMIT_KEY_FILE
        if (file)
                return file;
        error_set(e, ERROR_CONFIG, "%s: this is not a PKCS#12 file (%s)", path, x509_reason());
        if (!pem_explain(content, PEM_PKCS12, path, e))
                (void)error_hint(e, "write the file again: it is damaged, incomplete or not PKCS#12");
        return NULL;
}

// Classifies the errors in OpenSSL's queue, and empties it.
static enum outcome failure(void)
{
        for (unsigned long code = ERR_get_error(); code; code = ERR_get_error()) {
                bool is_pkcs12 = ERR_GET_LIB(code) == ERR_LIB_PKCS12;
                if (is_pkcs12 && ERR_GET_REASON(code) == PKCS12_R_MAC_ABSENT)
                        return WITHOUT_MAC;
                if (is_pkcs12 && ERR_GET_REASON(code) == PKCS12_R_MAC_VERIFY_FAILURE)
                        return WRONG_PASSPHRASE;
                if (ERR_GET_REASON(code) == ERR_R_UNSUPPORTED)
                        return UNSUPPORTED;
        }
        return BROKEN;
}

static enum outcome parse_once(PKCS12 *file, const char *password, struct x509_parts *ret)
{
        X509 *leaf = NULL;
        STACK_OF(X509) *rest = NULL;
        ERR_clear_error();
        if (PKCS12_parse(file, password, &ret->key->pkey, &leaf, &rest) != 1)
                return failure();
        // The leaf is the certificate of the key. The file may have none.
        STACK_OF(X509) *all = rest ? rest : sk_X509_new_null();
        bool good = all && (!leaf || sk_X509_unshift(all, leaf) > 0);
        if (!good) {
                X509_free(leaf);
                sk_X509_pop_free(all, X509_free);
                return BROKEN;
        }
        ret->certificates = all;
        ret->has_leaf = leaf != NULL;
        return PARSED;
}

static enum outcome parse(PKCS12 *file, const char *password, struct x509_parts *ret)
{
        enum outcome outcome = parse_once(file, password, ret);
        OSSL_PROVIDER *legacy = outcome == UNSUPPORTED ? OSSL_PROVIDER_try_load(NULL, "legacy", 1) : NULL;
        if (!legacy)
                return outcome;
        outcome = parse_once(file, password, ret);
        (void)OSSL_PROVIDER_unload(legacy); // key and certificates are the default provider's
        return outcome;
}

static int explain(enum outcome outcome, const char *path, const struct x509_passphrase *passphrase, struct error *e)
{
        switch (outcome) {
        case WRONG_PASSPHRASE:
                if (!passphrase->given) {
                        error_set(e, ERROR_CONFIG, "%s: the PKCS#12 file has a passphrase, and none is configured",
                                  path);
                        return error_hint(e, "set private_key_passphrase_file to the file that contains it");
                }
                error_set(e, ERROR_CONFIG, "%s: the PKCS#12 file cannot be opened: wrong passphrase?", path);
                return error_hint(e, "check %s: it must provide the passphrase alone, on one line", passphrase->key);
        case WITHOUT_MAC:
                error_set(e, ERROR_CONFIG, "%s: the PKCS#12 file has no MAC to check the passphrase with", path);
                return error_hint(e, "create it again with openssl pkcs12 -export");
        case UNSUPPORTED:
                error_set(e, ERROR_CONFIG,
                          "%s: the PKCS#12 file uses outdated encryption (probably RC2), and OpenSSL's legacy "
                          "provider for it cannot be loaded",
                          path);
                return error_hint(e, "create it again with openssl pkcs12 -export, which uses AES, or install "
                                     "OpenSSL's legacy provider");
        case BROKEN:
        case PARSED:
                break;
        }
        error_set(e, ERROR_CONFIG, "%s: the PKCS#12 file is damaged", path);
        return error_hint(e, "create it again with openssl pkcs12 -export");
}

static int check_parts(const struct x509_parts *parts, const char *path, struct error *e)
{
        if (!parts->key->pkey) {
                error_set(e, ERROR_CONFIG, "%s: no private key in this PKCS#12 file", path);
                return error_hint(e, "export it together with its certificate: openssl pkcs12 -export -inkey KEY");
        }
        if (parts->has_leaf)
                return 0;
        error_set(e, ERROR_CONFIG, "%s: no certificate in this PKCS#12 file belongs to its private key", path);
        return error_hint(e, "export the certificate that was issued for this key along with it");
}

int x509_pkcs12_parse(struct slice content, const char *path, struct x509_passphrase *passphrase,
                      struct x509_parts *ret, struct error *e)
{
        ERR_clear_error();
        PKCS12 *file = decode(content, path, e);
        if (!file)
                return -1;
        const char *password = passphrase->given ? buffer_c_str(&passphrase->text) : NULL;
        int r;
        if (passphrase->given && !password) {
                r = error_set(e, ERROR_INTERNAL, "%s: out of memory", path);
        } else {
                enum outcome outcome = parse(file, password, ret);
                r = outcome == PARSED ? check_parts(ret, path, e) : explain(outcome, path, passphrase, e);
        }
        PKCS12_free(file);
        ERR_clear_error();
        return r;
}

int x509_pkcs12_read(const struct x509_paths *paths, struct x509_parts *ret, struct error *e)
{
        struct buffer content;
        struct x509_passphrase passphrase;
        int r = x509_file_read(paths->pkcs12, "PKCS#12", "create it again with openssl pkcs12 -export", &content, e);
        if (r == 0) {
                r = x509_passphrase_read(paths, &passphrase, e);
                if (r == 0)
                        r = x509_pkcs12_parse(buffer_slice(&content), paths->pkcs12, &passphrase, ret, e);
                x509_passphrase_free(&passphrase);
        }
        buffer_free(&content);
        return r;
}
