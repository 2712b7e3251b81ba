// SPDX-License-Identifier: Apache-2.0
// The sources of credentials, for the registry: one file each.
#ifndef SIDECAR_PROVIDERS_SOURCES_H
#define SIDECAR_PROVIDERS_SOURCES_H

#include "sidecar/providers/provider.h"

extern const struct provider_ops source_assume_role, source_container, source_imds, source_login, source_process,
    source_roles_anywhere, source_secretsmanager, source_sso, source_static, source_web_identity;

// A profile that cannot be used: every fetch fails with its fault.
extern const struct provider_ops source_fault;

#endif
