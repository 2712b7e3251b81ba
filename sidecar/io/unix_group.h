// SPDX-License-Identifier: Apache-2.0
// Groups by name or number.
#ifndef SIDECAR_IO_UNIX_GROUP_H
#define SIDECAR_IO_UNIX_GROUP_H

#include <sys/types.h>

#include "sidecar/base/error.h"

// A number is taken as it is, without asking the system's name services. 0, or -1 with *e (ERROR_CONFIG).
int unix_group_find(const char *group, gid_t *ret, struct error *e);

#endif
