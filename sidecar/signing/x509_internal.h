// SPDX-License-Identifier: Apache-2.0
// Internal to this layer: the parts of an X.509 identity, and the steps that load one.
#ifndef SIDECAR_SIGNING_X509_INTERNAL_H
#define SIDECAR_SIGNING_X509_INTERNAL_H

#include <openssl/evp.h>
#include <openssl/provider.h>
#include <openssl/store.h>
#include <openssl/ui.h>
#include <openssl/x509.h>

#include "proto/mem/must_check.h"
#include "proto/mem/time.h"
#include "sidecar/signing/signer.h"
#include "sidecar/signing/x509.h"

#define X509_CHAIN_MAX 5 // certificates that Roles Anywhere accepts besides the leaf

// A library context of its own with the default provider and another one. The rest of the process never uses that other
// one.
struct x509_context {
        OSSL_LIB_CTX *library; // NULL: the process's own
        OSSL_PROVIDER *first, *other;
        char query[32]; // for loading: prefers the other provider, as the default one would load keys that it only half
                        // understands
};
bool x509_context_open(struct x509_context *context, const char *provider); // false: not installed, or it did not start
void x509_context_close(struct x509_context *context);                      // may be called without open

// A private key, and the objects that have to live as long as it does.
struct x509_engine;
struct x509_key {
        EVP_PKEY *pkey;
        struct x509_context context;
        struct x509_engine *engine; // borrowed; NULL: it came without one
};

// The parts of an identity.
struct x509_parts {
        STACK_OF(X509) * certificates; // the leaf first, if there is one
        struct x509_key *key;
        bool has_leaf; // PKCS#12: the first is the key's
};

// OpenSSL's reason for its last failure, for messages; empties its error queue. Static text.
const char *x509_reason(void);

// Every certificate of PEM text, in order; `path` is where it came from. NULL with *e, likewise.
STACK_OF(X509) * x509_certificates_parse(struct slice content, const char *path, const char *what, struct error *e);

// Every certificate of a PEM file, in order. NULL with *e: unreadable, none in it, or a broken one.
STACK_OF(X509) * x509_certificates_read(const char *path, const char *what, struct error *e);

// Sets serial and subject of the identity. 0, or -1 with *e.
MUST_CHECK int x509_describe(X509 *certificate, struct x509_identity *identity, struct error *e);

// The subject as RFC 2253 has it; malloc'ed. NULL: OpenSSL failed.
char *x509_subject(X509 *certificate);
// From when until when it is valid, inclusive. False: OpenSSL cannot read them.
bool x509_dates(X509 *certificate, int64_t *ret_from_s, int64_t *ret_until_s);
void x509_format_date(int64_t time_s, char out[TIME_RFC3339_SIZE]);

// Whether `certificate` is valid at `now_s`. 0, or -1 with *e that names file, subject, serial and date.
MUST_CHECK int x509_check_dates(X509 *certificate, const char *path, int64_t now_s, struct x509_identity *identity,
                                struct error *e);

const struct x509_algorithm *x509_algorithm_of(const EVP_PKEY *key); // NULL: Roles Anywhere has no use for it

// The passphrase of a key. x509_passphrase_free() wipes the text.
struct x509_passphrase {
        struct buffer text;
        const char *key; // the configuration's key for it, for hints
        bool given;      // there is one
        bool asked;      // OpenSSL has asked for it
        bool too_long;   // longer than OpenSSL accepts
};
MUST_CHECK int x509_passphrase_read(const struct x509_paths *paths, struct x509_passphrase *ret, struct error *e);
void x509_passphrase_free(struct x509_passphrase *passphrase); // after every read, also one that failed
UI_METHOD *x509_passphrase_ui(void); // asks the struct x509_passphrase that is its data; UI_destroy_method()

// Certificates and key of a PKCS#12 file, the key's own first. 0, or -1 with *e (and parts that the caller frees).
MUST_CHECK int x509_pkcs12_read(const struct x509_paths *paths, struct x509_parts *ret, struct error *e);

// The same from the content of a file; `path` is for messages.
MUST_CHECK int x509_pkcs12_parse(struct slice content, const char *path, struct x509_passphrase *passphrase,
                                 struct x509_parts *ret, struct error *e);

// The private key behind `source`, a path or a URI. 0, or -1 with *e.
MUST_CHECK int x509_key_load(const char *source, const struct x509_paths *paths, struct x509_key *ret, struct error *e);
MUST_CHECK int x509_key_parse(struct slice content, const char *path, struct x509_passphrase *passphrase,
                              struct x509_key *ret,
                              struct error *e); // of a file's content
void x509_key_free(struct x509_key *key);       // NULL is fine

// The first object of that type (OSSL_STORE_INFO_…) in the store, or NULL. Closes the store.
OSSL_STORE_INFO *x509_store_load(OSSL_STORE_CTX *store, int type);
EVP_PKEY *x509_store_key(OSSL_STORE_CTX *store); // likewise

// Reads a file of at most LIMIT_KEY_FILE that must not be empty; then `hint` says what to do. 0, or -1 with *e.
MUST_CHECK int x509_file_read(const char *path, const char *what, const char *hint, struct buffer *content,
                              struct error *e);

// Loads a key or a certificate by its URI. -1 or NULL with *e.
MUST_CHECK int x509_token_key(const char *uri, const struct x509_paths *paths, struct x509_passphrase *passphrase,
                              struct x509_key *ret, struct error *e);
bool x509_token_has_refused(const struct x509_key *key); // its passphrase; empties OpenSSL's queue of errors
X509 *x509_token_certificate(const char *uri, const struct x509_paths *paths, struct error *e);

// The engine "pkcs11" (OpenSSL's older interface for PKCS#11 tokens) for a module and a URI; it lives as long as the
// process. `module` NULL: the engine's own setting (PKCS11_MODULE_PATH, p11-kit's proxy). NULL: this OpenSSL has no
// engines, or the engine is not installed.
struct x509_engine *x509_engine_find(const char *uri, const char *module);
EVP_PKEY *x509_engine_key(struct x509_engine *engine, struct x509_passphrase *passphrase); // NULL: see OpenSSL's queue
X509 *x509_engine_certificate(struct x509_engine *engine);                                 // likewise
void x509_engine_distrust(struct x509_engine *engine); // a key of it could not sign; NULL is fine

// The path in a key's source, borrowed from it; NULL: the source is a URI for a provider.
const char *x509_key_path(const char *source);

// Selects the certificates between the leaf and its trust anchor, without the leaf and self-signed roots, and writes
// them to the identity's chain. 0, or -1 with *e.
struct x509_candidates {
        STACK_OF(X509) * certificates; // the leaf first
        STACK_OF(X509) * extra;        // of the chain file, or NULL
        const char *path;              // of the file to name in errors
        int64_t now_s;
};
MUST_CHECK int x509_chain_build(const struct x509_candidates *in, struct x509_identity *identity, struct error *e);

// Appends base64 of the certificate's DER. 0, or -1.
MUST_CHECK int x509_put_base64(X509 *certificate, struct buffer *out);

// Writes the texts of a CreateSession request into the signer's scratch buffer.
MUST_CHECK int x509_prepare(struct signer *s, const struct x509_identity *identity, const struct x509_request *request,
                            struct signing_texts *ret, struct error *e);

#endif
