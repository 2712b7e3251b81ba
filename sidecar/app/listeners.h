// SPDX-License-Identifier: Apache-2.0
// The agent's listening sockets: made here or handed over by the service manager, and unlinked at the end.
#ifndef SIDECAR_APP_LISTENERS_H
#define SIDECAR_APP_LISTENERS_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/mem/must_check.h"
#include "sidecar/base/error.h"
#include "sidecar/config/settings.h"

struct env;
struct listeners;

// Opens every listener of the settings. Descriptors of systemd's socket activation take the place of the first ones of
// their kind (Unix, TCP), in order; a Unix socket for which there is none serves the native API. The texts are copied.
// NULL and *e on failure, with nothing left behind.
MUST_CHECK struct listeners *listeners_open(const struct settings *settings, const struct env *env, struct error *e);

size_t listeners_count(const struct listeners *l);
// The descriptor, which the caller closes. Once only.
MUST_CHECK int listeners_take(struct listeners *l, size_t index);
const struct listener_settings *listeners_get(const struct listeners *l, size_t index);
bool listeners_is_activated(const struct listeners *l, size_t index); // handed over by the service manager

// Whether the listeners are those that `settings`, read anew, ask for. Those that the service manager has handed over
// do not count, but for what they serve.
bool listeners_are_as(const struct listeners *l, const struct settings *settings);

// Removes the socket files that are still ours, closes what was not taken.
void listeners_close(struct listeners *l);

#endif
