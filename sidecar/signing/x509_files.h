// SPDX-License-Identifier: Apache-2.0
// The metadata of an identity's files: if two of these are equal, no file was replaced or rewritten in between. A
// provider's URI counts as a file that does not exist.
#ifndef SIDECAR_SIGNING_X509_FILES_H
#define SIDECAR_SIGNING_X509_FILES_H

#include "sidecar/base/file_metadata.h"

struct x509_paths;

struct x509_files {
        struct file_metadata certificate, certificate_chain, private_key, passphrase, pkcs12;
};

// May block on a slow mount. Call it before reading the files, so that a change during the reading shows later.
void x509_files_look(const struct x509_paths *paths, struct x509_files *ret);

bool x509_files_equal(const struct x509_files *a, const struct x509_files *b);

#endif
