// SPDX-License-Identifier: Apache-2.0
// While it is out, everything in `thread` is the thread's, and the request does not change. It holds the profile that
// it reads, and refers to nothing of its owner, which may be gone when a late thread comes back.
#include "sidecar/providers/key_job.h"

#include <assert.h>
#include <stdlib.h>

#include "proto/mem/time.h"
#include "proto/wire/limits.h"
#include "sidecar/base/clock.h"
#include "sidecar/config/profile.h"
#include "sidecar/io/workers.h"
#include "sidecar/providers/identity_cache.h"
#include "sidecar/signing/sigv4.h"

enum { DROP_LATE_MS = 20000 };

struct key_job {
        struct key_job_deps deps;
        struct worker_job worker;
        const struct profile *profile; // held: of the last request
        struct x509_paths paths;       // of the profile
        struct buffer url, body;
        int64_t time_s, own_s, timeout_ms;
        bool is_out;     // a thread has it, or is to have it
        bool is_awaited; // by the owner
        bool is_freed;   // by the owner

        struct {
                struct identity_cache identity;
                struct buffer authorization;
                char amz_date[TIME_AMZ_SIZE];
                struct error error; // of kind ERROR_NONE: it is signed
        } thread;
};

// --- in the thread ---

static int sign(struct key_job *k, struct error *e)
{
        struct sigv4_url url;
        if (sigv4_parse_url(buffer_slice(&k->url), &url, e) < 0)
                return -1;
        const struct x509_request request = {
            .host = url.host,
            .path = url.path,
            .body = buffer_slice(&k->body),
            .region = slice_str(k->profile->issuer_region),
            .time_s = k->time_s,
        };
        return identity_cache_sign(&k->thread.identity, &request, k->thread.amz_date, &k->thread.authorization, e);
}

static void run(struct worker_job *worker, void *arg)
{
        struct key_job *k = arg;
        struct error *e = &k->thread.error;
        if (identity_cache_renew_by_either(&k->thread.identity, &k->paths, k->time_s, k->own_s, e) < 0)
                return;
        if (worker_job_is_cancelled(worker))
                (void)error_set(e, ERROR_CANCELLED, "cancelled");
        else
                (void)sign(k, e);
}

static void drop(struct worker_job *worker, void *arg)
{
        (void)worker;
        identity_cache_drop(&((struct key_job *)arg)->thread.identity);
}

// --- on the loop ---

// All tokens behind a module, the TPM, else a file by itself.
static const char *device_of(const struct key_job *k)
{
        const char *source = identity_cache_key(&k->paths);
        struct slice text = slice_str(source);
        if (slice_starts_with(text, SLICE("pkcs11:")))
                return k->paths.pkcs11_module ? k->paths.pkcs11_module : "pkcs11:";
        if (slice_starts_with(text, SLICE("handle:")) || slice_starts_with(text, SLICE("object:")))
                return "tpm2:";
        return source;
}

// What else keeps the workers of the device busy, for a message.
static const char *others_of(const struct key_job *k)
{
        const char *device = device_of(k);
        if (device == identity_cache_key(&k->paths))
                return "earlier reads of this file";
        return strcmp(device, "tpm2:") == 0 ? "others in the TPM" : "others of the same token";
}

static int hint_stuck(struct error *e)
{
        e->timed_out = true;
        return error_hint(e, "check the token, the TPM or the file system that holds the key; nothing else waits for "
                             "it, and the agent uses it again by itself once it answers");
}

static void destroy(struct key_job *k)
{
        profile_release(k->profile);
        buffer_free(&k->url);
        buffer_free(&k->body);
        buffer_free(&k->thread.authorization);
        free(k);
}

static void on_dropped(void *arg, enum worker_end end)
{
        struct key_job *k = arg;
        (void)end; // what could not be given back stays in the token until the process ends
        destroy(k);
}

static void give_back(struct key_job *k)
{
        const struct worker_task task = {
            .device = device_of(k), .late_ms = DROP_LATE_MS, .run = drop, .done = on_dropped, .arg = k};
        if (x509_identity_is_in_device(k->thread.identity.x509)) {
                workers_start(k->deps.workers, &k->worker, &task);
                return;
        }
        identity_cache_drop(&k->thread.identity);
        destroy(k);
}

static void answer(struct key_job *k, const struct error *e)
{
        k->is_awaited = false;
        k->deps.done(k->deps.owner, e);
}

static void on_late(void *arg)
{
        struct key_job *k = arg;
        struct error e;
        if (!k->is_awaited)
                return;
        (void)identity_cache_report_late(&k->paths, k->timeout_ms, &e);
        (void)hint_stuck(&e);
        answer(k, &e);
}

static void say_end(const struct key_job *k, enum worker_end end, struct error *e)
{
        if (end == WORKER_CANCELLED)
                (void)error_set(e, ERROR_CANCELLED, "cancelled");
        if (end == WORKER_NO_THREAD)
                (void)error_set(e, ERROR_INTERNAL, "cannot start a thread for the private key %s",
                                identity_cache_key(&k->paths));
        if (end != WORKER_STUCK)
                return;
        (void)error_set(e, ERROR_TRANSIENT, "cannot use the private key %s: %s do not answer",
                        identity_cache_key(&k->paths), others_of(k));
        (void)hint_stuck(e);
}

static void on_done(void *arg, enum worker_end end)
{
        struct key_job *k = arg;
        k->is_out = false;
        if (k->is_freed) {
                give_back(k);
                return;
        }
        if (!k->is_awaited) { // late: the next request finds the identity ready
                key_job_forget(k);
                return;
        }
        say_end(k, end, &k->thread.error);
        answer(k, k->thread.error.kind == ERROR_NONE ? NULL : &k->thread.error);
}

struct key_job *key_job_new(const struct key_job_deps *deps)
{
        struct key_job *k = calloc(1, sizeof(*k));
        if (!k)
                return NULL;
        k->deps = *deps;
        buffer_init(&k->url, LIMIT_SIGN_URL);
        buffer_init(&k->body, LIMIT_UPSTREAM_BODY);
        buffer_init(&k->thread.authorization, LIMIT_UPSTREAM_HEADER);
        return k;
}

static int take_request(struct key_job *k, const struct key_request *request)
{
        profile_hold(request->profile);
        profile_release(k->profile);
        k->profile = request->profile;
        k->paths = identity_cache_paths(k->profile);
        k->time_s = request->time_s;
        k->own_s = clock_wall_s(k->deps.clock);
        k->timeout_ms = identity_cache_timeout_ms(k->profile);
        k->thread.error = (struct error){.kind = ERROR_NONE};
        buffer_reset(&k->url);
        buffer_reset(&k->body);
        buffer_reset(&k->thread.authorization);
        return buffer_put(&k->url, request->url) < 0 || buffer_put(&k->body, request->body) < 0 ? -1 : 0;
}

int key_job_sign(struct key_job *k, const struct key_request *request, struct error *e)
{
        assert(!k->is_awaited);
        if (k->is_out) {
                (void)error_set(e, ERROR_TRANSIENT, "the private key %s still does not answer",
                                identity_cache_key(&k->paths));
                return hint_stuck(e);
        }
        if (take_request(k, request) < 0)
                return error_set(e, ERROR_INTERNAL, "out of memory");
        k->is_out = true;
        k->is_awaited = true;
        const struct worker_task task = {.device = device_of(k),
                                         .late_ms = clock_real_ms(k->deps.clock, k->timeout_ms),
                                         .run = run,
                                         .late = on_late,
                                         .done = on_done,
                                         .arg = k};
        workers_start(k->deps.workers, &k->worker, &task);
        return 0;
}

void key_job_cancel(struct key_job *k)
{
        if (k->is_awaited)
                worker_job_cancel(&k->worker);
}

const struct identity_cache *key_job_identity(const struct key_job *k)
{
        return k->is_out ? NULL : &k->thread.identity;
}

struct slice key_job_authorization(const struct key_job *k)
{
        return buffer_slice(&k->thread.authorization);
}

const char *key_job_amz_date(const struct key_job *k)
{
        return k->thread.amz_date;
}

void key_job_forget(struct key_job *k)
{
        if (k->is_out)
                return;
        buffer_free(&k->thread.authorization);
}

void key_job_free(struct key_job *k)
{
        if (!k)
                return;
        assert(!k->is_awaited);
        k->is_freed = true;
        if (!k->is_out)
                give_back(k);
}
