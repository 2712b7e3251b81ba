// SPDX-License-Identifier: Apache-2.0
// A session of `aws login`: where its file is, and what is known of the endpoint. The file may name a region of its own
// for that, so the rest is left to whoever reads it.
#include "sidecar/config/derive.h"

#include "proto/mem/buffer.h"
#include "sidecar/base/env.h"

#define VARIABLE "AWS_LOGIN_CACHE_DIRECTORY"
enum { PATH_SIZE = 4096 };

static int derive_cache_directory(struct derivation *d, struct profile *p)
{
        const char *home = env_get(d->env, "HOME");
        const char *named = env_get(d->env, VARIABLE);
        struct buffer path;
        if (p->login.cache_directory || (!home && !named)) // without a home the profile's fetches say so
                return 0;
        buffer_init(&path, PATH_SIZE);
        if (!named)
                (void)buffer_printf(&path, "%s/.aws/login/cache", home);
        else if (home && slice_starts_with(slice_str(named), SLICE("~/")))
                (void)buffer_printf(&path, "%s%s", home, named + 1);
        else
                (void)buffer_put_str(&path, named);
        struct reader here = *d->reader;
        here.directory = d->working_directory;
        int r;
        if (path.no_memory)
                r = reader_no_memory(d->reader);
        else if (path.failed)
                r = error_set(d->reader->e, ERROR_CONFIG, "environment: %s: is too long", named ? VARIABLE : "HOME");
        else
                r = reader_keep_path(&here, buffer_slice(&path), &p->login.cache_directory);
        buffer_free(&path);
        return r;
}

int derive_login(struct derivation *d, size_t node, struct profile *p)
{
        struct derive_choice choice;
        p->issuer_region = p->region; // which of STS it would ask has no part in this
        const struct derive_endpoint of = {ENDPOINTS_SIGNIN,       "region",         &p->issuer_region,
                                           p->shared_endpoint_url, &p->endpoint_url, &choice};
        if (derive_cache_directory(d, p) < 0 || derive_endpoint(d, node, p, &of) < 0)
                return -1;
        p->login.has_custom_endpoint = choice.is_custom;
        p->login.variant = choice.variant;
        p->aws_partition = choice.partition;
        return 0;
}
