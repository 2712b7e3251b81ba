// SPDX-License-Identifier: Apache-2.0
// Which profile stands behind which entry of the vault: built from the settings at start, and anew at every reload, at
// which profiles whose identity is unchanged keep their entry and so their credentials.
#ifndef SIDECAR_APP_ROSTER_H
#define SIDECAR_APP_ROSTER_H

#include "sidecar/base/error.h"
#include "sidecar/providers/registry.h"

struct roster;
struct server;
struct settings;
struct vault;

struct roster_deps {
        struct vault *vault;
        struct server *server;
        struct provider_deps providers;
};

struct roster *roster_new(const struct roster_deps *deps);

// Takes over `settings`, also on failure: makes what is new, keeps what is the same, retires the rest, and gives the
// server its new table. On failure the profiles in force stay as they are: -1 and *e.
int roster_apply(struct roster *r, struct settings *settings, struct error *e);

// After the vault and the server are closed.
void roster_free(struct roster *r);

#endif
