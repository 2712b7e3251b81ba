// SPDX-License-Identifier: Apache-2.0
// A second API, for tests alone: it streams both ways, and answers in all the orders that a handler may.
#ifndef TESTS_UNIT_SERVER_ECHO_H
#define TESTS_UNIT_SERVER_ECHO_H

#include "proto/mem/length.h"
#include "sidecar/server/exchange.h"
#include "sidecar/server/problem.h"

enum { ECHO_BODY_MAX = 64 * 1024 * 1024, ECHO_SPELL_PIECE = 10000 };

struct echo_state {
        size_t n;    // bytes of the body so far
        size_t left; // of what is still to be written
};

// What has happened; the tests reset it.
static struct {
        unsigned begins, ends, aborts, pauses;
} echo_counts;

static inline void echo_begin_answer(struct exchange *x)
{
        exchange_answer_begin(x, &(struct answer){.status = 200, .content_type = "application/octet-stream"});
}

static inline struct echo_state *echo_new(struct exchange *x)
{
        struct echo_state *s = exchange_alloc_state(x, sizeof(*s));
        echo_counts.begins += s != NULL;
        return s;
}

static inline void echo_abort(struct exchange *x)
{
        (void)x;
        echo_counts.aborts++;
}

// --- POST /echo: each piece goes back as it comes ---

static inline void echo_begin(struct exchange *x)
{
        if (echo_new(x))
                echo_begin_answer(x);
}

static inline void echo_piece(struct exchange *x, struct slice piece)
{
        struct echo_state *s = x->handler_state;
        s->n += piece.n;
        if (exchange_answer_write(x, piece))
                return;
        echo_counts.pauses++;
        exchange_pause_body(x);
}

static inline void echo_drain(struct exchange *x)
{
        exchange_resume_body(x);
}

static inline void echo_end(struct exchange *x)
{
        echo_counts.ends++;
        exchange_answer_end(x);
}

// --- POST /count: the length, when all has come ---

static inline void echo_count_begin(struct exchange *x)
{
        (void)!echo_new(x);
}

static inline void echo_count_piece(struct exchange *x, struct slice piece)
{
        ((struct echo_state *)x->handler_state)->n += piece.n;
}

static inline void echo_count_end(struct exchange *x)
{
        char text[32];
        int n = snprintf(text, sizeof(text), "%zu\n", ((struct echo_state *)x->handler_state)->n);
        echo_counts.ends++;
        exchange_answer(
            x, &(struct answer){.status = 200, .content_type = "text/plain", .body = slice_of(text, (size_t)n)});
}

// --- POST /refuse: an answer before the body ---

static inline void echo_refuse(struct exchange *x)
{
        problem_sendf(x, API_TARGET_NOT_ALLOWED, NULL, "no");
}

static inline void echo_ignore(struct exchange *x, struct slice piece)
{
        (void)x;
        (void)piece;
}

// --- GET /spell: a long answer, a piece a turn; /fail: it breaks off after the first ---

static inline void echo_spell_drain(struct exchange *x)
{
        static const uint8_t piece[ECHO_SPELL_PIECE] = {'x'};
        struct echo_state *s = x->handler_state;
        bool is_taken = exchange_answer_write(x, slice_of(piece, sizeof(piece)));
        if (--s->left == 0) {
                echo_counts.ends++;
                exchange_answer_end(x);
        } else if (is_taken) {
                exchange_call_drain(x);
        }
}

static inline void echo_spell(struct exchange *x)
{
        struct echo_state *s = echo_new(x);
        if (!s)
                return;
        s->left = 1000;
        echo_begin_answer(x);
        if (x->is_head)
                exchange_answer_end(x);
        else
                echo_spell_drain(x);
}

static inline void echo_fail(struct exchange *x)
{
        if (!echo_new(x))
                return;
        echo_begin_answer(x);
        (void)!exchange_answer_write(x, SLICE("half"));
        exchange_fail(x);
}

static const struct route echo_routes[] = {
    {.match = ROUTE_EXACT,
     .methods = ROUTE_POST,
     .path = SLICE_INIT("/echo"),
     .body = BODY_STREAM,
     .body_max = ECHO_BODY_MAX,
     .begin = echo_begin,
     .body_piece = echo_piece,
     .body_end = echo_end,
     .drain = echo_drain,
     .abort = echo_abort},
    {.match = ROUTE_PREFIX,
     .methods = ROUTE_GET | ROUTE_POST | ROUTE_DELETE | ROUTE_PUT | ROUTE_ANY,
     .path = SLICE_INIT("/count/"),
     .body = BODY_STREAM,
     .body_max = ECHO_BODY_MAX,
     .begin = echo_count_begin,
     .body_piece = echo_count_piece,
     .body_end = echo_count_end,
     .abort = echo_abort},
    {.match = ROUTE_EXACT,
     .methods = ROUTE_POST,
     .path = SLICE_INIT("/refuse"),
     .body = BODY_STREAM,
     .body_max = ECHO_BODY_MAX,
     .begin = echo_refuse,
     .body_piece = echo_ignore},
    {.match = ROUTE_EXACT,
     .methods = ROUTE_GET,
     .path = SLICE_INIT("/spell"),
     .begin = echo_spell,
     .drain = echo_spell_drain,
     .abort = echo_abort},
    {.match = ROUTE_EXACT,
     .methods = ROUTE_GET,
     .path = SLICE_INIT("/fail"),
     .begin = echo_fail,
     .drain = echo_spell_drain,
     .abort = echo_abort},
};

static const struct api echo_api = {.name = "echo",
                                    .routes = echo_routes,
                                    .routes_count = LENGTH(echo_routes),
                                    .default_wait_ms = 1500,
                                    .send_problem = problem_send_json};

#endif
