// SPDX-License-Identifier: Apache-2.0
// Finds the certificate authorities that this system trusts.
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

// The first that exists of SSL_CERT_FILE, SSL_CERT_DIR, OpenSSL's built-in directory, its built-in file, and `fallback`
// (may be NULL). 0, or -1 with *e.
MUST_CHECK int ca_system_find(const struct env *env, const char *fallback, struct ca_system *ret, struct error *e);

#endif
