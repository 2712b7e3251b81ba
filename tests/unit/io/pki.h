// SPDX-License-Identifier: Apache-2.0
// Certificates for tests, made on the spot: authorities, and servers that they vouch for.
#ifndef TESTS_UNIT_IO_PKI_H
#define TESTS_UNIT_IO_PKI_H

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>

struct pki_entity {
        EVP_PKEY *key;
        X509 *certificate;
};

static inline void pki_extend(X509 *certificate, X509 *issuer, int nid, const char *value)
{
        X509V3_CTX context;
        X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
        X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
        if (!extension || X509_add_ext(certificate, extension, -1) != 1)
                abort();
        X509_EXTENSION_free(extension);
}

// `issuer` NULL: an authority. `names` as in subjectAltName, such as "DNS:localhost,IP:127.0.0.1". Valid from an hour
// ago until `valid_s` from now.
static inline struct pki_entity pki_make(const char *name, const struct pki_entity *issuer, const char *names,
                                         long valid_s)
{
        struct pki_entity made = {.key = EVP_EC_gen("P-256"), .certificate = X509_new()};
        if (!made.key || !made.certificate)
                abort();
        X509 *c = made.certificate;
        X509_NAME *subject = X509_get_subject_name(c);
        X509_set_version(c, X509_VERSION_3);
        ASN1_INTEGER_set(X509_get_serialNumber(c), random() + 1);
        X509_gmtime_adj(X509_getm_notBefore(c), -3600);
        X509_gmtime_adj(X509_getm_notAfter(c), valid_s);
        X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
        X509_set_issuer_name(c, issuer ? X509_get_subject_name(issuer->certificate) : subject);
        X509_set_pubkey(c, made.key);
        pki_extend(c, issuer ? issuer->certificate : c, NID_basic_constraints,
                   issuer ? "critical,CA:FALSE" : "critical,CA:TRUE");
        if (names)
                pki_extend(c, issuer ? issuer->certificate : c, NID_subject_alt_name, names);
        if (X509_sign(c, issuer ? issuer->key : made.key, EVP_sha256()) == 0)
                abort();
        return made;
}

static inline void pki_free(struct pki_entity *entity)
{
        EVP_PKEY_free(entity->key);
        X509_free(entity->certificate);
}

static inline void pki_write(const struct pki_entity *entity, const char *path)
{
        FILE *file = fopen(path, "we");
        if (!file || PEM_write_X509(file, entity->certificate) != 1 || fclose(file) != 0)
                abort();
}

static inline SSL_CTX *pki_server_context(const struct pki_entity *entity)
{
        SSL_CTX *context = SSL_CTX_new(TLS_server_method());
        if (!context || SSL_CTX_use_certificate(context, entity->certificate) != 1 ||
            SSL_CTX_use_PrivateKey(context, entity->key) != 1)
                abort();
        return context;
}

#endif
