// SPDX-License-Identifier: Apache-2.0
// An X.509 identity that stays loaded from one call to the next, and what it signs. Reading files, deriving the key
// of an encrypted file and signing take milliseconds, with a hardware token far more: call this in a thread, one at a
// time (key_job.h).
#ifndef SIDECAR_PROVIDERS_IDENTITY_CACHE_H
#define SIDECAR_PROVIDERS_IDENTITY_CACHE_H

#include "proto/mem/must_check.h"
#include "sidecar/base/error.h"
#include "sidecar/signing/x509.h"
#include "sidecar/signing/x509_files.h"

struct profile;

// Where the parts of a roles_anywhere profile's identity are; borrowed from it.
struct x509_paths identity_cache_paths(const struct profile *profile);

// How long loading and signing with it may take: read_timeout_ms, else long enough for a user to touch the token.
int64_t identity_cache_timeout_ms(const struct profile *profile);

// Where its private key is, for messages; borrowed from `paths`.
const char *identity_cache_key(const struct x509_paths *paths);

// Sets ERROR_TRANSIENT, timed out: the key did not answer within `timeout_ms`. The hint is the caller's. -1.
int identity_cache_report_late(const struct x509_paths *paths, int64_t timeout_ms, struct error *e);

struct identity_cache {
        struct x509_identity *x509;      // of the last load that succeeded, or NULL
        struct x509_files files;         // what it was read from
        struct error reload;             // why x509 is older than the files; of kind ERROR_NONE: it is not
        struct error refused;            // ERROR_DENIED: a token or TPM refused the PIN or passphrase
        struct x509_files refused_files; // that gave it
};

// Loads the identity from its files at the time `now_s`, unless they are unchanged and the certificate is valid.
// Certificate, chain and key are one unit, but are replaced one after another: while they do not belong together, the
// identity loaded before stays, if its certificate is valid, and `reload` is why. A PIN that a token refused is not
// tried again while its file is unchanged: tokens lock themselves after a few. 0, or -1 with *e.
MUST_CHECK int identity_cache_renew(struct identity_cache *cache, const struct x509_paths *paths, int64_t now_s,
                                    struct error *e);

// The same by the service's clock or, where the certificate is not valid by that, by this host's: the service's Date
// may have been wrong once, and without a call there is no other. On success *e is of kind ERROR_NONE.
MUST_CHECK int identity_cache_renew_by_either(struct identity_cache *cache, const struct x509_paths *paths,
                                              int64_t service_s, int64_t own_s, struct error *e);

// x509_sign_request() with the identity. A key that fails is loaded anew the next time: its token may have been taken
// out. 0, or -1 with *e.
MUST_CHECK int identity_cache_sign(struct identity_cache *cache, const struct x509_request *request, char amz_date[17],
                                   struct buffer *out, struct error *e);

void identity_cache_drop(struct identity_cache *cache);

#endif
