// SPDX-License-Identifier: Apache-2.0
// Keys and certificates that are not in files, by URI.
#include <openssl/err.h>

#include "proto/mem/length.h"
#include "proto/mem/text.h"
#include "sidecar/signing/x509_internal.h"

// CKR_PIN_INCORRECT to CKR_PIN_LOCKED (PKCS#11, "Return values"): provider and engine hand them on as reasons, under a
// number of theirs that OpenSSL gave out.
enum { CKR_PIN_FIRST = 0xa0, CKR_PIN_LAST = 0xa4, LIBRARY_FIRST = 128 };

// TPM_RC_AUTH_FAIL and TPM_RC_BAD_AUTH, without the bits that say which of the command's parts is meant (TPM 2.0
// Library, part 2, "Response codes").
enum { TPM_FORMAT_ONE = 0xbf, TPM_AUTH_FAIL = 0x8e, TPM_BAD_AUTH = 0xa2, TPM_CODE_MAX = 0xfff };

static bool is_pkcs11(const char *uri)
{
        return strncmp(uri, "pkcs11:", strlen("pkcs11:")) == 0;
}

// NULL: one that OpenSSL's configuration has to start.
static const char *provider_of(const char *uri)
{
        static const char *const names[][2] = {{"pkcs11:", "pkcs11"}, {"handle:", "tpm2"}, {"object:", "tpm2"}};
        for (size_t i = 0; i < LENGTH(names); i++)
                if (strncmp(uri, names[i][0], strlen(names[i][0])) == 0)
                        return names[i][1];
        return NULL;
}

// Empties OpenSSL's queue of errors.
static bool is_pin_refused(void)
{
        bool is_refused = false;
        for (unsigned long code = ERR_get_error(); code; code = ERR_get_error())
                is_refused |= ERR_GET_LIB(code) >= LIBRARY_FIRST && ERR_GET_REASON(code) >= CKR_PIN_FIRST &&
                              ERR_GET_REASON(code) <= CKR_PIN_LAST;
        return is_refused;
}

// The provider of a TPM tells its code in decimal, before a text.
static bool is_tpm_refusal(const char *data)
{
        int64_t code = 0;
        struct slice text = slice_str(data);
        text = slice_head(text, slice_find(text, ' '));
        if (text_parse_i64(text, &code) < 0 || code < 0 || code > TPM_CODE_MAX)
                return false;
        return (code & TPM_FORMAT_ONE) == TPM_AUTH_FAIL || (code & TPM_FORMAT_ONE) == TPM_BAD_AUTH;
}

// A TPM checks the passphrase when it signs, not before.
bool x509_token_has_refused(const struct x509_key *key)
{
        bool is_tpm = key->context.library && strcmp(key->context.query, "?provider=tpm2") == 0;
        bool has_refused = false;
        const char *data = NULL;
        int flags = 0;
        while (ERR_get_error_all(NULL, NULL, NULL, &data, &flags))
                has_refused |= is_tpm && data && (flags & ERR_TXT_STRING) && is_tpm_refusal(data);
        return has_refused;
}

static int refuse_pin(const char *uri, const char *reason, const struct x509_passphrase *passphrase, struct error *e)
{
        error_set(e, ERROR_DENIED, "%s: the token refused the PIN%s%s%s", uri,
                  reason ? " (" : ", or there is no such key", reason ? reason : "", reason ? ")" : "");
        return error_hint(e,
                          "it is not tried again until its file or the configuration changes, as tokens lock "
                          "themselves; check %s",
                          passphrase ? passphrase->key : "it");
}

static int explain(const char *uri, const char *what, const struct x509_passphrase *passphrase, struct error *e)
{
        const char *reason = ERR_reason_error_string(ERR_peek_error()); // the first one is the cause
        bool is_refused = is_pin_refused();
        const char *provider = provider_of(uri);
        if (passphrase && passphrase->asked && !passphrase->given) {
                error_set(e, ERROR_CONFIG, "%s: the %s asks for a PIN and none is configured", uri, what);
                return error_hint(e, "name the file that holds it in private_key_passphrase_file, or in pin-source");
        }
        // The provider keeps to itself why there is nothing. What may have been a refusal counts as one.
        if (is_refused || (is_pkcs11(uri) && passphrase && passphrase->given && !reason))
                return refuse_pin(uri, reason, passphrase, e);
        error_set(e, ERROR_CONFIG, "%s: no %s found there (%s)", uri, what, reason ? reason : "no reason given");
        if (!provider)
                return error_hint(e, "OpenSSL's configuration has to load the provider that knows such URIs");
        return error_hint(e, "check that the %s is reachable and that the URI names one object in it",
                          is_pkcs11(uri) ? "token" : "TPM");
}

static int not_installed(const char *uri, const struct x509_paths *paths, struct error *e)
{
        const char *provider = is_pkcs11(uri) ? "pkcs11" : "tpm2"; // those that are loaded here
        error_set(e, ERROR_CONFIG, "%s: OpenSSL's provider %s did not start%s (%s)", uri, provider,
                  is_pkcs11(uri) ? ", and there is no engine pkcs11" : "", x509_reason());
        if (paths->pkcs11_module)
                return error_hint(e, "install the engine (package libengine-pkcs11-openssl), or install the provider "
                                     "and name the module in OpenSSL's configuration instead of module-path");
        return error_hint(e, "install it (package %s)",
                          is_pkcs11(uri) ? "pkcs11-provider or libengine-pkcs11-openssl" : "tpm2-openssl");
}

static EVP_PKEY *store_key(const char *uri, const struct x509_context *context, UI_METHOD *ui,
                           struct x509_passphrase *passphrase)
{
        return x509_store_key(
            OSSL_STORE_open_ex(uri, context->library, context->query, ui, passphrase, NULL, NULL, NULL));
}

int x509_token_key(const char *uri, const struct x509_paths *paths, struct x509_passphrase *passphrase,
                   struct x509_key *ret, struct error *e)
{
        static const char what[] = "private key";
        const struct x509_engine_order order = {uri, paths->pkcs11_module, passphrase};
        const char *provider = provider_of(uri);
        bool is_engine = is_pkcs11(uri) && paths->pkcs11_module; // a provider cannot be told its module here
        UI_METHOD *ui = x509_passphrase_ui();
        if (!ui)
                return error_set(e, ERROR_INTERNAL, "%s: out of memory", uri);
        if (provider && !is_engine)
                (void)x509_context_open(&ret->context, provider);
        is_engine = is_pkcs11(uri) && !ret->context.library;
        int r = -1;
        if (is_engine ? !x509_engine_exists(&order) : provider && !ret->context.library) {
                (void)not_installed(uri, paths, e);
        } else {
                ERR_clear_error();
                ret->pkey =
                    is_engine ? x509_engine_key(&order, &ret->engine) : store_key(uri, &ret->context, ui, passphrase);
                r = ret->pkey ? 0 : explain(uri, what, passphrase, e);
        }
        UI_destroy_method(ui);
        ERR_clear_error();
        return r;
}

static X509 *store_certificate(const char *uri, const struct x509_context *context)
{
        OSSL_STORE_CTX *store = OSSL_STORE_open_ex(uri, context->library, context->query, NULL, NULL, NULL, NULL, NULL);
        X509 *certificate = NULL;
        if (!store)
                return NULL;
        OSSL_STORE_expect(store, OSSL_STORE_INFO_CERT);
        while (!certificate && !OSSL_STORE_eof(store)) {
                OSSL_STORE_INFO *info = OSSL_STORE_load(store);
                if (!info)
                        break;
                if (OSSL_STORE_INFO_get_type(info) == OSSL_STORE_INFO_CERT)
                        certificate = OSSL_STORE_INFO_get1_CERT(info);
                OSSL_STORE_INFO_free(info);
        }
        OSSL_STORE_close(store);
        return certificate;
}

// One that does not live in the context that it was loaded in.
static X509 *copy_of(X509 *certificate)
{
        unsigned char *der = NULL;
        int n = certificate ? i2d_X509(certificate, &der) : -1;
        const unsigned char *at = der;
        X509 *copy = n > 0 ? d2i_X509(NULL, &at, n) : NULL;
        OPENSSL_free(der);
        return copy;
}

X509 *x509_token_certificate(const char *uri, const struct x509_paths *paths, struct error *e)
{
        const struct x509_engine_order order = {uri, paths->pkcs11_module, NULL};
        const char *provider = provider_of(uri);
        struct x509_context context = {.library = NULL};
        if (provider && !(is_pkcs11(uri) && paths->pkcs11_module))
                (void)x509_context_open(&context, provider);
        bool is_engine = is_pkcs11(uri) && !context.library;
        X509 *certificate = NULL, *copy = NULL;
        if (is_engine ? !x509_engine_exists(&order) : provider && !context.library) {
                (void)not_installed(uri, paths, e);
        } else {
                ERR_clear_error();
                certificate = is_engine ? x509_engine_certificate(&order) : store_certificate(uri, &context);
                copy = copy_of(certificate);
                if (!copy)
                        (void)explain(uri, "certificate", NULL, e);
        }
        X509_free(certificate);
        x509_context_close(&context);
        ERR_clear_error();
        return copy;
}
