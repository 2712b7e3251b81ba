// SPDX-License-Identifier: Apache-2.0
// What stands behind the paths of an identity: as long as two looks are equal, nothing was replaced or rewritten
// between them. What is no file but a provider's URI is never there.
#ifndef SIDECAR_SIGNING_X509_FILES_H
#define SIDECAR_SIGNING_X509_FILES_H

#include "sidecar/base/file_metadata.h"

struct x509_paths;

struct x509_files {
        struct file_metadata certificate, certificate_chain, private_key, passphrase, pkcs12;
};

// May block on a slow mount. To be taken before the files are read, so that a change while reading shows afterwards.
void x509_files_look(const struct x509_paths *paths, struct x509_files *ret);

bool x509_files_equal(const struct x509_files *a, const struct x509_files *b);

#endif
