// SPDX-License-Identifier: Apache-2.0
// The body of a request for a token, of each kind. Invariants: what is read has the form that its place in a URL needs,
// the URL parses and fits into the room that is kept for it without moving, a refusal says why.
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/mem/buffer.h"
#include "proto/mem/text.h"
#include "proto/wire/json_read.h"
#include "proto/wire/limits.h"
#include "sidecar/server/token_request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_url(const struct token_kind *kind, struct token_request *r, struct buffer *text)
{
        struct error e;
        struct sigv4_url url;
        const uint8_t *before = text->p;
        size_t start = text->n;
        if (r->values[TOKEN_REGION].n == 0)
                r->values[TOKEN_REGION] = SLICE("us-east-1");
        if (kind->type == TOKEN_EKS)
                r->values[TOKEN_HOST] = SLICE("sts.us-east-1.amazonaws.com");
        assert(token_put_url(kind, r->values, text) == 0 && text->p == before && text->n - start < TOKEN_URL_MAX);
        if (sigv4_parse_url(slice_from(buffer_slice(text), start), &url, &e) == 0) // else: an odd host such as "1..2"
                assert(slice_eq(url.path, SLICE("/")) && slice_starts_with(url.query, SLICE("Action=")));
}

static void read(const struct token_kind *kind, struct slice body)
{
        struct json_doc doc;
        struct buffer text;
        struct token_request r;
        struct error e;
        json_doc_init(&doc);
        buffer_init(&text, (size_t)2 * LIMIT_HTTP_BODY);
        if (token_request_read(kind, body, &doc, &text, &r, &e) < 0) {
                assert(e.kind == ERROR_CONFIG && e.message[0]);
        } else {
                assert(r.expires_in_s >= 1 && r.expires_in_s <= kind->life_max_s);
                assert(text_is_all_of(r.values[TOKEN_HOST], "-._") && text_is_all_of(r.values[TOKEN_NAME], "-_"));
                assert(text_is_all_of(r.values[TOKEN_PORT], "") && text_is_all_of(r.values[TOKEN_REGION], "-"));
                check_url(kind, &r, &text);
        }
        json_doc_free(&doc);
        buffer_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        if (size > 16384)
                return 0;
        for (unsigned type = 0; type < TOKEN_TYPES_N; type++)
                read(token_kind_at(type), (struct slice){data, size});
        return 0;
}
