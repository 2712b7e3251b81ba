// SPDX-License-Identifier: Apache-2.0
// Puts an identity together and checks that its parts belong to each other. What is loaded is never half of it.
#include "sidecar/signing/x509.h"

#include <openssl/err.h>
#include <stdlib.h>

#include "proto/wire/limits.h"
#include "sidecar/signing/x509_internal.h"

void x509_identity_free(struct x509_identity *identity)
{
        if (!identity)
                return;
        EVP_PKEY_free(identity->key);
        free(identity->serial);
        free(identity->subject);
        buffer_free(&identity->leaf);
        buffer_free(&identity->chain);
        free(identity);
}

const char *x509_identity_algorithm(const struct x509_identity *identity)
{
        return identity->algorithm;
}

const char *x509_identity_serial(const struct x509_identity *identity)
{
        return identity->serial;
}

const char *x509_identity_subject(const struct x509_identity *identity)
{
        return identity->subject;
}

struct slice x509_identity_leaf(const struct x509_identity *identity)
{
        return buffer_slice(&identity->leaf);
}

struct slice x509_identity_chain(const struct x509_identity *identity)
{
        return buffer_slice(&identity->chain);
}

int64_t x509_identity_not_after_s(const struct x509_identity *identity)
{
        return identity->not_after_s;
}

const char *x509_algorithm_of(const EVP_PKEY *key)
{
        if (key && EVP_PKEY_is_a(key, "RSA"))
                return "AWS4-X509-RSA-SHA256";
        if (key && EVP_PKEY_is_a(key, "EC"))
                return "AWS4-X509-ECDSA-SHA256";
        return NULL;
}

static int check_leaf(X509 *leaf, const struct x509_paths *paths, int64_t now_s, struct x509_identity *identity,
                      struct error *e)
{
        if (x509_describe(leaf, &identity->serial, &identity->subject, e) < 0)
                return -1;
        const EVP_PKEY *key = X509_get0_pubkey(leaf);
        identity->algorithm = x509_algorithm_of(key);
        if (identity->algorithm)
                return x509_check_dates(leaf, paths->certificate, now_s, identity, e);
        const char *type = key ? EVP_PKEY_get0_type_name(key) : NULL;
        error_set(e, ERROR_CONFIG, "%s: the certificate's key is of type %s (subject %s, serial %s)",
                  paths->certificate, type ? type : "unknown", identity->subject, identity->serial);
        return error_hint(e, "IAM Roles Anywhere is signed to with RSA or EC keys: issue a certificate for such a key");
}

// A common slip: the file starts with another certificate than the key's.
static int position_of_match(STACK_OF(X509) * certificates, const EVP_PKEY *key)
{
        for (int i = 1; i < sk_X509_num(certificates); i++) {
                if (X509_check_private_key(sk_X509_value(certificates, i), key) == 1)
                        return i + 1;
        }
        return 0;
}

static int check_pair(STACK_OF(X509) * certificates, const struct x509_paths *paths, const char *key_source,
                      const struct x509_identity *identity, struct error *e)
{
        if (X509_check_private_key(sk_X509_value(certificates, 0), identity->key) == 1)
                return 0;
        int position = position_of_match(certificates, identity->key);
        ERR_clear_error();
        error_set(e, ERROR_CONFIG, "%s: this private key does not belong to the certificate %s (subject %s, serial %s)",
                  key_source, paths->certificate, identity->subject, identity->serial);
        if (position > 0)
                return error_hint(e, "it belongs to certificate %d of that file: move that one to the top", position);
        return error_hint(e, "give the key that the certificate was issued for, or have a certificate issued for it");
}

static int render(STACK_OF(X509) * certificates, const struct x509_paths *paths, struct x509_identity *identity,
                  struct error *e)
{
        if (x509_put_base64(sk_X509_value(certificates, 0), &identity->leaf) < 0)
                return error_set(e, ERROR_CONFIG, "%s: the certificate is too large", paths->certificate);
        STACK_OF(X509) *extra = NULL;
        if (paths->certificate_chain) {
                extra = x509_certificates_read(paths->certificate_chain, "certificate chain", e);
                if (!extra)
                        return -1;
        }
        const struct x509_candidates in = {certificates, extra, extra ? paths->certificate_chain : paths->certificate};
        int r = x509_chain_build(&in, &identity->chain, e);
        sk_X509_pop_free(extra, X509_free);
        ERR_clear_error();
        return r;
}

int x509_identity_load(const struct x509_paths *paths, int64_t now_s, struct x509_identity **ret, struct error *e)
{
        struct x509_identity *identity = calloc(1, sizeof(*identity));
        if (!identity)
                return error_set(e, ERROR_INTERNAL, "%s: out of memory", paths->certificate);
        buffer_init(&identity->leaf, LIMIT_UPSTREAM_HEADER);
        buffer_init(&identity->chain, LIMIT_UPSTREAM_HEADER);
        const char *key_source = paths->private_key ? paths->private_key : paths->certificate;
        int r = -1;
        STACK_OF(X509) *certificates = x509_certificates_read(paths->certificate, "certificate", e);
        if (certificates && check_leaf(sk_X509_value(certificates, 0), paths, now_s, identity, e) == 0) {
                identity->key = x509_key_load(key_source, paths->passphrase_file, e);
                if (identity->key && check_pair(certificates, paths, key_source, identity, e) == 0)
                        r = render(certificates, paths, identity, e);
        }
        sk_X509_pop_free(certificates, X509_free);
        if (r == 0)
                *ret = identity;
        else
                x509_identity_free(identity);
        return r;
}
