// SPDX-License-Identifier: Apache-2.0
// The step of a draft that makes profiles concrete: shared_config, default_chain, credential_source and sso_session
// become what the AWS files and the environment configure.
#ifndef SIDECAR_CONFIG_RESOLVE_H
#define SIDECAR_CONFIG_RESOLVE_H

#include "sidecar/config/draft.h"

// Appends the sources of others (implied profiles) to the draft, and fills settings.watched. With d->is_zero, appends
// every profile of the AWS files first and decides d->keeps_faults. 0, or -1 with d->reader->e.
MUST_CHECK int resolve_profiles(struct draft *d);

#endif
