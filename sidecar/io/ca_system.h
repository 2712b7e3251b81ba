// SPDX-License-Identifier: Apache-2.0
// Where this system keeps the certificate authorities that it trusts.
#ifndef SIDECAR_IO_CA_SYSTEM_H
#define SIDECAR_IO_CA_SYSTEM_H

#include "proto/mem/must_check.h"
#include "sidecar/base/env.h"
#include "sidecar/base/error.h"

// Exactly one of the two is set; both are borrowed from the environment or the libraries.
struct ca_system {
        const char *directory; // of hash links (or several, separated by colons): certificates are read as needed
        const char *file;      // a bundle of all
};

// SSL_CERT_FILE, SSL_CERT_DIR, then OpenSSL's built-in directory, its file, and `fallback` (may be NULL), whichever is
// there first. 0, or -1 with *e.
MUST_CHECK int ca_system_find(const struct env *env, const char *fallback, struct ca_system *ret, struct error *e);

#endif
