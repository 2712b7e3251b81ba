// SPDX-License-Identifier: Apache-2.0
// The chain of sources that AWS SDKs try when no other is configured. The first one that is configured is chosen, at
// load; if that is broken it is an error, never skipped for another identity.
#ifndef SIDECAR_CONFIG_DEFAULT_CHAIN_H
#define SIDECAR_CONFIG_DEFAULT_CHAIN_H

#include "sidecar/config/resolution.h"

// The AWS profile where none is named: that of AWS_DEFAULT_PROFILE or AWS_PROFILE (*ret_variable is the name of the
// variable), or "default" (*ret_variable is NULL).
const char *default_chain_profile(const struct resolution *r, const char **ret_variable);

// Makes *p, of type default_chain, a profile of the first link that applies, with all links up to it in p->chain. The
// files have been read. *ret_is_empty: no link applies, which is an error that names them all.
MUST_CHECK int default_chain_resolve(struct resolution *r, struct profile *p, bool *ret_is_empty);

#endif
