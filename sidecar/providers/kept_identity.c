// SPDX-License-Identifier: Apache-2.0
#include "sidecar/providers/kept_identity.h"

#include "sidecar/config/profile.h"

enum { CLOCKS_DIFFER_S = 60 }; // by more than requests take

enum { TIMEOUT_MS = 20000 };

struct x509_paths kept_identity_paths(const struct profile *profile)
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

int64_t kept_identity_timeout_ms(const struct profile *profile)
{
        return profile->read_timeout_ms > 0 ? profile->read_timeout_ms : TIMEOUT_MS;
}

const char *kept_identity_key(const struct x509_paths *paths)
{
        return paths->pkcs12 ? paths->pkcs12 : paths->private_key ? paths->private_key : paths->certificate;
}

int kept_identity_say_late(const struct x509_paths *paths, int64_t timeout_ms, struct error *e)
{
        (void)error_set(e, ERROR_TRANSIENT, "the private key %s did not answer within %lld ms",
                        kept_identity_key(paths), (long long)timeout_ms);
        e->timed_out = true;
        return -1;
}

static bool is_valid(const struct kept_identity *kept, int64_t now_s)
{
        return kept->x509 && kept->x509->not_after_s >= now_s;
}

int kept_identity_renew(struct kept_identity *kept, const struct x509_paths *paths, int64_t now_s, struct error *e)
{
        struct x509_files files;
        struct x509_identity *renewed = NULL;
        struct error why = {.kind = ERROR_NONE};
        x509_files_look(paths, &files); // before reading: a change meanwhile shows the next time
        kept->reload = (struct error){.kind = ERROR_NONE};
        if (is_valid(kept, now_s) && x509_files_equal(&files, &kept->files))
                return 0;
        bool is_refused = kept->refused.kind == ERROR_DENIED && x509_files_equal(&files, &kept->refused_files);
        if (is_refused)
                why = kept->refused;
        if (!is_refused && x509_identity_load(paths, now_s, &renewed, &why) == 0) {
                kept_identity_drop(kept);
                kept->x509 = renewed;
                kept->files = files;
                kept->refused.kind = ERROR_NONE;
                return 0;
        }
        if (why.kind == ERROR_DENIED) {
                kept->refused = why;
                kept->refused_files = files;
        }
        if (is_valid(kept, now_s)) {
                kept->reload = why;
                return 0;
        }
        *e = why;
        return -1;
}

int kept_identity_renew_by_either(struct kept_identity *kept, const struct x509_paths *paths, int64_t service_s,
                                  int64_t own_s, struct error *e)
{
        struct error by_own_clock;
        if (kept_identity_renew(kept, paths, service_s, e) == 0)
                return 0;
        bool is_same_time = service_s - own_s < CLOCKS_DIFFER_S && own_s - service_s < CLOCKS_DIFFER_S;
        if (e->kind != ERROR_CONFIG || is_same_time || kept_identity_renew(kept, paths, own_s, &by_own_clock) < 0)
                return -1;
        *e = (struct error){.kind = ERROR_NONE};
        return 0;
}

int kept_identity_sign(struct kept_identity *kept, const struct x509_request *request, char amz_date[17],
                       struct buffer *out, struct error *e)
{
        if (x509_sign_request_alone(kept->x509, request, amz_date, out, e) == 0)
                return 0;
        if (e->kind == ERROR_DENIED) {
                kept->refused = *e;
                kept->refused_files = kept->files;
        }
        kept_identity_drop(kept);
        return -1;
}

void kept_identity_drop(struct kept_identity *kept)
{
        x509_identity_free(kept->x509);
        kept->x509 = NULL;
}
