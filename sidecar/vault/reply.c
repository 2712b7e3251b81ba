// SPDX-License-Identifier: Apache-2.0
// The reply to GET …/credentials, whole, as it goes over the wire: rendered once a generation, at its first request.
#include "sidecar/vault/entry.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "proto/mem/buffer.h"
#include "proto/mem/secret_pool.h"
#include "proto/wire/documents.h"
#include "proto/wire/limits.h"

void entry_tag(const struct entry *e, char out[ENTRY_TAG_SIZE])
{
        uint32_t run = e->vault->deps.run;
        int n = snprintf(out, ENTRY_TAG_SIZE, "%" PRIu64, e->generation);
        if (run && n > 0)
                (void)snprintf(out + n, ENTRY_TAG_SIZE - (size_t)n, "-%08" PRIx32, run);
}

static int put_head(const struct entry *e, struct buffer *out, size_t body_n)
{
        char tag[ENTRY_TAG_SIZE];
        entry_tag(e, tag);
        return buffer_printf(out,
                             "HTTP/1.1 200 OK\r\n"
                             "Content-Type: application/json\r\n"
                             "Cache-Control: no-store\r\n"
                             "ETag: \"%s\"\r\n"
                             "Content-Length: %zu\r\n"
                             "\r\n",
                             tag, body_n);
}

static int keep(struct entry *e, struct slice text)
{
        uint8_t *p = secret_pool_alloc(text.n);
        if (!p)
                return -1;
        memcpy(p, text.p, text.n);
        e->reply = (struct secret){p, text.n};
        return 0;
}

void reply_forget(struct entry *e)
{
        secret_pool_release(e->reply.p, e->reply.n);
        e->reply = (struct secret){0};
}

int reply_render(struct entry *e)
{
        struct buffer body, whole;
        buffer_init(&body, LIMIT_HTTP_REPLY);
        buffer_init(&whole, LIMIT_HTTP_REPLY);
        int r = documents_write_process(e->credentials, &body);
        if (r == 0)
                r = put_head(e, &whole, body.n);
        size_t head_n = whole.n;
        if (r == 0)
                r = buffer_put(&whole, buffer_slice(&body));
        if (r == 0)
                r = keep(e, buffer_slice(&whole));
        if (r == 0)
                e->reply_body_offset = (uint32_t)head_n;
        buffer_free(&body); // both wipe
        buffer_free(&whole);
        return r < 0 ? -1 : 0;
}
