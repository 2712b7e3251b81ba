// SPDX-License-Identifier: Apache-2.0
// From a profile's data to its provider: the one place that knows every source.
#ifndef SIDECAR_PROVIDERS_REGISTRY_H
#define SIDECAR_PROVIDERS_REGISTRY_H

#include "sidecar/providers/provider.h"

struct clock;
struct env;
struct http_client;
struct profile;
struct signer;
struct uv_loop_s;

struct provider_deps {
        struct uv_loop_s *loop;
        const struct clock *clock;
        struct http_client *http;
        struct signer *signer;
};

// A provider for `profile` (sidecar/config/profile.h), which it borrows and which must outlive it. `source` is its
// base for a chained type (copied), else NULL. Files that the profile names are read and checked here where that is
// cheap (certificate and key); what cannot work is -1 with *e (ERROR_CONFIG). 0 and *ret, freed by provider_free().
int registry_make(const struct provider_deps *deps, const struct profile *profile,
                  const struct credentials_source *source, struct provider **ret, struct error *e);

#endif
