// SPDX-License-Identifier: Apache-2.0
// An X.509 identity and what it signs, in a thread of its own: reading files, deriving the key of an encrypted file and
// signing take milliseconds, with a token far more, and a token that hangs may never return. The caller gets an answer
// in any case; a thread that is late keeps the identity until it returns, and no other request is made before. Loop
// thread only.
#ifndef SIDECAR_PROVIDERS_KEY_JOB_H
#define SIDECAR_PROVIDERS_KEY_JOB_H

#include <stdint.h>

#include "proto/mem/must_check.h"
#include "proto/mem/slice.h"
#include "sidecar/base/error.h"

struct clock;
struct key_job; // opaque
struct identity_cache;
struct workers;
struct profile;

struct key_job_deps {
        struct workers *workers;
        const struct clock *clock;
        // The end of key_job_sign(): signed, or *e. Never from within it.
        void (*done)(void *owner, const struct error *e);
        void *owner;
};

// NULL: out of memory.
MUST_CHECK struct key_job *key_job_new(const struct key_job_deps *deps);

struct key_request {
        const struct profile *profile; // of type roles_anywhere; held
        struct slice url, body;        // copied
        int64_t time_s;                // the service's clock
};

// Loads the identity anew where its files have changed, and signs a CreateSession request with it. 0: `done` follows,
// exactly once; when the thread is late, with ERROR_TRANSIENT. Or -1 with *e, and nothing follows: memory, or
// ERROR_TRANSIENT while the thread of an earlier request has not returned. Not while one is under way.
MUST_CHECK int key_job_sign(struct key_job *k, const struct key_request *request, struct error *e);

// `done` still follows, once: soon, or when the thread returns or is late.
void key_job_cancel(struct key_job *k);

// The identity after the last request; its x509 is NULL when none is loaded. NULL while a thread uses it.
const struct identity_cache *key_job_identity(const struct key_job *k);

// Of what was signed last; borrowed until the next key_job_sign().
struct slice key_job_authorization(const struct key_job *k);
const char *key_job_amz_date(const struct key_job *k);

// Wipes what was signed.
void key_job_forget(struct key_job *k);

// Not while `done` is to follow. A thread releases a key in a token or a TPM, which may hang as well. NULL is fine.
void key_job_free(struct key_job *k);

#endif
