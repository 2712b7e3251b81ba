// SPDX-License-Identifier: Apache-2.0
// An X.509 identity that is kept from one exchange to the next, and what it signs. Reading files, deriving the key of
// an encrypted one and signing take milliseconds, with a hardware token far more: this is for a thread, one at a time
// (key_job.h).
#ifndef SIDECAR_PROVIDERS_KEPT_IDENTITY_H
#define SIDECAR_PROVIDERS_KEPT_IDENTITY_H

#include "sidecar/base/error.h"
#include "sidecar/signing/x509.h"
#include "sidecar/signing/x509_files.h"

struct profile;

// Where the parts of a roles_anywhere profile's identity are; borrowed from it.
struct x509_paths kept_identity_paths(const struct profile *profile);

// How long loading and signing with it may take: read_timeout_ms, else long enough for a person to touch the token.
int64_t kept_identity_timeout_ms(const struct profile *profile);

// Where its private key is, for messages; borrowed from `paths`.
const char *kept_identity_key(const struct x509_paths *paths);

// The key is later than `timeout_ms`: ERROR_TRANSIENT, timed out. The hint is the caller's. -1.
int kept_identity_say_late(const struct x509_paths *paths, int64_t timeout_ms, struct error *e);

struct kept_identity {
        struct x509_identity *x509;      // of the last load that succeeded, or NULL
        struct x509_files files;         // what it was read from
        struct error reload;             // why x509 is not what the files say now; of kind ERROR_NONE when it is
        struct error refused;            // ERROR_DENIED: a token or TPM refused the PIN or passphrase
        struct x509_files refused_files; // that gave it
};

// Makes it what the files say at `now_s`. Certificate, chain and key are one unit, and they are not read when they are
// as they were and the certificate is valid. Others replace them one after another: while they do not belong together,
// what was read before stays, if its certificate is valid, and `reload` says so. A PIN that a token refused is not
// tried again while its file is the same: tokens lock themselves after a few. 0, or -1 with *e.
int kept_identity_renew(struct kept_identity *kept, const struct x509_paths *paths, int64_t now_s, struct error *e);

// The same by the service's clock or, where the certificate is not valid by that, by this host's: what the service said
// of its time may have been wrong once, and without a call it is not heard again. On success *e is of kind ERROR_NONE.
int kept_identity_renew_by_either(struct kept_identity *kept, const struct x509_paths *paths, int64_t service_s,
                                  int64_t own_s, struct error *e);

// x509_sign_request() with it. A key that fails is read anew the next time: it may have been in a token that was taken
// out. 0, or -1 with *e.
int kept_identity_sign(struct kept_identity *kept, const struct x509_request *request, char amz_date[17],
                       struct buffer *out, struct error *e);

void kept_identity_drop(struct kept_identity *kept);

#endif
