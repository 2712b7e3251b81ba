// SPDX-License-Identifier: Apache-2.0
// Each identity is loaded in a thread, for a token or a TPM may never answer, and nothing stops it from outside.
#include "sidecar/app/check.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "sidecar/config/settings.h"
#include "sidecar/providers/kept_identity.h"
#include "sidecar/signing/x509.h"

struct loading {
        struct x509_paths paths;
        int64_t now_s;
        pthread_mutex_t mutex;
        pthread_cond_t over;
        bool is_over;       // the mutex's
        struct error error; // of kind ERROR_NONE: it is good
};

static void *load(void *arg)
{
        struct loading *l = arg;
        struct x509_identity *identity = NULL;
        (void)x509_identity_load(&l->paths, l->now_s, &identity, &l->error);
        x509_identity_free(identity); // may ask the token again
        (void)pthread_mutex_lock(&l->mutex);
        l->is_over = true;
        (void)pthread_cond_signal(&l->over);
        (void)pthread_mutex_unlock(&l->mutex);
        return NULL;
}

// False: the thread is still at it after `timeout_ms`.
static bool wait_for(struct loading *l, int64_t timeout_ms)
{
        struct timespec until;
        int rc = 0;
        (void)clock_gettime(CLOCK_MONOTONIC, &until);
        int64_t ns = until.tv_nsec + timeout_ms % 1000 * 1000000;
        until.tv_sec += timeout_ms / 1000 + ns / 1000000000;
        until.tv_nsec = ns % 1000000000;
        (void)pthread_mutex_lock(&l->mutex);
        while (!l->is_over && rc == 0)
                rc = pthread_cond_timedwait(&l->over, &l->mutex, &until);
        bool is_over = l->is_over;
        (void)pthread_mutex_unlock(&l->mutex);
        return is_over;
}

// Cannot fail, but for memory.
static struct loading *loading_new(const struct profile *profile, int64_t now_s)
{
        struct loading *l = calloc(1, sizeof(*l));
        pthread_condattr_t attributes;
        if (!l)
                return NULL;
        l->paths = kept_identity_paths(profile);
        l->now_s = now_s;
        (void)pthread_condattr_init(&attributes);
        (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
        (void)pthread_cond_init(&l->over, &attributes);
        (void)pthread_condattr_destroy(&attributes);
        (void)pthread_mutex_init(&l->mutex, NULL);
        return l;
}

static void loading_free(struct loading *l)
{
        (void)pthread_mutex_destroy(&l->mutex);
        (void)pthread_cond_destroy(&l->over);
        free(l);
}

static int check_identity(const struct profile *profile, int64_t now_s, struct error *e)
{
        int64_t timeout_ms = kept_identity_timeout_ms(profile);
        struct loading *l = loading_new(profile, now_s);
        pthread_t thread;
        if (!l)
                return error_set(e, ERROR_INTERNAL, "out of memory");
        if (pthread_create(&thread, NULL, load, l) != 0) {
                loading_free(l);
                return error_set(e, ERROR_INTERNAL, "no thread to load a private key in");
        }
        if (!wait_for(l, timeout_ms)) { // *l is the thread's
                (void)pthread_detach(thread);
                (void)kept_identity_say_late(&l->paths, timeout_ms, e);
                (void)error_hint(e, "look at the token, the TPM or the file system that it is in");
                return error_context(e, "profile %s", profile_shown_name(profile));
        }
        (void)pthread_join(thread, NULL);
        *e = l->error;
        loading_free(l);
        return e->kind == ERROR_NONE ? 0 : error_context(e, "profile %s", profile_shown_name(profile));
}

int check_identities(const struct settings *settings, int64_t now_s, struct error *e)
{
        for (size_t i = 0; i < settings->profiles_count; i++) {
                const struct profile *profile = &settings->profiles[i];
                if (profile->type == PROFILE_ROLES_ANYWHERE && check_identity(profile, now_s, e) < 0)
                        return -1;
        }
        return 0;
}

size_t check_report_faults(const struct settings *settings)
{
        size_t count = 0;
        for (size_t i = 0; i < settings->profiles_count; i++) {
                const struct profile *p = &settings->profiles[i];
                if (!p->fault || p->is_implied)
                        continue;
                count++;
                printf("%s cannot be used: %s\n", p->name, p->fault);
        }
        return count;
}
