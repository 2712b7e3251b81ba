// SPDX-License-Identifier: Apache-2.0
// The step of a draft that makes profiles concrete: shared_config, default_chain, credential_source and sso_session
// become what the AWS files and the environment say.
#ifndef SIDECAR_CONFIG_RESOLVE_H
#define SIDECAR_CONFIG_RESOLVE_H

#include "sidecar/config/draft.h"

// Appends the profiles that others stand on to d->profiles (and d->nodes), and fills settings.watched. With d->is_zero,
// appends every profile of the AWS files first and decides d->keeps_faults. 0, or -1 with d->reader->e.
int resolve_profiles(struct draft *d);

// Makes *p a profile with the reader's error as its fault. -1 when the error is not about the configuration.
int resolve_to_fault(struct draft *d, struct profile *p);

#endif
