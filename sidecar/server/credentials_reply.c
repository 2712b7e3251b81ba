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

enum form { FORM_PROCESS, FORM_CONTAINER };

// `etag` is a whole header line, or empty.
static const struct entry_rendering *keep(struct entry *entry, const char *etag, const struct buffer *body,
                                          enum form form)
{
        struct buffer whole;
        const struct entry_rendering *kept = NULL;
        buffer_init(&whole, LIMIT_HTTP_REPLY);
        int r = buffer_printf(&whole,
                              "HTTP/1.1 200 OK\r\n"
                              "Content-Type: application/json\r\n"
                              "Cache-Control: no-store\r\n"
                              "%s"
                              "Content-Length: %zu\r\n"
                              "\r\n",
                              etag, body->n);
        uint32_t head_n = (uint32_t)whole.n;
        if (r == 0 && buffer_put(&whole, buffer_slice(body)) == 0)
                kept = entry_keep_rendering(entry, buffer_slice(&whole), head_n, form);
        buffer_free(&whole); // wipes
        return kept;
}

static const struct entry_rendering *find(const struct entry *entry, enum form form)
{
        const struct entry_rendering *kept = entry_rendering(entry);
        return kept && kept->form == form ? kept : NULL;
}

const struct entry_rendering *credentials_reply(struct entry *entry, const struct credentials *c, uint32_t run)
{
        const struct entry_rendering *kept = find(entry, FORM_PROCESS);
        struct buffer body;
        char tag[CREDENTIALS_TAG_SIZE], etag[CREDENTIALS_TAG_SIZE + sizeof("ETag: \"\"\r\n")];
        if (kept)
                return kept;
        credentials_reply_tag(entry, run, tag);
        (void)snprintf(etag, sizeof(etag), "ETag: \"%s\"\r\n", tag);
        buffer_init(&body, LIMIT_HTTP_REPLY);
        if (documents_write_process(c, &body) == 0)
                kept = keep(entry, etag, &body, FORM_PROCESS);
        buffer_free(&body); // wipes
        return kept;
}

const struct entry_rendering *credentials_reply_container(struct entry *entry, const struct credentials *c,
                                                          struct slice role_arn)
{
        const struct entry_rendering *kept = find(entry, FORM_CONTAINER);
        struct buffer body;
        if (kept)
                return kept;
        buffer_init(&body, LIMIT_HTTP_REPLY);
        if (documents_write_container(c, role_arn, c->expires_s, &body) == 0)
                kept = keep(entry, "", &body, FORM_CONTAINER);
        buffer_free(&body); // wipes
        return kept;
}

void credentials_reply_check_life(struct exchange *x, const struct entry *entry, const struct credentials *c)
{
        struct server *s = x->server;
        uint64_t now_ms = uv_now(s->deps.loop);
        if (now_ms == s->checked_ms)
                return;
        s->checked_ms = now_ms;
        if (c->expires_s <= entry_now_s(entry))
                metrics_count_served_expired(s->deps.metrics);
}
