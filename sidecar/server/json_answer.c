// SPDX-License-Identifier: Apache-2.0
#include "sidecar/server/json_answer.h"

#include "proto/mem/time.h"
#include "proto/wire/json_write.h"
#include "sidecar/server/exchange.h"
#include "sidecar/server/http1_head.h"
#include "sidecar/server/problem.h"
#include "sidecar/server/state.h"

struct buffer *json_answer_body(struct exchange *x)
{
        struct buffer *b = &x->server->body;
        buffer_reset(b);
        return b;
}

static void send_scratch(struct exchange *x, size_t headroom)
{
        struct buffer *b = &x->server->body;
        if (b->failed)
                problem_send_no_memory(x);
        else
                exchange_answer(x, &(struct answer){.status = 200,
                                                    .content_type = "application/json",
                                                    .body = slice_from(buffer_slice(b), headroom),
                                                    .headroom = headroom});
}

void json_answer_send(struct exchange *x)
{
        (void)buffer_put_byte(&x->server->body, '\n');
        send_scratch(x, 0);
}

void json_answer_send_object(struct exchange *x)
{
        json_end_object(&x->server->body);
        json_answer_send(x);
}

void json_answer_put_time(struct buffer *b, const char *key, int64_t time_s)
{
        char text[TIME_RFC3339_SIZE];
        json_key(b, key);
        if (time_s > 0 && time_format_rfc3339(time_s, text) == 0)
                json_put_string(b, slice_str(text));
        else
                json_put_null(b);
}

struct buffer *json_answer_fast_body(struct exchange *x)
{
        struct buffer *b = json_answer_body(x);
        uint8_t *headroom = buffer_reserve(b, HTTP1_HEAD_CAPACITY);
        if (headroom) {
                headroom[HTTP1_HEAD_CAPACITY - 1] = ' '; // the JSON writer looks at the last byte
                buffer_commit(b, HTTP1_HEAD_CAPACITY);
        }
        return b;
}

void json_answer_send_fast(struct exchange *x)
{
        send_scratch(x, HTTP1_HEAD_CAPACITY);
}
