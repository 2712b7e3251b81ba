// SPDX-License-Identifier: Apache-2.0
// Passes on to the server's streams of events what happens in the vault.
#ifndef SIDECAR_APP_PUBLISH_H
#define SIDECAR_APP_PUBLISH_H

#include "sidecar/vault/vault.h"

struct server;

// Events of the vault that clients have no use for are left out. `e` as in struct vault_observer. `server` NULL: there
// is none (yet).
void publish_vault_event(struct server *server, struct entry *entry, enum vault_event event, const struct error *e);

#endif
