// SPDX-License-Identifier: Apache-2.0
// A small certificate authority for tests: keys, certificates, PEM files in a folder of its own.
#ifndef TESTS_UNIT_SIGNING_PKI_H
#define TESTS_UNIT_SIGNING_PKI_H

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "proto/mem/slice.h"

#define PKI_NOW_S 1795000000 // 2026-11-18T11:06:40Z

struct pki_subject {
        const char *name;
        const char *serial; // decimal
        bool is_ca;
        int64_t from_s, until_s;
};

static inline void pki_check(bool good)
{
        if (!good)
                abort();
}

static inline X509 *pki_certificate(const struct pki_subject *subject, EVP_PKEY *key, X509 *issuer,
                                    EVP_PKEY *issuer_key)
{
        X509 *certificate = X509_new();
        BIGNUM *number = NULL;
        X509V3_CTX context;
        pki_check(certificate && BN_dec2bn(&number, subject->serial) > 0);
        pki_check(X509_set_version(certificate, X509_VERSION_3) &&
                  BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) && X509_set_pubkey(certificate, key));
        BN_free(number);
        pki_check(X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                                             (const unsigned char *)subject->name, -1, -1, 0));
        pki_check(X509_set_issuer_name(certificate, X509_get_subject_name(issuer ? issuer : certificate)));
        pki_check(ASN1_TIME_set(X509_getm_notBefore(certificate), subject->from_s) &&
                  ASN1_TIME_set(X509_getm_notAfter(certificate), subject->until_s));
        X509V3_set_ctx(&context, issuer ? issuer : certificate, certificate, NULL, NULL, 0);
        X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, NID_basic_constraints,
                                                        subject->is_ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
        pki_check(extension && X509_add_ext(certificate, extension, -1));
        X509_EXTENSION_free(extension);
        EVP_PKEY *signer = issuer_key ? issuer_key : key;
        pki_check(X509_sign(certificate, signer, EVP_PKEY_is_a(signer, "ED25519") ? NULL : EVP_sha256()) > 0);
        return certificate;
}

enum pki_form { PKI_PKCS8, PKI_TRADITIONAL, PKI_ENCRYPTED, PKI_TRADITIONAL_ENCRYPTED };

#define PKI_PASSPHRASE "correct horse"

static inline void pki_put_key(BIO *bio, EVP_PKEY *key, enum pki_form form)
{
        const int n = (int)strlen(PKI_PASSPHRASE);
        switch (form) {
        case PKI_PKCS8:
                pki_check(PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL));
                break;
        case PKI_TRADITIONAL: // PKCS#1 or SEC 1
                pki_check(PEM_write_bio_PrivateKey_traditional(bio, key, NULL, NULL, 0, NULL, NULL));
                break;
        case PKI_ENCRYPTED: // PBES2
                pki_check(PEM_write_bio_PKCS8PrivateKey(bio, key, EVP_aes_256_cbc(), PKI_PASSPHRASE, n, NULL, NULL));
                break;
        case PKI_TRADITIONAL_ENCRYPTED:
                pki_check(PEM_write_bio_PrivateKey_traditional(bio, key, EVP_aes_256_cbc(),
                                                               (const unsigned char *)PKI_PASSPHRASE, n, NULL, NULL));
                break;
        }
}

// "folder/name"; static storage is the caller's.
static inline const char *pki_path(const char *folder, const char *name, char out[256])
{
        pki_check(snprintf(out, 256, "%s/%s", folder, name) < 256);
        return out;
}

static inline void pki_write(const char *folder, const char *name, BIO *bio)
{
        char path[256], *text = NULL;
        long n = BIO_get_mem_data(bio, &text);
        FILE *f = fopen(pki_path(folder, name, path), "wb");
        pki_check(f && (n == 0 || fwrite(text, 1, (size_t)n, f) == (size_t)n) && fclose(f) == 0);
}

#endif
