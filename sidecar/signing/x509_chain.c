// SPDX-License-Identifier: Apache-2.0
// Selects the certificates to send with a leaf, ordered from its issuer up. Leaves out roots (the service has them as
// trust anchors) and certificates that are not on the path from the leaf to its root.
#include <openssl/x509v3.h>

#include "sidecar/signing/x509_internal.h"

static int append_unless_known(STACK_OF(X509) * list, STACK_OF(X509) * from, int start, X509 *leaf)
{
        for (int i = start; from && i < sk_X509_num(from); i++) {
                X509 *candidate = sk_X509_value(from, i);
                bool known = X509_cmp(candidate, leaf) == 0;
                for (int k = 0; k < sk_X509_num(list) && !known; k++)
                        known = X509_cmp(candidate, sk_X509_value(list, k)) == 0;
                if (!known && sk_X509_push(list, candidate) <= 0)
                        return -1;
        }
        return 0;
}

static bool is_root(X509 *certificate)
{
        return X509_self_signed(certificate, 0) == 1;
}

// Compares name and key identifier, then verifies the signature: two issuers can have the same name.
static bool has_issued(X509 *issuer, X509 *certificate)
{
        return X509_check_issued(issuer, certificate) == X509_V_OK &&
               X509_verify(certificate, X509_get0_pubkey(issuer)) == 1;
}

// Removes the issuer of `certificate` from the list and returns it. NULL: it is not in the list.
static X509 *take_issuer(STACK_OF(X509) * list, X509 *certificate)
{
        for (int i = 0; i < sk_X509_num(list); i++) {
                if (has_issued(sk_X509_value(list, i), certificate))
                        return sk_X509_delete(list, i);
        }
        return NULL;
}

static int refuse_strangers(const struct x509_candidates *in, const struct x509_identity *identity, struct error *e)
{
        error_set(e, ERROR_CONFIG, "%s: none of these certificates has issued the certificate of subject %s, serial %s",
                  in->path, identity->subject, identity->serial);
        return error_hint(
            e, "add its issuer's certificate there, or remove the chain if a trust anchor issued it directly");
}

static int put_chain(STACK_OF(X509) * list, const struct x509_candidates *in, struct x509_identity *identity,
                     struct error *e)
{
        struct buffer *out = &identity->chain;
        X509 *current = sk_X509_value(in->certificates, 0);
        bool has_candidates = false, reached_root = false;
        for (int i = 0; i < sk_X509_num(list); i++)
                has_candidates |= !is_root(sk_X509_value(list, i));
        int count = 0;
        for (X509 *next = take_issuer(list, current); next; next = take_issuer(list, current)) {
                reached_root = is_root(next);
                if (reached_root)
                        break;
                if (++count > X509_CHAIN_MAX) {
                        error_set(e, ERROR_CONFIG, "%s: the chain has more than %d certificates", in->path,
                                  X509_CHAIN_MAX);
                        return error_hint(e, "use a trust anchor nearer to the certificate: Roles Anywhere accepts %d",
                                          X509_CHAIN_MAX);
                }
                if ((count > 1 && buffer_put_byte(out, ',') < 0) || x509_put_base64(next, out) < 0)
                        return out->no_memory ? error_set(e, ERROR_INTERNAL, "%s: out of memory", in->path)
                                              : error_set(e, ERROR_CONFIG, "%s: the chain is too large", in->path);
                current = next;
        }
        if (count == 0 && has_candidates && !reached_root)
                return refuse_strangers(in, identity, e);
        return 0;
}

int x509_chain_build(const struct x509_candidates *in, struct x509_identity *identity, struct error *e)
{
        STACK_OF(X509) *list = sk_X509_new_null(); // borrows its certificates
        X509 *leaf = sk_X509_value(in->certificates, 0);
        int r = -1;
        if (!list || append_unless_known(list, in->certificates, 1, leaf) < 0 ||
            append_unless_known(list, in->extra, 0, leaf) < 0)
                error_set(e, ERROR_INTERNAL, "%s: out of memory", in->path);
        else
                r = put_chain(list, in, identity, e);
        sk_X509_free(list);
        return r;
}
