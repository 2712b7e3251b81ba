// SPDX-License-Identifier: Apache-2.0
#include "sidecar/providers/sso_cache.h"

#include <stdlib.h>

#include "sidecar/config/profile.h"
#include "sidecar/providers/cache_file.h"
#include "sidecar/signing/hex_digest.h"

const char *sso_cache_token_key(const struct profile *p)
{
        return p->sso.session ? p->sso.session : p->sso.start_url;
}

int sso_cache_path(const struct profile *p, struct slice key, char **ret, struct error *e)
{
        char name[SHA1_HEX_SIZE];
        if (!p->sso.cache_directory) {
                (void)error_set(e, ERROR_CONFIG, "the cache of IAM Identity Center tokens: HOME is not set");
                return error_hint(e, "set HOME for the agent: tokens are in $HOME/.aws/sso/cache");
        }
        if (sha1_hex(key, name) < 0)
                return error_set(e, ERROR_INTERNAL, "SHA-1 failed");
        return cache_file_path(p->sso.cache_directory, name, ret, e);
}

int sso_cache_write_token(const struct profile *p, struct slice text, struct error *e)
{
        char *path = NULL;
        int r = sso_cache_path(p, slice_str(sso_cache_token_key(p)), &path, e);
        if (r == 0)
                r = cache_file_write(path, SSO_CACHE_WHAT, text, e);
        free(path);
        return r;
}
