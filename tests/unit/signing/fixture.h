// SPDX-License-Identifier: Apache-2.0
// A signer, AWS's example credentials and an output buffer for tests of this room.
#ifndef TESTS_UNIT_SIGNING_FIXTURE_H
#define TESTS_UNIT_SIGNING_FIXTURE_H

#include <stdlib.h>

#include "proto/wire/credentials.h"
#include "proto/wire/limits.h"
#include "sidecar/signing/sigv4.h"

#define FIXTURE_SECRET "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
#define FIXTURE_TOKEN "IQoJb3JpZ2luX2VjEXAMPLE//token+with/special=chars=="
#define FIXTURE_TIME_S 1788264000 // 2026-09-01T12:00:00Z
#define EMPTY_SHA256 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

struct fixture {
        struct signer *signer;
        struct credentials *plain;     // without a session token
        struct credentials *temporary; // with one
        struct buffer out;
};

static inline void fixture_set_up(struct fixture *f)
{
        const struct credentials plain = {
            .access_key_id = SLICE("AKIDEXAMPLE"),
            .secret_access_key = SLICE(FIXTURE_SECRET),
            .expires_s = CREDENTIALS_NEVER_EXPIRE,
        };
        const struct credentials temporary = {
            .access_key_id = SLICE("ASIAEXAMPLEKEYID0001"),
            .secret_access_key = SLICE(FIXTURE_SECRET),
            .session_token = SLICE(FIXTURE_TOKEN),
            .expires_s = FIXTURE_TIME_S + 3600,
        };
        f->signer = signer_new();
        f->plain = credentials_new(&plain);
        f->temporary = credentials_new(&temporary);
        buffer_init(&f->out, LIMIT_SIGN_CANONICAL);
        if (!f->signer || !f->plain || !f->temporary)
                abort();
}

static inline void fixture_tear_down(struct fixture *f)
{
        buffer_free(&f->out);
        credentials_unref(f->plain);
        credentials_unref(f->temporary);
        signer_free(f->signer);
}

#endif
