// SPDX-License-Identifier: Apache-2.0
#include "sidecar/app/check.h"

#include "sidecar/config/settings.h"
#include "sidecar/providers/kept_identity.h"
#include "sidecar/signing/x509.h"

static int check_identity(const struct profile *profile, int64_t now_s, struct error *e)
{
        const struct x509_paths paths = kept_identity_paths(profile);
        struct x509_identity *identity = NULL;
        if (x509_identity_load(&paths, now_s, &identity, e) < 0)
                return error_context(e, "profile %s", profile->name);
        x509_identity_free(identity);
        return 0;
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
