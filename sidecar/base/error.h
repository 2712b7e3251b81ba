// SPDX-License-Identifier: Apache-2.0
// An error: its kind decides what callers do, its texts are for people. Fixed storage, so reporting that memory ran
// out cannot itself fail. Context is prepended on the way up ("profile dev: STS AssumeRole: …"). Never a secret.
#ifndef SIDECAR_BASE_ERROR_H
#define SIDECAR_BASE_ERROR_H

#include <stdbool.h>
#include <stdint.h>

enum error_kind {
        ERROR_NONE,
        ERROR_CONFIG,      // a person must change a file or a setting
        ERROR_DENIED,      // AWS understood and refused
        ERROR_THROTTLED,   // AWS asks for fewer calls
        ERROR_TRANSIENT,   // network, time-out, 5xx: the same call may succeed later
        ERROR_PROTOCOL,    // an answer that cannot be what it claims to be
        ERROR_CANCELLED,   // we stopped it ourselves
        ERROR_INTERACTION, // a person must act: log in, or give a code
        ERROR_INTERNAL,    // out of memory, a bug
        ERROR_KIND_COUNT
};

struct error_upstream {
        char service[24]; // "sts", "rolesanywhere"
        char code[72];
        char message[512];
        char request_id[72];
        int status; // HTTP; 0: none
};

struct error {
        enum error_kind kind;
        char message[768];
        char hint[384];                 // what to do; may be empty
        struct error_upstream upstream; // set when AWS (or what stands in for it) answered with an error
        bool timed_out;                 // with ERROR_TRANSIENT: no answer in time
        bool wants_code;                // with ERROR_INTERACTION: a code of an MFA device; else a login
};

// A name for logs and JSON: "config", "denied", …
const char *error_kind_name(enum error_kind kind);

// Overwrites *e (which may be NULL). All return -1, so that `return error_set(…)` reads well. Texts that are too long
// end in "…"; what may not be shown (text_defuse()) becomes "?".
__attribute__((format(printf, 3, 4))) int error_set(struct error *e, enum error_kind kind, const char *format, ...);
__attribute__((format(printf, 3, 4))) int error_set_errno(struct error *e, enum error_kind kind, const char *format,
                                                          ...); // appends ": " and strerror(errno)
// Prepends "text: " to the message.
__attribute__((format(printf, 2, 3))) int error_context(struct error *e, const char *format, ...);
// Says what to do.
__attribute__((format(printf, 2, 3))) int error_hint(struct error *e, const char *format, ...);

#endif
