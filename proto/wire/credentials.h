// SPDX-License-Identifier: Apache-2.0
// One set of temporary (or static) AWS credentials: immutable, reference-counted, in secret memory, wiped at the
// last release. Single-threaded: the count is not atomic.
#ifndef PROTO_WIRE_CREDENTIALS_H
#define PROTO_WIRE_CREDENTIALS_H

#include "proto/mem/must_check.h"
#include "proto/mem/slice.h"

#define CREDENTIALS_NEVER_EXPIRE INT64_MAX

// An object derived from credentials that must not outlive them, such as a signing key. Its owner embeds this struct,
// and calls credentials_detach() if it frees the object first.
struct credentials_derived {
        struct credentials_derived *next, **link; // of the credentials' list; link is NULL when on none
        // Called at the last release of the credentials, after `derived` was removed from the list.
        void (*drop)(struct credentials_derived *derived);
};

struct credentials {
        struct slice access_key_id;
        struct slice secret_access_key;
        struct slice session_token;    // empty: none
        struct slice account_id;       // empty: unknown
        struct slice assumed_role_arn; // empty: unknown
        int64_t expires_s;             // upstream's wall time, or CREDENTIALS_NEVER_EXPIRE
        int64_t issued_s;              // upstream's wall time when they were obtained
        // Upstream's wall clock (ms) less the local boot clock (ms), from its Date header; see sidecar/base/clock.h.
        bool has_upstream_offset;
        int64_t upstream_offset_ms;
        // owned by the functions below
        unsigned references;
        size_t mapped;
        struct credentials_derived *derived;
};

// The first invalid member of `fields`, by its name in AWS's documents; NULL: all are valid. Key and secret must not be
// empty. Texts must be within their limits in limits.h, without bytes that AWS credentials do not contain (controls,
// space, '"', '\\', non-ASCII).
MUST_CHECK const char *credentials_unsound_member(const struct credentials *fields);

// Copies `fields` (except the members that the functions own) into one block of secret memory; the caller owns one
// reference. NULL: out of memory, or an invalid member.
MUST_CHECK struct credentials *credentials_new(const struct credentials *fields);

struct credentials *credentials_ref(struct credentials *c);

// At the last reference: drops the derived objects, wipes and frees. NULL is fine.
void credentials_unref(struct credentials *c);

// Drops the derived objects.
void credentials_drop_derived(struct credentials *c);

// The caller sets `derived->drop`; `derived` must be valid until it is dropped or detached.
void credentials_attach(struct credentials *c, struct credentials_derived *derived);
void credentials_detach(struct credentials_derived *derived); // does nothing if it is not attached

// Field 5 of an ARN ("arn:partition:service:region:account:resource"); empty if `arn` is not an ARN.
struct slice credentials_account_of_arn(struct slice arn);

#endif
