// SPDX-License-Identifier: Apache-2.0
// What stands behind the paths of an identity, without reading it: as long as two looks are equal, nothing was replaced
// or rewritten between them.
#ifndef SIDECAR_SIGNING_X509_FILES_H
#define SIDECAR_SIGNING_X509_FILES_H

#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

struct x509_paths;

struct x509_file {
        bool is_there; // all else is zero when it is not, or is no file but a provider's URI
        dev_t device;
        ino_t inode;
        off_t size;
        struct timespec modified, changed;
};

struct x509_files {
        struct x509_file certificate, certificate_chain, private_key, passphrase, pkcs12;
};

// May block on a slow mount. To be taken before the files are read, so that a change while reading shows afterwards.
void x509_files_look(const struct x509_paths *paths, struct x509_files *ret);

bool x509_files_equal(const struct x509_files *a, const struct x509_files *b);

#endif
