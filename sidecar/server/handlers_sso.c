// SPDX-License-Identifier: Apache-2.0
// What a user of IAM Identity Center may use: a page of accounts, or of an account's roles, by the profile's login.
#include "proto/mem/text.h"
#include "sidecar/base/allow.h"
#include "sidecar/server/access.h"
#include "sidecar/server/exchange.h"
#include "sidecar/server/handlers.h"
#include "sidecar/server/json_answer.h"
#include "sidecar/server/problem.h"
#include "sidecar/server/query.h"
#include "sidecar/server/state.h"

enum { ACCOUNT_DIGITS = 12 };

struct list_state {
        struct exchange *exchange;
        void *job; // NULL: it has ended
        struct slice page;
        struct error error;
};

static void refuse(struct exchange *x, const char *hint, const char *detail)
{
        problem_sendf(x, API_INVALID_REQUEST, hint, "%s", detail);
}

static bool is_account_id(struct slice s)
{
        for (size_t i = 0; i < s.n; i++)
                if (s.p[i] < '0' || s.p[i] > '9')
                        return false;
        return s.n == ACCOUNT_DIGITS;
}

// 0, or -1: answered. The slices point into the server's scratch.
static int read_query(struct exchange *x, bool wants_roles, struct sso_list_request *ret)
{
        struct slice rest = x->query;
        struct query_parameter p;
        struct buffer *text = &x->server->text;
        *ret = (struct sso_list_request){.account_id = {NULL, 0}};
        if (!buffer_reserve(text, x->query.n + 1)) { // it does not move
                problem_send_no_memory(x);
                return -1;
        }
        while (query_next(&rest, &p)) {
                size_t start = text->n;
                bool is_account = wants_roles && slice_eq(p.name, SLICE("account_id"));
                if ((!is_account && !slice_eq(p.name, SLICE("next_token"))) || text_percent_decode(p.value, text) < 0) {
                        refuse(x, wants_roles ? "give account_id, and next_token" : "give next_token, or nothing",
                               "unknown or malformed parameter");
                        return -1;
                }
                *(is_account ? &ret->account_id : &ret->next_token) = slice_from(buffer_slice(text), start);
        }
        if (!wants_roles || is_account_id(ret->account_id))
                return 0;
        refuse(x, "give ?account_id=123456789012", "account_id is missing, or not twelve digits");
        return -1;
}

static void release(struct exchange *x)
{
        account_lower(x->account, USER_WAITS, x->account->held[USER_WAITS] - 1);
}

static void on_page(void *arg, struct slice json, const struct error *e)
{
        struct list_state *state = arg;
        struct exchange *x = state->exchange;
        state->job = NULL;
        state->page = json;
        if (e)
                state->error = *e;
        else if (request_arena_keep(&x->arena, &state->page) < 0)
                (void)error_set(&state->error, ERROR_INTERNAL, "out of memory");
        exchange_call_drain(x);
}

static void begin(struct exchange *x, bool wants_roles)
{
        struct sso_list_request request;
        struct error e;
        const struct server_sso *sso = &x->server->sso;
        if (read_query(x, wants_roles, &request) < 0)
                return;
        struct list_state *state = exchange_alloc_state(x, sizeof(*state));
        if (!state)
                return;
        if (!account_set(x->account, USER_WAITS, x->account->held[USER_WAITS] + 1)) {
                problem_send_too_many(x, "too many requests of this uid are waiting");
                return;
        }
        state->exchange = x;
        state->job = sso->start(sso->context, x->profile, &request, on_page, state, &e);
        if (state->job)
                return; // `drain` follows
        release(x);
        if (e.kind == ERROR_CONFIG)
                refuse(x, "name a profile of type sso", e.message);
        else
                problem_send_error(x, &e);
}

void handle_sso_accounts(struct exchange *x)
{
        begin(x, false);
}

void handle_sso_roles(struct exchange *x)
{
        begin(x, true);
}

void drain_sso_list(struct exchange *x)
{
        const struct list_state *state = x->handler_state;
        if (state->job) // not yet
                return;
        release(x);
        if (!x->profile || !access_may(x->profile, x->peer, ALLOW_CREDENTIALS)) {
                problem_send(x, &(struct problem){.code = API_PROFILE_NOT_FOUND,
                                                  .detail = "the profile was removed or closed meanwhile",
                                                  .hint = "GET /v1/profiles lists the profiles"});
                return;
        }
        if (state->error.kind != ERROR_NONE) {
                problem_send_error(x, &state->error);
                return;
        }
        (void)buffer_put(json_answer_body(x), state->page);
        json_answer_send(x);
}

void abort_sso_list(struct exchange *x)
{
        const struct list_state *state = x->handler_state;
        if (!state)
                return;
        if (state->job)
                x->server->sso.cancel(state->job);
        release(x);
}
