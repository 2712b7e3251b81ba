// SPDX-License-Identifier: Apache-2.0
// Over TCP the caller proves itself by the token; on a Unix socket the kernel tells who it is.
#include "sidecar/server/api_container.h"

#include "proto/mem/length.h"
#include "proto/mem/secret.h"
#include "proto/wire/credentials.h"
#include "proto/wire/documents.h"
#include "proto/wire/limits.h"
#include "sidecar/base/allow.h"
#include "sidecar/server/credentials_reply.h"
#include "sidecar/server/exchange.h"
#include "sidecar/server/json_answer.h"
#include "sidecar/server/listener.h"
#include "sidecar/server/origin_check.h"
#include "sidecar/server/problem.h"
#include "sidecar/server/server.h"
#include "sidecar/server/wait_query.h"
#include "sidecar/vault/vault.h"

// What SDKs get as the end of credentials that never expire; they ask again before that.
enum { NEVER_S = 3600 };

// One header Authorization, exactly the token.
static bool has_token(const struct exchange *x)
{
        struct slice token = secret_expose(x->listener->token);
        unsigned count = 0;
        bool is_right = token.n > 0;
        for (size_t i = 0; i < x->head->headers_count; i++) {
                if (!slice_eq_ignore_case(x->head->headers[i].name, SLICE("authorization")))
                        continue;
                count++;
                is_right = slice_eq_constant_time(x->head->headers[i].value, token) && is_right;
        }
        return count == 1 && is_right;
}

static bool admit(struct exchange *x)
{
        if (!origin_check_admit(x))
                return false;
        if (!listener_is_tcp(x->listener) || (x->listener->token && has_token(x)))
                return true;
        problem_sendf(x, API_TOKEN_REQUIRED,
                      "set AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE to the listener's \"authorization_token_file\"",
                      "the header Authorization is missing or wrong");
        return false;
}

// The end of such moves with the clock, so that the document is another each second.
static void send_never_expiring(struct exchange *x, const struct credentials *c)
{
        struct buffer *b = json_answer_fast_body(x);
        int64_t ends_s = entry_now_s(x->profile->entry) + NEVER_S;
        (void)!documents_write_container(c, slice_str(x->profile->role_arn), ends_s,
                                         b); // the buffer says if it is full
        json_answer_send_fast(x);
}

static void send_credentials(struct exchange *x, const struct credentials *c)
{
        if (c->expires_s == CREDENTIALS_NEVER_EXPIRE) {
                send_never_expiring(x, c);
                return;
        }
        const struct entry_rendering *reply =
            credentials_reply_container(x->profile->entry, c, slice_str(x->profile->role_arn));
        if (!reply) {
                problem_send_no_memory(x);
                return;
        }
        credentials_reply_check_life(x, x->profile->entry, c);
        struct slice whole = secret_expose(&reply->text);
        exchange_answer(x, &(struct answer){.status = 200,
                                            .content_type = "application/json",
                                            .body = slice_from(whole, reply->mark),
                                            .head_n = reply->mark});
}

static void handle(struct exchange *x)
{
        const struct credentials *c = entry_peek(x->profile->entry);
        if (query_refuse_all(x))
                return;
        if (c)
                send_credentials(x, c);
        else
                wait_for_credentials(x, WAIT_NOT_GIVEN);
}

static void resume(struct exchange *x, const struct outcome *o)
{
        const struct credentials *c = entry_last_resort(x->profile->entry);
        if (c)
                send_credentials(x, c);
        else
                problem_send_unavailable(x, o);
}

#define TO_CREDENTIALS(kind, text)                                                                                     \
        {                                                                                                              \
                .match = (kind), .methods = ROUTE_GET, .path = SLICE_INIT(text), .scope = ALLOW_CREDENTIALS,           \
                .body_max = LIMIT_HTTP_BODY, .begin = handle, .resume = resume                                         \
        }

static const struct route routes[] = {
    TO_CREDENTIALS(ROUTE_PROFILE, "/v1/container/"),
    TO_CREDENTIALS(ROUTE_DEFAULT, "/"),
};

const struct api api_container = {
    .name = "container",
    .routes = routes,
    .routes_count = LENGTH(routes),
    .paths_hint = "ask for /v1/container/PROFILE, or set \"profile\" for the listener and ask for /",
    .default_wait_ms = 1500, // most SDKs give up after 2 s
    .admit = admit,
    .send_problem = problem_send_short,
};
