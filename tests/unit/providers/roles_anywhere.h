// SPDX-License-Identifier: Apache-2.0
// For tests: a provider of type roles_anywhere. The certificates and keys in data/ are throw-aways, made for these
// tests.
#ifndef TESTS_UNIT_PROVIDERS_ROLES_ANYWHERE_H
#define TESTS_UNIT_PROVIDERS_ROLES_ANYWHERE_H

#include "tests/unit/providers/harness.h"

#include "tests/unit/providers/gate.h"
#include "tests/unit/providers/pki.h"

#define SESSION                                                                                                        \
        "{\"credentialSet\":[{\"assumedRoleUser\":{\"arn\":\"arn:aws:sts::111122223333:assumed-role/gw/1000\"},"       \
        "\"credentials\":{\"accessKeyId\":\"ASIAEXAMPLE\",\"secretAccessKey\":\"secret\",\"sessionToken\":\"token\","  \
        "\"expiration\":\"2027-01-01T01:00:00Z\"}}],\"subjectArn\":\"s\"}"
#define JSON_TYPE "Content-Type: application/json\r\n"
#define DENIED "X-Amzn-ErrorType: AccessDeniedException:http://x/\r\nX-Amzn-RequestId: r-1\r\n"

static char role_arn[] = "arn:aws:iam::111122223333:role/gw";
static char anchor_arn[] = "arn:aws:rolesanywhere:us-east-1:111122223333:trust-anchor/a";
static char profile_arn[] = "arn:aws:rolesanywhere:us-east-1:111122223333:profile/p";
static char region[] = "us-east-1";
static char leaf[] = TEST_DATA_DIR "/leaf.pem";
static char leaf_key[] = TEST_DATA_DIR "/leaf.key";
static char chain[] = TEST_DATA_DIR "/intermediate.pem";

struct setup {
        struct harness *h;
        struct profile profile;
        struct pki pki; // where a test uses it
};

static inline void set_up(struct setup *s, const struct upstream_answer *answers, size_t count)
{
        gate_init(&gate_load);
        gate_init(&gate_sign);
        s->h = harness_new(answers, count);
        s->profile = (struct profile){
            .type = PROFILE_ROLES_ANYWHERE,
            .issuer_region = region,
            .endpoint_url = s->h->upstream.url,
            .role.role_arn = role_arn,
            .roles_anywhere = {.trust_anchor_arn = anchor_arn,
                               .profile_arn = profile_arn,
                               .certificate = leaf,
                               .certificate_chain = chain,
                               .private_key = leaf_key},
        };
        harness_make(s->h, &s->profile, NULL);
}

// A certificate for key number `key` takes the place of the present one.
static inline void write_certificate(const struct setup *s, size_t key, long serial)
{
        unsigned calls = gate_sign.calls, on_loop = gate_sign.on_loop;
        pki_write_certificate(&s->pki, s->pki.certificate, s->pki.keys[key], serial);
        gate_sign.calls = calls; // the test's own signature does not count
        gate_sign.on_loop = on_loop;
}

// With the first key, in files that the test may replace.
static inline void set_up_files(struct setup *s, const struct upstream_answer *answers, size_t count)
{
        set_up(s, answers, count);
        pki_init(&s->pki);
        write_certificate(s, 0, 4097);
        pki_write_key(&s->pki, s->pki.keys[0]);
        s->profile.roles_anywhere.certificate = s->pki.certificate;
        s->profile.roles_anywhere.private_key = s->pki.private_key;
        s->profile.roles_anywhere.certificate_chain = NULL;
}

// Neither a key was loaded nor a signature made in the loop thread.
static inline void tear_down(struct setup *s)
{
        assert_int_equal(gate_load.on_loop, 0);
        assert_int_equal(gate_sign.on_loop, 0);
        harness_free(s->h);
}

static inline void run_to_credentials(struct setup *s)
{
        harness_run_to_credentials(s->h);
}

static inline void run_to_error(struct setup *s, enum error_kind kind)
{
        harness_run_to_error(s->h, kind);
}

#endif
