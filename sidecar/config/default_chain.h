// SPDX-License-Identifier: Apache-2.0
// The chain of sources that AWS SDKs go through when nothing else is said. Whichever is configured first answers, once
// and for all, at load; one that is configured and broken is an error, never passed over for another identity.
#ifndef SIDECAR_CONFIG_DEFAULT_CHAIN_H
#define SIDECAR_CONFIG_DEFAULT_CHAIN_H

#include "sidecar/config/resolution.h"

// The AWS profile that is meant where none is named: AWS_DEFAULT_PROFILE's, AWS_PROFILE's (*ret_variable says which),
// or "default" (*ret_variable is NULL).
const char *default_chain_profile(const struct resolution *r, const char **ret_variable);

// Makes *p, of type default_chain, what the first link that answers says, with all links up to it in p->chain. The
// files have been read. *ret_is_empty: no link answers, which is an error that names them all.
int default_chain_resolve(struct resolution *r, struct profile *p, bool *ret_is_empty);

#endif
