// SPDX-License-Identifier: Apache-2.0
#include "sidecar/signing/x509_files.h"

#include "sidecar/signing/x509.h"
#include "sidecar/signing/x509_internal.h"

void x509_files_look(const struct x509_paths *paths, struct x509_files *ret)
{
        *ret = (struct x509_files){
            .certificate = file_metadata(paths->certificate),
            .certificate_chain = file_metadata(paths->certificate_chain),
            .private_key = file_metadata(paths->private_key ? x509_key_path(paths->private_key) : NULL),
            .passphrase = file_metadata(paths->passphrase_file),
            .pkcs12 = file_metadata(paths->pkcs12),
        };
}

bool x509_files_equal(const struct x509_files *a, const struct x509_files *b)
{
        return file_metadata_equal(&a->certificate, &b->certificate) &&
               file_metadata_equal(&a->certificate_chain, &b->certificate_chain) &&
               file_metadata_equal(&a->private_key, &b->private_key) &&
               file_metadata_equal(&a->passphrase, &b->passphrase) && file_metadata_equal(&a->pkcs12, &b->pkcs12);
}
