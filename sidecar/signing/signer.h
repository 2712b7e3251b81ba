// SPDX-License-Identifier: Apache-2.0
// Internal to this layer: the signer's fields, and the steps shared by signing by headers, by query and by certificate.
#ifndef SIDECAR_SIGNING_SIGNER_H
#define SIDECAR_SIGNING_SIGNER_H

#include "proto/mem/must_check.h"
#include "sidecar/signing/canonical.h"
#include "sidecar/signing/digest.h"
#include "sidecar/signing/ecdsa_key.h"
#include "sidecar/signing/key.h"
#include "sidecar/signing/service_rules.h"
#include "sidecar/signing/sigv4.h"

struct signer {
        struct digest *digest;
        struct key_cache *keys;
        struct ecdsa_cache *ecdsa_keys;
        struct buffer scratch; // the caller wipes it after each use
        int64_t time_s;        // of amz_date
        char amz_date[17];     // empty: none yet
};

enum { AMZ_DATE_SIZE = 16, DATE_SIZE_IN_SCOPE = 8, SIGNATURE_MAX = ECDSA_HEX_MAX };

// What signs a request: SigV4's key, or SigV4A's if the request has a set of regions. Borrowed as they are.
struct request_signing {
        struct slice algorithm;
        struct slice amz_date;
        struct slice scope;
        const struct digest_key *hmac; // NULL: `ecdsa`
        struct evp_pkey_st *ecdsa;
        uint8_t scope_text[KEY_SCOPE_MAX];
};
// 0, or -1 with *e. Do not move *ret.
MUST_CHECK int signer_begin(struct signer *s, const struct sigv4_request *request, struct credentials *c,
                            struct slice amz_date, struct request_signing *ret, struct error *e);
// *ret_n hex digits. 0, or -1 with *e.
MUST_CHECK int signer_finish(struct signer *s, const struct request_signing *signing, struct slice string_to_sign,
                             char out[SIGNATURE_MAX], size_t *ret_n, struct error *e);

// The value of x-amz-date, borrowed from the signer until a call with another time. Empty, with *e, for years outside
// 1970 to 9999.
struct slice signer_amz_date(struct signer *s, int64_t time_s, struct error *e);

static inline struct key_scope signer_scope(struct slice amz_date, struct slice region, struct slice service)
{
        return (struct key_scope){slice_head(amz_date, DATE_SIZE_IN_SCOPE), region, service};
}

// The parts of the string to sign other than the hash of the canonical request.
struct string_to_sign {
        struct slice algorithm;
        struct slice amz_date;
        struct slice scope;
};

struct signing_texts { // borrowed from the buffer that they were written to
        struct slice canonical_request;
        struct slice signed_headers; // "host;x-amz-date"
        struct slice string_to_sign;
};

// Appends the canonical request to `into`, the string to sign right behind it, and reserves `more` bytes. 0, or -1 with
// *e.
MUST_CHECK int signer_put_texts(struct signer *s, const struct canonical_request *canonical,
                                const struct string_to_sign *in, size_t more, struct buffer *into,
                                struct signing_texts *ret, struct error *e);

// Makes room in `out` for `n` bytes. NULL with *e.
MUST_CHECK uint8_t *signer_reserve(struct buffer *out, size_t n, struct error *e);

// Checks the form of the payload hash. 0, or -1 with *e.
MUST_CHECK int signer_check_payload_hash(struct slice hash, struct error *e);

// The parts of the request's URL: those that the caller has, or *room after parsing it. NULL with *e.
MUST_CHECK const struct sigv4_url *signer_url(const struct sigv4_request *request, struct sigv4_url *room,
                                              struct error *e);

// How the headers of a request are chosen.
struct header_choice {
        struct slice host; // of the URL
        const struct service_rules *rules;
        bool by_query;
        bool has_host;            // filled: the request has it
        bool has_content_sha256;  // filled: the request has it
        bool adds_content_sha256; // of signing by headers: the signature brings it
};
// Adds the headers of the request that are signed, and host. 0, or -1 with *e.
MUST_CHECK int signer_choose_headers(const struct sigv4_request *request, struct header_choice *choice,
                                     struct canonical_headers *headers, struct error *e);

#endif
