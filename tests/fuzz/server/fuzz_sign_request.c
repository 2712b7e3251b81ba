// SPDX-License-Identifier: Apache-2.0
// The body of an order to sign. Invariants: what is read lies in the body or in the decoded texts, counts stay under
// their limits, a refusal says why, and /presign accepts whatever /sign does. A message of an event stream likewise.
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/mem/buffer.h"
#include "proto/wire/json_read.h"
#include "sidecar/server/sign_request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_slice(struct slice s, struct slice body, const struct buffer *text)
{
        if (s.n == 0)
                return;
        bool in_body = s.p >= body.p && s.p + s.n <= body.p + body.n;
        bool in_text = text->p && s.p >= text->p && s.p + s.n <= text->p + text->n;
        assert(in_body || in_text);
}

static int read(struct slice body, enum sign_kind kind, struct json_doc *doc, struct buffer *text)
{
        struct sign_request order;
        struct error e;
        if (sign_request_read(body, kind, doc, text, &order, &e) < 0) {
                assert(e.kind == ERROR_CONFIG && e.message[0]);
                return -1;
        }
        assert(order.method.n > 0 && order.url.n > 0 && order.headers_count <= LIMIT_SIGN_HEADERS_N);
        if (kind != SIGN_EVENT) // it is POST
                check_slice(order.method, body, text);
        check_slice(order.url, body, text);
        check_slice(order.service, body, text);
        check_slice(order.region, body, text);
        check_slice(order.payload, body, text);
        for (size_t i = 0; i < order.headers_count; i++) {
                check_slice(order.headers[i].name, body, text);
                check_slice(order.headers[i].value, body, text);
        }
        for (size_t i = 0; order.payload_kind == PAYLOAD_HASH && i < sizeof(order.payload_hash); i++) {
                char c = order.payload_hash[i];
                assert((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'));
        }
        for (size_t i = 0; kind == SIGN_EVENT && i < sizeof(order.prior_signature); i++) {
                char c = order.prior_signature[i];
                assert((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'));
        }
        assert(order.date_ms >= 0 && order.date_ms / 1000 <= 253402300799 && order.generation >= 0);
        assert(order.expires_in_s >= 1 && order.expires_in_s <= LIMIT_PRESIGN_EXPIRES_S);
        return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct json_doc doc;
        struct buffer text;
        struct slice body = {data, size};
        if (size > LIMIT_HTTP_BODY)
                return 0;
        json_doc_init(&doc);
        buffer_init(&text, (size_t)2 * LIMIT_HTTP_BODY);
        int signs = read(body, SIGN_HEADERS, &doc, &text);
        buffer_reset(&text);
        int presigns = read(body, SIGN_URL, &doc, &text);
        buffer_reset(&text);
        (void)read(body, SIGN_EVENT, &doc, &text);
        assert(signs < 0 || presigns == 0);
        json_doc_free(&doc);
        buffer_free(&text);
        return 0;
}
