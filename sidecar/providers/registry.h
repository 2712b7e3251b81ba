// SPDX-License-Identifier: Apache-2.0
// From a profile's data to its provider: the one place that knows every source.
#ifndef SIDECAR_PROVIDERS_REGISTRY_H
#define SIDECAR_PROVIDERS_REGISTRY_H

#include "sidecar/providers/provider.h"

// A provider for `profile` (sidecar/config/profile.h), of which it takes a reference. `source` is its base for a
// chained type (copied), else NULL. No file that the profile names is read here but at every fetch (those of
// an X.509 identity when they have changed), so that a bad one is an error of that profile alone, and can be corrected
// without a restart. 0 and *ret, freed by provider_free(); or -1 with *e: out of memory, or a chained type without a
// source.
MUST_CHECK int registry_make(const struct provider_deps *deps, const struct profile *profile,
                             const struct credentials_source *source, struct provider **ret, struct error *e);

#endif
