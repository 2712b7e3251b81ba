// SPDX-License-Identifier: Apache-2.0
// Role session names: what AWS accepts, and a default that shows an auditor which profile on which host it was.
#ifndef SIDECAR_CONFIG_SESSION_NAME_H
#define SIDECAR_CONFIG_SESSION_NAME_H

#include <stdbool.h>

#include "proto/mem/slice.h"

#define SESSION_NAME_MAX 64
#define SESSION_NAME_SIZE (SESSION_NAME_MAX + 1)

// 2 to 64 of A-Z a-z 0-9 _ + = , . @ -
bool session_name_is_valid(struct slice name);

// "<profile>@<host>", cleaned and cut to what AWS accepts: first the host's domain goes, then the middle of what is
// too long becomes "..", so that both parts stay recognisable. `host` may be NULL. Always valid and NUL-terminated.
void session_name_default(struct slice profile, const char *host, char out[SESSION_NAME_SIZE]);

#endif
