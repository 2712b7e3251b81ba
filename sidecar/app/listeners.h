// SPDX-License-Identifier: Apache-2.0
// The agent's listening sockets: made here or handed over by the service manager, and unlinked at the end.
#ifndef SIDECAR_APP_LISTENERS_H
#define SIDECAR_APP_LISTENERS_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/mem/must_check.h"
#include "sidecar/base/error.h"

struct env;
struct listeners;
struct settings;

// Opens every listener of the settings. Descriptors of systemd's socket activation take the place of the first ones,
// in order. The paths are copied. NULL and *e on failure, with nothing left behind.
MUST_CHECK struct listeners *listeners_open(const struct settings *settings, const struct env *env, struct error *e);

size_t listeners_count(const struct listeners *l);
// The descriptor, which the caller closes. Once only.
MUST_CHECK int listeners_take(struct listeners *l, size_t index);
const char *listeners_path(const struct listeners *l, size_t index); // NULL: handed over by the service manager
bool listeners_any_time(const struct listeners *l, size_t index);

// Whether the listeners are those that `settings`, read anew, ask for. Those that the service manager has handed over
// do not count.
bool listeners_are_as(const struct listeners *l, const struct settings *settings);

// Removes the socket files that are still ours, closes what was not taken.
void listeners_close(struct listeners *l);

#endif
