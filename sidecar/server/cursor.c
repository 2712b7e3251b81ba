// SPDX-License-Identifier: Apache-2.0
#include "sidecar/server/cursor.h"

#include <assert.h>
#include <string.h>

#include "sidecar/server/state.h"

const struct server_profile *cursor_next(struct cursor *c, const struct server *s)
{
        if (c->version != s->profiles_version) {
                c->version = s->profiles_version;
                c->next = 0;
                while (c->next < s->profiles_count && strcmp(s->profiles[c->next].name, c->last) <= 0)
                        c->next++;
        }
        if (c->next >= s->profiles_count)
                return NULL;
        const struct server_profile *p = &s->profiles[c->next++];
        size_t n = strlen(p->name);
        assert(n < sizeof(c->last));
        memcpy(c->last, p->name, n + 1);
        return p;
}
