// SPDX-License-Identifier: Apache-2.0
// The constructors of the sources, for the registry: one file each. 0 and *ret, or -1 with *e.
#ifndef SIDECAR_PROVIDERS_SOURCES_H
#define SIDECAR_PROVIDERS_SOURCES_H

#include "sidecar/providers/registry.h"

int provider_assume_role_new(const struct provider_deps *deps, const struct profile *profile,
                             const struct credentials_source *source, struct provider **ret, struct error *e);
int provider_web_identity_new(const struct provider_deps *deps, const struct profile *profile, struct provider **ret,
                              struct error *e);
int provider_roles_anywhere_new(const struct provider_deps *deps, const struct profile *profile, struct provider **ret,
                                struct error *e);
int provider_static_new(const struct provider_deps *deps, const struct profile *profile, struct provider **ret,
                        struct error *e);

// `source`: base credentials, for keys from Secrets Manager; else NULL.
int provider_secretsmanager_new(const struct provider_deps *deps, const struct profile *profile,
                                const struct credentials_source *source, struct provider **ret, struct error *e);
int provider_container_new(const struct provider_deps *deps, const struct profile *profile, struct provider **ret,
                           struct error *e);
int provider_imds_new(const struct provider_deps *deps, const struct profile *profile, struct provider **ret,
                      struct error *e);
int provider_process_new(const struct provider_deps *deps, const struct profile *profile, struct provider **ret,
                         struct error *e);
int provider_sso_new(const struct provider_deps *deps, const struct profile *profile, struct provider **ret,
                     struct error *e);
int provider_login_new(const struct provider_deps *deps, const struct profile *profile, struct provider **ret,
                       struct error *e);
// A profile that cannot be used: every fetch fails with its fault.
int provider_fault_new(const struct provider_deps *deps, const struct profile *profile, struct provider **ret,
                       struct error *e);

#endif
