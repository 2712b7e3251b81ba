// SPDX-License-Identifier: Apache-2.0
// An X.509 identity for IAM Roles Anywhere: leaf certificate, chain, private key, loaded and checked as one unit.
// OSSL_STORE loads keys from files and from providers' URIs alike.
#ifndef SIDECAR_SIGNING_X509_H
#define SIDECAR_SIGNING_X509_H

#include "proto/mem/buffer.h"
#include "proto/mem/must_check.h"
#include "sidecar/base/error.h"

struct x509_key;

// The signature algorithm that Roles Anywhere requires for a type of key.
struct x509_algorithm {
        const char *type;   // of the key, as OpenSSL names it: "RSA"
        const char *name;   // "AWS4-X509-RSA-SHA256", "AWS4-X509-ECDSA-SHA256" or "AWS4-X509-MLDSA"
        const char *digest; // NULL: the text is signed as it is
};

struct x509_identity { // immutable after load
        const struct x509_algorithm *algorithm;
        char *serial;        // decimal, any length
        char *subject;       // RFC 2253
        struct buffer leaf;  // base64 DER, one line
        struct buffer chain; // "b64,b64", empty: none
        int64_t not_after_s;
        char *intermediate; // of the chain, the one that ends first: RFC 2253. NULL: there is no chain
        int64_t intermediate_ends_s;
        struct x509_key *key;
};

struct x509_paths {
        const char *certificate;       // PEM (further certificates in the file are its chain), or a pkcs11: URI
        const char *certificate_chain; // PEM, or NULL
        const char *private_key;       // PEM path or a URI; NULL: in the certificate's file
        const char *passphrase_file;   // of an encrypted key, a PKCS#12 file or a token (its PIN), or NULL
        const char *pkcs12;            // instead of certificate and private_key, or NULL
        const char *pkcs11_module;     // the library behind pkcs11: URIs; NULL: as OpenSSL is configured
        struct slice passphrase;       // the passphrase itself, where there is no file; empty: none
};

// Loads and checks: the leaf is the first certificate, or in PKCS#12 that of the key; the key must match it; RSA,
// EC, or ML-DSA where OpenSSL has it; chain sorted from the leaf's issuer up, without the leaf, self-signed roots and
// duplicates, at most 5; of several issuers the one that is valid, of those the one that ends last. `now_s` decides
// what has expired or is not valid yet; a leaf, or an intermediate without a valid one beside it, is refused. 0 and
// *ret (freed by x509_identity_free()), or -1 and *e that names the file or the URI, and for dates the subject, the
// serial in decimal and the date: ERROR_CONFIG, or ERROR_DENIED when a token has refused the PIN (which must not be
// tried again and again: tokens lock themselves). May block for as long as a token does.
MUST_CHECK int x509_identity_load(const struct x509_paths *paths, int64_t now_s, struct x509_identity **ret,
                                  struct error *e);
void x509_identity_free(struct x509_identity *identity);

// Whether hardware holds the key. Then freeing the identity calls that hardware, too, and may block. NULL: false.
bool x509_identity_is_in_device(const struct x509_identity *identity);

// Appends lower-case hex of the signature over `text` (RSASSA-PKCS1-v1_5 or DER ECDSA, SHA-256 for every key). 0, or -1
// with *e: ERROR_INTERNAL, or ERROR_DENIED when a TPM has refused the passphrase (which must not be tried again and
// again: TPMs lock themselves).
MUST_CHECK int x509_identity_sign(const struct x509_identity *identity, struct slice text, struct buffer *out,
                                  struct error *e);

struct x509_request {
        struct slice host; // as in the Host header
        struct slice path; // "/sessions"
        struct slice body;
        struct slice region;
        int64_t time_s;
};

// Cuts off the line end, which editors add. Other white space may belong to the passphrase.
struct slice x509_passphrase_line(struct slice text);

// The headers of a Roles Anywhere CreateSession POST with Content-Type application/json: appends the value of
// Authorization to `out`; `amz_date` gets the value of X-Amz-Date. X-Amz-X509 is the leaf, X-Amz-X509-Chain the chain
// (to be sent only when it is not empty).
struct signer;
MUST_CHECK int x509_sign_request(struct signer *s, const struct x509_identity *identity,
                                 const struct x509_request *request, char amz_date[17], struct buffer *out,
                                 struct error *e);

// The same with a signer of its own, for threads that have none. No other thread may use the identity meanwhile.
MUST_CHECK int x509_sign_request_alone(const struct x509_identity *identity, const struct x509_request *request,
                                       char amz_date[17], struct buffer *out, struct error *e);

#endif
