// SPDX-License-Identifier: Apache-2.0
// Selects the certificates to send with a leaf, ordered from its issuer up. Leaves out roots (the service has them as
// trust anchors) and certificates that are not on the path from the leaf to its root.
#include <openssl/x509v3.h>
#include <stdlib.h>

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

// How well a certificate serves as an issuer: valid ones first, then those that are no root (which the service may not
// have as a trust anchor), then those that end later.
struct rank {
        bool is_valid, is_intermediate;
        int64_t until_s;
};

static struct rank rank_of(X509 *issuer, int64_t now_s)
{
        int64_t from_s = 0, until_s = 0;
        bool is_dated = x509_dates(issuer, &from_s, &until_s);
        return (struct rank){is_dated && now_s >= from_s && now_s <= until_s, !is_root(issuer), until_s};
}

static bool is_better(struct rank a, struct rank b)
{
        if (a.is_valid != b.is_valid)
                return a.is_valid;
        if (a.is_intermediate != b.is_intermediate)
                return a.is_intermediate == a.is_valid; // of those that are not valid, the root: it is not sent
        return a.until_s > b.until_s;
}

// Takes the best issuer of `certificate` out of the list. NULL: it is not there.
static X509 *take_issuer(STACK_OF(X509) * list, X509 *certificate, int64_t now_s)
{
        int best = -1;
        struct rank best_rank = {.is_valid = false};
        for (int i = 0; i < sk_X509_num(list); i++) {
                if (!has_issued(sk_X509_value(list, i), certificate))
                        continue;
                struct rank rank = rank_of(sk_X509_value(list, i), now_s);
                if (best >= 0 && !is_better(rank, best_rank))
                        continue;
                best = i;
                best_rank = rank;
        }
        return best < 0 ? NULL : sk_X509_delete(list, best);
}

// An intermediate that is not valid; the service would refuse the leaf without saying why.
static int refuse_dates(X509 *certificate, const struct x509_candidates *in, struct error *e)
{
        int64_t from_s = 0, until_s = 0;
        char date[TIME_RFC3339_SIZE], now[TIME_RFC3339_SIZE], away[TIME_DURATION_SIZE];
        char *subject = x509_subject(certificate);
        bool is_dated = x509_dates(certificate, &from_s, &until_s);
        bool is_early = in->now_s < from_s;
        x509_format_date(is_early ? from_s : until_s, date);
        x509_format_date(in->now_s, now);
        time_format_duration(is_early ? from_s - in->now_s : in->now_s - until_s, away);
        if (!subject)
                (void)error_set(e, ERROR_INTERNAL, "%s: out of memory", in->path);
        else if (!is_dated)
                (void)error_set(e, ERROR_CONFIG, "%s: the dates of the intermediate %s cannot be read", in->path,
                                subject);
        else if (is_early)
                (void)error_set(e, ERROR_CONFIG, "%s: the intermediate %s is not valid before %s, in %s", in->path,
                                subject, date, away);
        else
                (void)error_set(e, ERROR_CONFIG, "%s: the intermediate %s expired at %s, %s ago", in->path, subject,
                                date, away);
        free(subject);
        return error_hint(e,
                          "put its renewal, or the valid one, into the chain; if it should be valid, check the clock: "
                          "it says %s",
                          now);
}

// Checks its dates, and notes it if it ends first.
static int note_intermediate(X509 *certificate, const struct x509_candidates *in, struct x509_identity *identity,
                             struct error *e)
{
        struct rank rank = rank_of(certificate, in->now_s);
        if (!rank.is_valid)
                return refuse_dates(certificate, in, e);
        if (identity->intermediate && identity->intermediate_ends_s <= rank.until_s)
                return 0;
        free(identity->intermediate);
        identity->intermediate = x509_subject(certificate);
        identity->intermediate_ends_s = rank.until_s;
        return identity->intermediate ? 0 : error_set(e, ERROR_INTERNAL, "%s: out of memory", in->path);
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
        for (X509 *next = take_issuer(list, current, in->now_s); next; next = take_issuer(list, current, in->now_s)) {
                reached_root = is_root(next);
                if (reached_root)
                        break;
                if (++count > X509_CHAIN_MAX) {
                        error_set(e, ERROR_CONFIG, "%s: the chain has more than %d certificates", in->path,
                                  X509_CHAIN_MAX);
                        return error_hint(e, "use a trust anchor nearer to the certificate: Roles Anywhere accepts %d",
                                          X509_CHAIN_MAX);
                }
                if (note_intermediate(next, in, identity, e) < 0)
                        return -1;
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
