// SPDX-License-Identifier: Apache-2.0
#include "sidecar/server/credentials_reply.h"

#include <inttypes.h>
#include <stdio.h>

#include "proto/wire/documents.h"
#include "proto/wire/limits.h"
#include "sidecar/server/exchange.h"
#include "sidecar/server/metrics.h"
#include "sidecar/server/state.h"
#include "sidecar/vault/vault.h"

void credentials_reply_tag(const struct entry *entry, uint32_t run, char out[CREDENTIALS_TAG_SIZE])
{
        int n = snprintf(out, CREDENTIALS_TAG_SIZE, "%" PRIu64, entry_generation(entry));
        if (run && n > 0)
                (void)snprintf(out + n, CREDENTIALS_TAG_SIZE - (size_t)n, "-%08" PRIx32, run);
}

static const struct entry_rendering *render(struct entry *entry, const struct credentials *c, uint32_t run)
{
        struct buffer body, whole;
        char tag[CREDENTIALS_TAG_SIZE];
        const struct entry_rendering *kept = NULL;
        credentials_reply_tag(entry, run, tag);
        buffer_init(&body, LIMIT_HTTP_REPLY);
        buffer_init(&whole, LIMIT_HTTP_REPLY);
        int r = documents_write_process(c, &body);
        if (r == 0)
                r = buffer_printf(&whole,
                                  "HTTP/1.1 200 OK\r\n"
                                  "Content-Type: application/json\r\n"
                                  "Cache-Control: no-store\r\n"
                                  "ETag: \"%s\"\r\n"
                                  "Content-Length: %zu\r\n"
                                  "\r\n",
                                  tag, body.n);
        size_t head_n = whole.n;
        if (r == 0 && buffer_put(&whole, buffer_slice(&body)) == 0)
                kept = entry_keep_rendering(entry, buffer_slice(&whole), head_n);
        buffer_free(&body); // both wipe
        buffer_free(&whole);
        return kept;
}

const struct entry_rendering *credentials_reply(struct entry *entry, const struct credentials *c, uint32_t run)
{
        const struct entry_rendering *kept = entry_rendering(entry);
        return kept ? kept : render(entry, c, run);
}

void credentials_reply_check_life(struct exchange *x, const struct credentials *c)
{
        struct server *s = x->server;
        uint64_t now_ms = uv_now(s->deps.loop);
        if (now_ms == s->checked_ms)
                return;
        s->checked_ms = now_ms;
        if (c->expires_s <= entry_now_s(x->profile->entry))
                metrics_count_served_expired(s->deps.metrics);
}
