// SPDX-License-Identifier: Apache-2.0
#include "sidecar/app/publish.h"

#include "sidecar/server/server.h"

// False: it is not reported to clients.
static bool kind_of(enum vault_event event, enum event_kind *ret)
{
        switch (event) {
        case VAULT_ROTATED:
                *ret = EVENT_ROTATED;
                return true;
        case VAULT_REFRESH_FAILED:
                *ret = EVENT_REFRESH_FAILED;
                return true;
        case VAULT_EXPIRING:
                *ret = EVENT_EXPIRING;
                return true;
        case VAULT_EXPIRED:
                *ret = EVENT_EXPIRED;
                return true;
        case VAULT_REFRESHED: // what clients hold is still what the agent holds
        case VAULT_DROPPED:
        case VAULT_EVENT_COUNT:
                break;
        }
        return false;
}

void publish_vault_event(struct server *server, struct entry *entry, enum vault_event event, const struct error *e)
{
        struct entry_status status;
        enum event_kind kind;
        if (!server || !kind_of(event, &kind))
                return;
        entry_status(entry, &status);
        server_publish(server, &(struct server_event){.kind = kind,
                                                      .profile = entry_name(entry),
                                                      .generation = status.generation,
                                                      .expires_s = status.expires_s,
                                                      .error = e ? e->kind : ERROR_NONE});
}
