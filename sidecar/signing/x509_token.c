// SPDX-License-Identifier: Apache-2.0
// Keys and certificates in tokens and TPMs, by URI.
#include <openssl/err.h>

#include "proto/mem/length.h"
#include "proto/mem/text.h"
#include "sidecar/signing/x509_internal.h"

// CKR_PIN_INCORRECT to CKR_PIN_LOCKED (PKCS#11, "Return values"): provider and engine report them as reason codes,
// under a library number that OpenSSL assigned to them.
enum { CKR_PIN_FIRST = 0xa0, CKR_PIN_LAST = 0xa4, LIBRARY_FIRST = 128 };

// TPM_RC_AUTH_FAIL and TPM_RC_BAD_AUTH, without the bits for the part of the command that failed (TPM 2.0 Library, part
// 2, "Response codes").
enum { TPM_FORMAT_ONE = 0xbf, TPM_AUTH_FAIL = 0x8e, TPM_BAD_AUTH = 0xa2, TPM_CODE_MAX = 0xfff };

static bool is_pkcs11(const char *uri)
{
        return strncmp(uri, "pkcs11:", strlen("pkcs11:")) == 0;
}

// The provider to load for a URI. NULL: OpenSSL's configuration has to load it.
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

// The TPM provider reports the response code in decimal, before a text.
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
                          "check %s; the agent does not try it again until its file or the configuration changes, "
                          "as tokens lock themselves",
                          passphrase ? passphrase->key : "the PIN");
}

static int explain(const char *uri, const char *what, const struct x509_passphrase *passphrase, struct error *e)
{
        const char *reason = ERR_reason_error_string(ERR_peek_error()); // the first one is the cause
        bool is_refused = is_pin_refused();
        const char *provider = provider_of(uri);
        if (passphrase && passphrase->asked && !passphrase->given) {
                error_set(e, ERROR_CONFIG, "%s: the %s requires a PIN, and none is configured", uri, what);
                return error_hint(e, "set private_key_passphrase_file, or pin-source, to the file that contains it");
        }
        // The provider does not report why it found nothing. If a refused PIN may be the cause, treat it as refused, so
        // that a retry does not lock the token.
        if (is_refused || (is_pkcs11(uri) && passphrase && passphrase->given && !reason))
                return refuse_pin(uri, reason, passphrase, e);
        error_set(e, ERROR_CONFIG, "%s: no %s found there (%s)", uri, what, reason ? reason : "no reason given");
        if (!provider)
                return error_hint(e, "load the provider for such URIs in OpenSSL's configuration");
        return error_hint(e, "check that the %s is reachable and that the URI matches one object in it",
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

// What loads the URI: a provider in a context of its own, or the engine.
struct place {
        struct x509_context *context;
        struct x509_engine *engine; // NULL: a provider does
};

// Uses the engine if the profile sets a PKCS#11 module, which a provider cannot be given, or if there is no provider.
// 0, or -1 with *e.
static int find_place(const char *uri, const struct x509_paths *paths, struct place *ret, struct error *e)
{
        const char *provider = provider_of(uri);
        bool is_started = false;
        if (provider && !(is_pkcs11(uri) && paths->pkcs11_module))
                is_started = x509_context_open(ret->context, provider);
        ret->engine = is_pkcs11(uri) && !is_started ? x509_engine_find(uri, paths->pkcs11_module) : NULL;
        if (provider && !is_started && !ret->engine)
                return not_installed(uri, paths, e);
        ERR_clear_error();
        return 0;
}

static OSSL_STORE_CTX *open_store(const char *uri, const struct x509_context *context, UI_METHOD *ui,
                                  struct x509_passphrase *passphrase)
{
        return OSSL_STORE_open_ex(uri, context->library, context->query, ui, passphrase, NULL, NULL, NULL);
}

int x509_token_key(const char *uri, const struct x509_paths *paths, struct x509_passphrase *passphrase,
                   struct x509_key *ret, struct error *e)
{
        struct place place = {.context = &ret->context};
        UI_METHOD *ui = x509_passphrase_ui();
        int r = ui ? find_place(uri, paths, &place, e) : error_set(e, ERROR_INTERNAL, "%s: out of memory", uri);
        if (r == 0) {
                ret->pkey = place.engine ? x509_engine_key(place.engine, passphrase)
                                         : x509_store_key(open_store(uri, &ret->context, ui, passphrase));
                ret->engine = ret->pkey ? place.engine : NULL;
                r = ret->pkey ? 0 : explain(uri, "private key", passphrase, e);
        }
        UI_destroy_method(ui);
        ERR_clear_error();
        return r;
}

static X509 *store_certificate(const char *uri, const struct x509_context *context)
{
        OSSL_STORE_INFO *info = x509_store_load(open_store(uri, context, NULL, NULL), OSSL_STORE_INFO_CERT);
        X509 *certificate = info ? OSSL_STORE_INFO_get1_CERT(info) : NULL;
        OSSL_STORE_INFO_free(info);
        return certificate;
}

// A copy that does not depend on the library context in which the original was loaded.
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
        struct x509_context context = {.library = NULL};
        struct place place = {.context = &context};
        X509 *copy = NULL;
        if (find_place(uri, paths, &place, e) == 0) {
                X509 *certificate =
                    place.engine ? x509_engine_certificate(place.engine) : store_certificate(uri, &context);
                copy = copy_of(certificate);
                if (!copy)
                        (void)explain(uri, "certificate", NULL, e);
                X509_free(certificate);
        }
        x509_context_close(&context);
        ERR_clear_error();
        return copy;
}
