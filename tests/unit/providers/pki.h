// SPDX-License-Identifier: Apache-2.0
// For tests: certificates and keys in a directory of their own. Each write makes a new file and renames it into its
// place, as those who renew certificates do.
#ifndef TESTS_UNIT_PROVIDERS_PKI_H
#define TESTS_UNIT_PROVIDERS_PKI_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>

#include "tests/unit/unit.h"

#define PKI_PASSPHRASE "correct horse"

struct pki {
        char directory[64];
        char certificate[96], certificate_chain[96], private_key[96], passphrase[96], temporary[96];
        EVP_PKEY *keys[2]; // two to choose from
};

static inline void pki_init(struct pki *p)
{
        (void)snprintf(p->directory, sizeof(p->directory), "/tmp/keyfob-pki-XXXXXX");
        assert_non_null(mkdtemp(p->directory));
        const struct {
                char *path;
                const char *name;
        } files[] = {{p->certificate, "leaf.pem"},
                     {p->certificate_chain, "chain.pem"},
                     {p->private_key, "leaf.key"},
                     {p->passphrase, "passphrase"},
                     {p->temporary, "temporary"}};
        for (size_t i = 0; i < LENGTH(files); i++)
                (void)snprintf(files[i].path, sizeof(p->certificate), "%s/%s", p->directory, files[i].name);
        for (size_t i = 0; i < 2; i++) {
                p->keys[i] = EVP_EC_gen("P-256");
                assert_non_null(p->keys[i]);
        }
}

static inline void pki_deinit(struct pki *p)
{
        (void)unlink(p->certificate);
        (void)unlink(p->certificate_chain);
        (void)unlink(p->private_key);
        (void)unlink(p->passphrase);
        assert_int_equal(rmdir(p->directory), 0);
        EVP_PKEY_free(p->keys[0]);
        EVP_PKEY_free(p->keys[1]);
}

static inline FILE *pki_begin(const struct pki *p)
{
        FILE *f = fopen(p->temporary, "w");
        assert_non_null(f);
        return f;
}

static inline void pki_end(const struct pki *p, FILE *f, const char *path)
{
        assert_int_equal(fclose(f), 0);
        assert_int_equal(rename(p->temporary, path), 0);
}

static inline void pki_write_text(const struct pki *p, const char *path, const char *text)
{
        FILE *f = pki_begin(p);
        assert_true(fputs(text, f) >= 0);
        pki_end(p, f, path);
}

// Self-signed, valid from 2020 to 2039.
static inline void pki_write_certificate(const struct pki *p, const char *path, EVP_PKEY *key, long serial)
{
        X509 *certificate = X509_new();
        X509_NAME *name = certificate ? X509_get_subject_name(certificate) : NULL;
        assert_non_null(name);
        assert_true(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)"gateway", -1, -1, 0));
        assert_true(X509_set_version(certificate, X509_VERSION_3) && X509_set_issuer_name(certificate, name) &&
                    ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial) &&
                    ASN1_TIME_set_string_X509(X509_getm_notBefore(certificate), "20200101000000Z") &&
                    ASN1_TIME_set_string_X509(X509_getm_notAfter(certificate), "20391231235959Z") &&
                    X509_set_pubkey(certificate, key) && X509_sign(certificate, key, EVP_sha256()) > 0);
        FILE *f = pki_begin(p);
        assert_true(PEM_write_X509(f, certificate));
        pki_end(p, f, path);
        X509_free(certificate);
}

static inline void pki_write_key(const struct pki *p, EVP_PKEY *key)
{
        FILE *f = pki_begin(p);
        assert_true(PEM_write_PKCS8PrivateKey(f, key, NULL, NULL, 0, NULL, NULL));
        pki_end(p, f, p->private_key);
}

// PKCS#8, encrypted with PKI_PASSPHRASE.
static inline void pki_write_encrypted_key(const struct pki *p, EVP_PKEY *key, int iterations)
{
        static char passphrase[] = PKI_PASSPHRASE;
        X509_ALGOR *scheme = PKCS5_pbe2_set_iv(EVP_aes_256_cbc(), iterations, NULL, 0, NULL, NID_hmacWithSHA256);
        PKCS8_PRIV_KEY_INFO *plain = EVP_PKEY2PKCS8(key);
        assert_true(scheme && plain);
        X509_SIG *encrypted = PKCS8_set0_pbe(passphrase, (int)strlen(passphrase), plain, scheme);
        assert_non_null(encrypted);
        FILE *f = pki_begin(p);
        assert_true(PEM_write_PKCS8(f, encrypted));
        pki_end(p, f, p->private_key);
        X509_SIG_free(encrypted); // and the scheme
        PKCS8_PRIV_KEY_INFO_free(plain);
}

#endif
