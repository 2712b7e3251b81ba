// SPDX-License-Identifier: Apache-2.0
// Inside this room only: the parts of an X.509 identity and the steps of loading one.
#ifndef SIDECAR_SIGNING_X509_INTERNAL_H
#define SIDECAR_SIGNING_X509_INTERNAL_H

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "sidecar/signing/signer.h"
#include "sidecar/signing/x509.h"

#define X509_CHAIN_MAX 5 // certificates that Roles Anywhere takes beside the leaf

struct x509_identity {
        EVP_PKEY *key;
        const char *algorithm;
        char *serial;        // decimal
        char *subject;       // RFC 2253
        struct buffer leaf;  // base64
        struct buffer chain; // base64, comma separated
        int64_t not_after_s;
};

// Why OpenSSL failed last, for people; empties its queue of errors. Static text.
const char *x509_reason(void);

// Every certificate of a PEM file, in order. NULL with *e: unreadable, none in it, or a broken one.
STACK_OF(X509) * x509_certificates_read(const char *path, const char *what, struct error *e);

// Serial (decimal) and subject of a certificate, owned by the caller (free()). 0, or -1 with *e.
int x509_describe(X509 *certificate, char **ret_serial, char **ret_subject, struct error *e);

// Whether `certificate` is valid at `now_s`. 0, or -1 with *e that names file, subject, serial and date.
int x509_check_dates(X509 *certificate, const char *path, int64_t now_s, struct x509_identity *identity,
                     struct error *e);

// "AWS4-X509-RSA-SHA256", "AWS4-X509-ECDSA-SHA256", or NULL for a key that Roles Anywhere has no use for.
const char *x509_algorithm_of(const EVP_PKEY *key);

// The private key behind a path or a provider's URI. NULL with *e.
EVP_PKEY *x509_key_load(const char *source, const char *passphrase_file, struct error *e);

// The path that a key's source is, borrowed from it, or NULL when it is a URI for a provider.
const char *x509_key_path(const char *source);

// Picks from `extra` what leads from the leaf towards its trust anchor, without the leaf itself and self-signed roots,
// and renders it. 0, or -1 with *e.
struct x509_candidates {
        STACK_OF(X509) * certificates; // the leaf first
        STACK_OF(X509) * extra;        // of the chain file, or NULL
        const char *path;              // of the file to name in errors
};
int x509_chain_build(const struct x509_candidates *in, struct buffer *ret_chain, struct error *e);

// Appends base64 of the certificate's DER. 0, or -1.
int x509_put_base64(X509 *certificate, struct buffer *out);

// Writes the canonical request and the string to sign of a CreateSession request into the signer's scratch buffer.
// Both are borrowed from there.
struct x509_text {
        struct slice canonical_request;
        struct slice string_to_sign;
        struct slice signed_headers;
};
int x509_prepare(struct signer *s, const struct x509_identity *identity, const struct x509_request *request,
                 struct x509_text *ret, struct error *e);

#endif
