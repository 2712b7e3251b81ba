// SPDX-License-Identifier: Apache-2.0
#include "sidecar/providers/identity_cache.h"

#include "sidecar/config/profile.h"

enum { CLOCKS_DIFFER_S = 60 }; // by more than requests take

enum { TIMEOUT_MS = 20000 };

struct x509_paths identity_cache_paths(const struct profile *profile)
{
        const __typeof__(profile->roles_anywhere) *from = &profile->roles_anywhere;
        return (struct x509_paths){
            .certificate = from->certificate,
            .certificate_chain = from->certificate_chain,
            .private_key = from->private_key,
            .passphrase_file = from->private_key_passphrase_file,
            .pkcs12 = from->pkcs12,
            .pkcs11_module = from->pkcs11_module,
            .passphrase = secret_expose(&from->private_key_passphrase),
        };
}

int64_t identity_cache_timeout_ms(const struct profile *profile)
{
        return profile->read_timeout_ms > 0 ? profile->read_timeout_ms : TIMEOUT_MS;
}

const char *identity_cache_key(const struct x509_paths *paths)
{
        return paths->pkcs12 ? paths->pkcs12 : paths->private_key ? paths->private_key : paths->certificate;
}

int identity_cache_report_late(const struct x509_paths *paths, int64_t timeout_ms, struct error *e)
{
        (void)error_set(e, ERROR_TRANSIENT, "the private key %s did not answer within %lld ms",
                        identity_cache_key(paths), (long long)timeout_ms);
        e->timed_out = true;
        return -1;
}

static bool is_valid(const struct identity_cache *cache, int64_t now_s)
{
        const struct x509_identity *held = cache->x509;
        return held && held->not_after_s >= now_s && (!held->intermediate || held->intermediate_ends_s >= now_s);
}

int identity_cache_renew(struct identity_cache *cache, const struct x509_paths *paths, int64_t now_s, struct error *e)
{
        struct x509_files files;
        struct x509_identity *renewed = NULL;
        struct error why = {.kind = ERROR_NONE};
        x509_files_look(paths, &files); // before reading: a change meanwhile shows the next time
        cache->reload = (struct error){.kind = ERROR_NONE};
        if (is_valid(cache, now_s) && x509_files_equal(&files, &cache->files))
                return 0;
        bool is_refused = cache->refused.kind == ERROR_DENIED && x509_files_equal(&files, &cache->refused_files);
        if (is_refused)
                why = cache->refused;
        if (!is_refused && x509_identity_load(paths, now_s, &renewed, &why) == 0) {
                identity_cache_drop(cache);
                cache->x509 = renewed;
                cache->files = files;
                cache->refused.kind = ERROR_NONE;
                return 0;
        }
        if (why.kind == ERROR_DENIED) {
                cache->refused = why;
                cache->refused_files = files;
        }
        if (is_valid(cache, now_s)) {
                cache->reload = why;
                return 0;
        }
        *e = why;
        return -1;
}

int identity_cache_renew_by_either(struct identity_cache *cache, const struct x509_paths *paths, int64_t service_s,
                                   int64_t own_s, struct error *e)
{
        struct error by_own_clock;
        if (identity_cache_renew(cache, paths, service_s, e) == 0)
                return 0;
        bool is_same_time = service_s - own_s < CLOCKS_DIFFER_S && own_s - service_s < CLOCKS_DIFFER_S;
        if (e->kind != ERROR_CONFIG || is_same_time || identity_cache_renew(cache, paths, own_s, &by_own_clock) < 0)
                return -1;
        *e = (struct error){.kind = ERROR_NONE};
        return 0;
}

int identity_cache_sign(struct identity_cache *cache, const struct x509_request *request, char amz_date[17],
                        struct buffer *out, struct error *e)
{
        if (x509_sign_request_alone(cache->x509, request, amz_date, out, e) == 0)
                return 0;
        if (e->kind == ERROR_DENIED) {
                cache->refused = *e;
                cache->refused_files = cache->files;
        }
        identity_cache_drop(cache);
        return -1;
}

void identity_cache_drop(struct identity_cache *cache)
{
        x509_identity_free(cache->x509);
        cache->x509 = NULL;
}
