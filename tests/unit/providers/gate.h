// SPDX-License-Identifier: Apache-2.0
// For tests: stands in for two functions of OpenSSL, the one that loads a key and the one that signs. Calls are counted
// by kind of thread, held where a test says so as a slow token would hold them, and then handed on.
#ifndef TESTS_UNIT_PROVIDERS_GATE_H
#define TESTS_UNIT_PROVIDERS_GATE_H

#include <dlfcn.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

#include <openssl/evp.h>
#include <openssl/store.h>

struct gate {
        pthread_t loop;             // the thread that must not come here, and is not held
        atomic_uint calls, on_loop; // the latter: by that thread
        atomic_uint holds_at;       // the call with this number is held; 0: none
        atomic_bool fails;
        sem_t entered, leave; // a held call posts the first and waits for the second
};

static struct gate gate_load, gate_sign;

static inline void gate_init(struct gate *g)
{
        *g = (struct gate){.loop = pthread_self()};
        (void)sem_init(&g->entered, 0, 0);
        (void)sem_init(&g->leave, 0, 0);
}

static inline void gate_pass(struct gate *g)
{
        unsigned number = atomic_fetch_add(&g->calls, 1) + 1;
        if (pthread_equal(pthread_self(), g->loop)) {
                atomic_fetch_add(&g->on_loop, 1);
        } else if (number == atomic_load(&g->holds_at)) {
                (void)sem_post(&g->entered);
                (void)sem_wait(&g->leave);
        }
}

OSSL_STORE_INFO *OSSL_STORE_load(OSSL_STORE_CTX *store)
{
        OSSL_STORE_INFO *(*next)(OSSL_STORE_CTX *);
        *(void **)&next = dlsym(RTLD_NEXT, "OSSL_STORE_load");
        gate_pass(&gate_load);
        return next(store);
}

int EVP_DigestSign(EVP_MD_CTX *context, unsigned char *signature, size_t *n, const unsigned char *text, size_t text_n)
{
        int (*next)(EVP_MD_CTX *, unsigned char *, size_t *, const unsigned char *, size_t);
        *(void **)&next = dlsym(RTLD_NEXT, "EVP_DigestSign");
        if (signature) // else it asks for the size alone
                gate_pass(&gate_sign);
        return atomic_load(&gate_sign.fails) ? 0 : next(context, signature, n, text, text_n);
}

#endif
