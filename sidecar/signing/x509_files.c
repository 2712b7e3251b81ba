// SPDX-License-Identifier: Apache-2.0
#include "sidecar/signing/x509_files.h"

#include <sys/stat.h>

#include "sidecar/signing/x509.h"
#include "sidecar/signing/x509_internal.h"

static struct x509_file look(const char *path)
{
        struct stat st;
        if (!path || stat(path, &st) < 0)
                return (struct x509_file){.is_there = false};
        return (struct x509_file){.is_there = true,
                                  .device = st.st_dev,
                                  .inode = st.st_ino,
                                  .size = st.st_size,
                                  .modified = st.st_mtim,
                                  .changed = st.st_ctim};
}

void x509_files_look(const struct x509_paths *paths, struct x509_files *ret)
{
        *ret = (struct x509_files){
            .certificate = look(paths->certificate),
            .certificate_chain = look(paths->certificate_chain),
            .private_key = look(paths->private_key ? x509_key_path(paths->private_key) : NULL),
            .passphrase = look(paths->passphrase_file),
            .pkcs12 = look(paths->pkcs12),
        };
}

static bool is_same_time(struct timespec a, struct timespec b)
{
        return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static bool is_same(const struct x509_file *a, const struct x509_file *b)
{
        return a->is_there == b->is_there && a->device == b->device && a->inode == b->inode && a->size == b->size &&
               is_same_time(a->modified, b->modified) && is_same_time(a->changed, b->changed);
}

bool x509_files_equal(const struct x509_files *a, const struct x509_files *b)
{
        return is_same(&a->certificate, &b->certificate) && is_same(&a->certificate_chain, &b->certificate_chain) &&
               is_same(&a->private_key, &b->private_key) && is_same(&a->passphrase, &b->passphrase) &&
               is_same(&a->pkcs12, &b->pkcs12);
}
