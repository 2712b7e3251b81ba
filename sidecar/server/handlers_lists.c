// SPDX-License-Identifier: Apache-2.0
// Answers that grow with the number of profiles. They are made and sent in pieces, one in each turn of the loop, so
// that they do not delay other requests and need the memory of one piece only. An answer that fits into the first piece
// is sent whole, with its length.
#include "proto/mem/buffer.h"
#include "proto/wire/json_write.h"
#include "sidecar/server/access.h"
#include "sidecar/server/exchange.h"
#include "sidecar/server/handlers.h"
#include "sidecar/server/json_answer.h"
#include "sidecar/server/listener.h"
#include "sidecar/server/metrics.h"
#include "sidecar/server/problem.h"
#include "sidecar/server/profile_json.h"
#include "sidecar/server/state.h"
#include "sidecar/server/wait_query.h"

enum { PIECE_SIZE = 16 * 1024, ROWS_A_TURN = 200 };

struct list {
        bool has_begun; // the answer
        bool has_rows;  // of the profiles
        struct cursor profiles;
        struct metrics_place metrics;
};

struct list_kind {
        const char *content_type;
        bool (*put_row)(struct exchange *x, struct list *list, struct buffer *b); // false: that was the last
};

static void send_piece(struct exchange *x, const struct list_kind *kind)
{
        struct list *list = x->handler_state;
        struct buffer *b = json_answer_body(x);
        struct answer answer = {.status = 200, .content_type = kind->content_type};
        bool has_more = true;
        for (unsigned rows = 0; has_more && rows < ROWS_A_TURN && b->n < PIECE_SIZE; rows++)
                has_more = kind->put_row(x, list, b);
        if (b->failed && list->has_begun) {
                exchange_fail(x);
        } else if (b->failed) {
                problem_send_no_memory(x);
        } else if (!has_more && !list->has_begun) {
                answer.body = buffer_slice(b);
                exchange_answer(x, &answer);
        } else {
                if (!list->has_begun)
                        exchange_answer_begin(x, &answer);
                list->has_begun = true;
                bool is_taken = exchange_answer_write(x, buffer_slice(b));
                if (!has_more)
                        exchange_answer_end(x);
                else if (is_taken)
                        exchange_call_drain(x);
        }
}

// HEAD renders nothing.
static void begin(struct exchange *x, const struct list_kind *kind)
{
        if (x->is_head) {
                exchange_answer_begin(x, &(struct answer){.status = 200, .content_type = kind->content_type});
                exchange_answer_end(x);
        } else if (exchange_alloc_state(x, sizeof(struct list))) {
                send_piece(x, kind);
        }
}

// --- GET /v1/profiles ---

// The configuration limits how many there are.
static void put_listeners(const struct server *s, struct buffer *b)
{
        json_key(b, "listeners");
        json_begin_array(b);
        for (const struct listener *l = s->listeners; l; l = l->next)
                listener_write_json(l, b);
        json_end_array(b);
}

static bool put_profile(struct exchange *x, struct list *list, struct buffer *b)
{
        const struct server_profile *p = cursor_next(&list->profiles, x->server);
        if (!list->has_begun && b->n == 0)
                (void)buffer_put(b, SLICE("{\"profiles\":["));
        if (!p) {
                (void)buffer_put_byte(b, ']');
                put_listeners(x->server, b);
                (void)buffer_put(b, SLICE("}\n"));
                return false;
        }
        if (!access_may_see(p, x->peer))
                return true;
        if (list->has_rows) // the JSON writer looks for the previous element, which may have been sent
                (void)buffer_put_byte(b, ',');
        list->has_rows = true;
        profile_json_write(b, p, x->peer);
        return true;
}

static const struct list_kind profiles = {"application/json", put_profile};

void handle_profiles(struct exchange *x)
{
        if (!query_refuse_all(x))
                begin(x, &profiles);
}

void drain_profiles(struct exchange *x)
{
        send_piece(x, &profiles);
}

// --- GET /metrics ---

static bool put_metrics(struct exchange *x, struct list *list, struct buffer *b)
{
        return metrics_write_next(x->server, x->peer, &list->metrics, b);
}

static const struct list_kind metrics = {"text/plain; version=0.0.4; charset=utf-8", put_metrics};

void handle_metrics(struct exchange *x)
{
        begin(x, &metrics);
}

void drain_metrics(struct exchange *x)
{
        send_piece(x, &metrics);
}
