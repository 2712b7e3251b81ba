// SPDX-License-Identifier: Apache-2.0
// The job belongs to the pool's thread from uv_queue_work() to load_ended(), all else to the loop thread.
#include "sidecar/io/ca_store.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <uv.h>

#include "proto/mem/buffer.h"
#include "sidecar/base/file.h"

enum {
        BUNDLE_MAX = 16 * 1024 * 1024 // bytes; a system's has 200 KiB
};

// Which content of which file.
struct identity {
        dev_t device;
        ino_t inode;
        off_t size;
        struct timespec changed;
};

struct ca_store {
        uv_loop_t *loop;
        char *path; // set once, so the job may read it
        ca_store_loaded_fn *loaded;
        void *arg;
        X509_STORE *x509;
        struct identity identity; // of what x509 was read from
        bool is_loading, is_freed;

        struct {
                uv_work_t work;
                X509_STORE *x509;
                struct identity identity;
                struct error error;
        } job;
};

static bool identify(const char *path, struct identity *ret)
{
        struct stat st;
        *ret = (struct identity){0};
        if (stat(path, &st) < 0)
                return false;
        ret->device = st.st_dev;
        ret->inode = st.st_ino;
        ret->size = st.st_size;
        ret->changed = st.st_mtim;
        return true;
}

static bool is_same(const struct identity *a, const struct identity *b)
{
        return a->device == b->device && a->inode == b->inode && a->size == b->size &&
               a->changed.tv_sec == b->changed.tv_sec && a->changed.tv_nsec == b->changed.tv_nsec;
}

// --- in the pool ---

// The certificates of `pem` into `to`: how many, or -1 when one of them is broken (after as many good ones as *ret).
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
                r = X509_STORE_add_cert(to, certificate) == 1 ? 0 : -1; // one that is there already is no failure
                X509_free(certificate);
                *ret += r == 0;
        }
        // Text without a further certificate in it is the regular end.
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
        // As libcurl's own stores: what is in the file is trusted even when it is not self-signed.
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

static void load(uv_work_t *work)
{
        struct ca_store *store = work->data;
        struct buffer text;
        // Taken first: a change while reading is then seen by the next check.
        (void)identify(store->path, &store->job.identity);
        buffer_init(&text, BUNDLE_MAX);
        if (file_read(store->path, "CA bundle", &text, &store->job.error) == 0)
                store->job.x509 = parse(buffer_slice(&text), store->path, &store->job.error);
        buffer_free(&text);
        OPENSSL_thread_stop(); // else what it keeps for the thread stays: the pool ends after OpenSSL
}

// --- in the loop ---

static void destroy(struct ca_store *store)
{
        X509_STORE_free(store->x509);
        free(store->path);
        free(store);
}

static void load_ended(uv_work_t *work, int status)
{
        struct ca_store *store = work->data;
        store->is_loading = false;
        if (store->is_freed) {
                X509_STORE_free(store->job.x509);
                destroy(store);
                return;
        }
        if (status == 0 && store->job.x509) {
                X509_STORE_free(store->x509); // connections hold references of their own
                store->x509 = store->job.x509;
                store->identity = store->job.identity;
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
        store->job.work.data = store;
        return store;
}

void ca_store_free(struct ca_store *store)
{
        if (!store)
                return;
        if (!store->is_loading) {
                destroy(store);
                return;
        }
        store->is_freed = true;
        (void)uv_cancel((uv_req_t *)&store->job.work); // too late is fine
}

bool ca_store_check(struct ca_store *store)
{
        struct identity now;
        if (store->is_loading)
                return false;
        if (store->x509 && identify(store->path, &now) && is_same(&now, &store->identity))
                return true;
        store->job.x509 = NULL;
        store->job.error = (struct error){0};
        store->is_loading = true;
        (void)uv_queue_work(store->loop, &store->job.work, load, load_ended); // fails only without a callback
        return false;
}

struct x509_store_st *ca_store_get(const struct ca_store *store)
{
        return store->x509;
}
