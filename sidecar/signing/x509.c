// SPDX-License-Identifier: Apache-2.0
// Assembles an identity and checks that its parts belong to each other. Loads all of it or nothing.
#include "sidecar/signing/x509.h"

#include <openssl/err.h>
#include <stdlib.h>

#include "proto/mem/length.h"
#include "proto/wire/limits.h"
#include "sidecar/signing/x509_internal.h"

void x509_identity_free(struct x509_identity *identity)
{
        if (!identity)
                return;
        x509_key_free(identity->key);
        free(identity->serial);
        free(identity->subject);
        free(identity->intermediate);
        buffer_free(&identity->leaf);
        buffer_free(&identity->chain);
        free(identity);
}

bool x509_identity_is_in_device(const struct x509_identity *identity)
{
        if (!identity)
                return false;
        const OSSL_PROVIDER *provider = EVP_PKEY_get0_provider(identity->key->pkey);
        const char *name = provider ? OSSL_PROVIDER_get0_name(provider) : NULL;
        bool is_foreign = name && strcmp(name, "default") != 0 && strcmp(name, "fips") != 0;
        return identity->key->context.library || identity->key->engine || is_foreign;
}

const struct x509_algorithm *x509_algorithm_of(const EVP_PKEY *key)
{
        static const struct x509_algorithm algorithms[] = {
            {"RSA", "AWS4-X509-RSA-SHA256", "SHA256"}, {"EC", "AWS4-X509-ECDSA-SHA256", "SHA256"},
            {"ML-DSA-44", "AWS4-X509-MLDSA", NULL},    {"ML-DSA-65", "AWS4-X509-MLDSA", NULL},
            {"ML-DSA-87", "AWS4-X509-MLDSA", NULL},
        };
        for (size_t i = 0; key && i < LENGTH(algorithms); i++)
                if (EVP_PKEY_is_a(key, algorithms[i].type))
                        return &algorithms[i];
        return NULL;
}

// OpenSSL before 3.5 has no names for these.
static bool is_ml_dsa(X509 *certificate)
{
        static const char *const oids[] = {"2.16.840.1.101.3.4.3.17", "2.16.840.1.101.3.4.3.18",
                                           "2.16.840.1.101.3.4.3.19"};
        ASN1_OBJECT *algorithm = NULL;
        char oid[64] = "";
        X509_PUBKEY *key = X509_get_X509_PUBKEY(certificate);
        if (!key || !X509_PUBKEY_get0_param(&algorithm, NULL, NULL, NULL, key) ||
            OBJ_obj2txt(oid, sizeof(oid), algorithm, 1) <= 0)
                return false;
        for (size_t i = 0; i < LENGTH(oids); i++)
                if (strcmp(oid, oids[i]) == 0)
                        return true;
        return false;
}

static int check_leaf(X509 *leaf, const char *source, int64_t now_s, struct x509_identity *identity, struct error *e)
{
        if (x509_describe(leaf, identity, e) < 0)
                return -1;
        const EVP_PKEY *key = X509_get0_pubkey(leaf);
        identity->algorithm = x509_algorithm_of(key);
        if (identity->algorithm)
                return x509_check_dates(leaf, source, now_s, identity, e);
        const char *type = key ? EVP_PKEY_get0_type_name(key) : NULL;
        bool lacks = !key && is_ml_dsa(leaf);
        error_set(e, ERROR_CONFIG, "%s: the certificate's key is of type %s (subject %s, serial %s)%s%s", source,
                  type    ? type
                  : lacks ? "ML-DSA"
                          : "unknown",
                  identity->subject, identity->serial, lacks ? ", and this OpenSSL has no ML-DSA: " : "",
                  lacks ? OpenSSL_version(OPENSSL_VERSION_STRING) : "");
        if (lacks)
                return error_hint(e, "run the agent with OpenSSL 3.5 or later, or use an RSA or EC key");
        return error_hint(e, "issue a certificate for an RSA, EC or ML-DSA key: IAM Roles Anywhere accepts no others");
}

// A common mistake: the certificate of the key is not the first in the file.
static int position_of_match(STACK_OF(X509) * certificates, const EVP_PKEY *key)
{
        for (int i = 1; i < sk_X509_num(certificates); i++) {
                if (X509_check_private_key(sk_X509_value(certificates, i), key) == 1)
                        return i + 1;
        }
        return 0;
}

static int check_pair(STACK_OF(X509) * certificates, const char *certificate, const char *key_source,
                      const struct x509_identity *identity, struct error *e)
{
        if (X509_check_private_key(sk_X509_value(certificates, 0), identity->key->pkey) == 1)
                return 0;
        int position = position_of_match(certificates, identity->key->pkey);
        ERR_clear_error();
        error_set(e, ERROR_CONFIG, "%s: this private key does not belong to the certificate %s (subject %s, serial %s)",
                  key_source, certificate, identity->subject, identity->serial);
        if (position > 0)
                return error_hint(e, "it belongs to certificate %d of that file: move that one to the top", position);
        return error_hint(e, "give the key that the certificate was issued for, or have a certificate issued for it");
}

static int render(STACK_OF(X509) * certificates, const struct x509_paths *paths, const char *source, int64_t now_s,
                  struct x509_identity *identity, struct error *e)
{
        if (x509_put_base64(sk_X509_value(certificates, 0), &identity->leaf) < 0)
                return identity->leaf.no_memory
                           ? error_set(e, ERROR_INTERNAL, "%s: out of memory", source)
                           : error_set(e, ERROR_CONFIG, "%s: the certificate is too large", source);
        STACK_OF(X509) *extra = NULL;
        if (paths->certificate_chain) {
                extra = x509_certificates_read(paths->certificate_chain, "certificate chain", e);
                if (!extra)
                        return -1;
        }
        const struct x509_candidates in = {certificates, extra, extra ? paths->certificate_chain : source, now_s};
        int r = x509_chain_build(&in, identity, e);
        sk_X509_pop_free(extra, X509_free);
        ERR_clear_error();
        return r;
}

static STACK_OF(X509) * read_certificates(const struct x509_paths *paths, struct error *e)
{
        if (x509_key_path(paths->certificate))
                return x509_certificates_read(x509_key_path(paths->certificate), "certificate", e);
        X509 *one = x509_token_certificate(paths->certificate, paths, e);
        STACK_OF(X509) *list = one ? sk_X509_new_null() : NULL;
        if (list && sk_X509_push(list, one) > 0)
                return list;
        if (one)
                (void)error_set(e, ERROR_INTERNAL, "%s: out of memory", paths->certificate);
        X509_free(one);
        sk_X509_free(list);
        return NULL;
}

// Checks the certificate before it loads the key, which may take long (a key derivation, a token).
static int load_files(const struct x509_paths *paths, int64_t now_s, struct x509_parts *parts,
                      struct x509_identity *identity, struct error *e)
{
        const char *key_source = paths->private_key ? paths->private_key : paths->certificate;
        parts->certificates = read_certificates(paths, e);
        if (!parts->certificates ||
            check_leaf(sk_X509_value(parts->certificates, 0), paths->certificate, now_s, identity, e) < 0 ||
            x509_key_load(key_source, paths, identity->key, e) < 0)
                return -1;
        return check_pair(parts->certificates, paths->certificate, key_source, identity, e);
}

static int load_pkcs12(const struct x509_paths *paths, int64_t now_s, struct x509_parts *parts,
                       struct x509_identity *identity, struct error *e)
{
        return x509_pkcs12_read(paths, parts, e) < 0
                   ? -1
                   : check_leaf(sk_X509_value(parts->certificates, 0), paths->pkcs12, now_s, identity, e);
}

int x509_identity_load(const struct x509_paths *paths, int64_t now_s, struct x509_identity **ret, struct error *e)
{
        const char *source = paths->pkcs12 ? paths->pkcs12 : paths->certificate;
        struct x509_identity *identity = calloc(1, sizeof(*identity));
        struct x509_key *key = identity ? calloc(1, sizeof(*key)) : NULL;
        if (!key) {
                free(identity);
                return error_set(e, ERROR_INTERNAL, "%s: out of memory", source);
        }
        struct x509_parts parts = {.key = key};
        identity->key = key;
        buffer_init(&identity->leaf, LIMIT_UPSTREAM_HEADER);
        buffer_init(&identity->chain, LIMIT_UPSTREAM_HEADER);
        int r = paths->pkcs12 ? load_pkcs12(paths, now_s, &parts, identity, e)
                              : load_files(paths, now_s, &parts, identity, e);
        if (r == 0)
                r = render(parts.certificates, paths, source, now_s, identity, e);
        sk_X509_pop_free(parts.certificates, X509_free);
        if (r == 0)
                *ret = identity;
        else
                x509_identity_free(identity);
        return r;
}
