// SPDX-License-Identifier: Apache-2.0
// Only the pool's thread uses the job between work_start() and load_ended(). The loop thread uses everything else.
#include "sidecar/io/ca_store.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <stdlib.h>
#include <string.h>

#include "proto/mem/buffer.h"
#include "sidecar/base/file.h"
#include "sidecar/base/file_metadata.h"
#include "sidecar/io/work.h"

enum {
        BUNDLE_MAX = 16 * 1024 * 1024 // bytes; a system's has 200 KiB
};

struct ca_store {
        struct uv_loop_s *loop;
        char *path; // set once, so the job may read it
        ca_store_loaded_fn *loaded;
        void *arg;
        X509_STORE *x509;
        struct file_metadata metadata; // of what x509 was read from
        bool is_freed;
        struct work work;

        struct {
                X509_STORE *x509;
                struct file_metadata metadata;
                struct error error;
        } job;
};

// --- in the pool ---

// Adds the certificates of `pem` to `to`. Returns 0, or -1 for a certificate that cannot be read; *ret is the number
// before it.
static int add_certificates(X509_STORE *to, struct slice pem, unsigned *ret)
{
        BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.n);
        int r = bio ? 0 : -1;
        *ret = 0;
        ERR_clear_error();
        while (r == 0) {
                X509 *certificate = PEM_read_bio_X509_AUX(bio, NULL, NULL, NULL);
                if (!certificate)
                        break;
                r = X509_STORE_add_cert(to, certificate) == 1 ? 0 : -1; // a duplicate is no failure
                X509_free(certificate);
                *ret += r == 0;
        }
        // No further certificate: the regular end.
        unsigned long last = ERR_peek_last_error();
        if (r == 0 && !(ERR_GET_LIB(last) == ERR_LIB_PEM && ERR_GET_REASON(last) == PEM_R_NO_START_LINE))
                r = -1;
        BIO_free(bio);
        ERR_clear_error();
        return r;
}

static X509_STORE *parse(struct slice pem, const char *path, struct error *e)
{
        unsigned count = 0;
        X509_STORE *store = X509_STORE_new();
        if (!store) {
                error_set(e, ERROR_INTERNAL, "CA bundle %s: out of memory", path);
                return NULL;
        }
        // Like libcurl's own stores: trusts every certificate in the file, even one that is not self-signed.
        X509_STORE_set_flags(store, X509_V_FLAG_TRUSTED_FIRST | X509_V_FLAG_PARTIAL_CHAIN);
        int r = add_certificates(store, pem, &count);
        if (r == 0 && count > 0)
                return store;
        X509_STORE_free(store);
        if (r < 0)
                error_set(e, ERROR_CONFIG, "CA bundle %s: certificate number %u cannot be read", path, count + 1);
        else
                error_set(e, ERROR_CONFIG, "CA bundle %s: holds no certificate", path);
        error_hint(e, "a CA bundle is a text file of PEM blocks that begin with \"-----BEGIN CERTIFICATE-----\"");
        return NULL;
}

static void load(void *arg)
{
        struct ca_store *store = arg;
        struct buffer text;
        store->job.metadata =
            file_metadata(store->path); // before reading: the next check then notices a change during it
        buffer_init(&text, BUNDLE_MAX);
        if (file_read(store->path, "CA bundle", &text, &store->job.error) == 0)
                store->job.x509 = parse(buffer_slice(&text), store->path, &store->job.error);
        buffer_free(&text);
        OPENSSL_thread_stop(); // frees OpenSSL's data of this thread, which otherwise leaks: the pool's threads end
                               // after OpenSSL's clean-up
}

// --- in the loop ---

static void destroy(struct ca_store *store)
{
        X509_STORE_free(store->x509);
        free(store->path);
        free(store);
}

static void load_ended(void *arg, bool is_cancelled)
{
        struct ca_store *store = arg;
        if (store->is_freed) {
                X509_STORE_free(store->job.x509);
                destroy(store);
                return;
        }
        (void)is_cancelled; // only ca_store_free() cancels
        if (store->job.x509) {
                X509_STORE_free(store->x509); // connections have references of their own
                store->x509 = store->job.x509;
                store->metadata = store->job.metadata;
        }
        store->loaded(store->arg, store->job.x509 ? NULL : &store->job.error);
}

struct ca_store *ca_store_new(struct uv_loop_s *loop, const char *path, ca_store_loaded_fn *loaded, void *arg)
{
        struct ca_store *store = calloc(1, sizeof(*store));
        char *copy = strdup(path);
        if (!store || !copy) {
                free(store);
                free(copy);
                return NULL;
        }
        store->loop = loop;
        store->path = copy;
        store->loaded = loaded;
        store->arg = arg;
        return store;
}

void ca_store_free(struct ca_store *store)
{
        if (!store)
                return;
        store->is_freed = true;
        if (store->work.is_under_way)
                work_cancel(&store->work);
        else
                destroy(store);
}

bool ca_store_check(struct ca_store *store)
{
        if (store->work.is_under_way)
                return false;
        struct file_metadata now = file_metadata(store->path);
        if (store->x509 && now.is_there && file_metadata_equal(&now, &store->metadata))
                return true;
        store->job.x509 = NULL;
        store->job.error = (struct error){0};
        work_start(&store->work, store->loop, load, load_ended, store);
        return false;
}

struct x509_store_st *ca_store_get(const struct ca_store *store)
{
        return store->x509;
}
