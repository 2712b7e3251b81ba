// SPDX-License-Identifier: Apache-2.0
// Profiles and their credentials. GET …/credentials is the hot path: it allocates, formats and logs nothing.
#include <stdio.h>

#include "proto/mem/text.h"
#include "proto/wire/credentials.h"
#include "proto/wire/http_whole.h"
#include "proto/wire/json_write.h"
#include "sidecar/server/access.h"
#include "sidecar/server/credentials_reply.h"
#include "sidecar/server/exchange.h"
#include "sidecar/server/handlers.h"
#include "sidecar/server/json_answer.h"
#include "sidecar/server/metrics.h"
#include "sidecar/server/problem.h"
#include "sidecar/server/profile_json.h"
#include "sidecar/server/query.h"
#include "sidecar/server/state.h"
#include "sidecar/server/wait_query.h"

static void send_status(struct exchange *x)
{
        struct buffer *b = json_answer_body(x);
        profile_json_write(b, x->profile, x->peer);
        json_answer_send(x);
}

void handle_profile(struct exchange *x)
{
        if (!query_refuse_all(x))
                send_status(x);
}

// Whether the opaque part of an entity tag stands for the entry's credentials. Clients may also send the generation
// alone, from a status; it means nothing after a restart of the agent.
static bool is_tag(struct slice opaque, const struct exchange *x)
{
        const struct entry *entry = x->profile->entry;
        char tag[CREDENTIALS_TAG_SIZE];
        uint64_t number = 0;
        credentials_reply_tag(entry, x->server->deps.run, tag);
        return slice_eq(opaque, slice_str(tag)) ||
               (text_parse_u64(opaque, &number) == 0 && number == entry_generation(entry));
}

// RFC 9110, 13.1.2: a list of entity tags, compared weakly, or "*".
static bool is_known(struct slice tags, const struct exchange *x)
{
        while (tags.n > 0) {
                struct slice tag = slice_trim(slice_head(tags, slice_find(tags, ',')));
                tags = slice_from(tags, slice_find(tags, ',') + 1);
                if (slice_eq(tag, SLICE("*")))
                        return true;
                if (slice_starts_with(tag, SLICE("W/")))
                        tag = slice_from(tag, 2);
                bool is_quoted = tag.n > 2 && tag.p[0] == '"' && tag.p[tag.n - 1] == '"';
                if (is_quoted && is_tag(slice_of(tag.p + 1, tag.n - 2), x))
                        return true;
        }
        return false;
}

static void put_etag(const struct exchange *x, struct buffer *head)
{
        char tag[CREDENTIALS_TAG_SIZE];
        credentials_reply_tag(x->profile->entry, x->server->deps.run, tag);
        (void)buffer_put(head, SLICE("ETag: \""));
        (void)buffer_put_str(head, tag);
        (void)buffer_put(head, SLICE("\"\r\n"));
}

static void send_not_modified(struct exchange *x)
{
        exchange_answer(x, &(struct answer){.status = 304, .put_headers = put_etag});
}

static void send_credentials(struct exchange *x, const struct credentials *c)
{
        const struct entry_rendering *reply = credentials_reply(x->profile->entry, c, x->server->deps.run);
        if (!reply) {
                problem_send_no_memory(x);
                return;
        }
        struct slice whole = secret_expose(&reply->text);
        credentials_reply_check_life(x, x->profile->entry, c);
        exchange_answer(x, &(struct answer){.status = 200,
                                            .content_type = "application/json",
                                            .put_headers = put_etag,
                                            .body = slice_from(whole, reply->mark),
                                            .head_n = reply->mark});
}

// A long poll: keeps the tags, to compare them with whatever generation comes.
static void wait_for_newer(struct exchange *x, struct slice known, int64_t wait_ms)
{
        struct slice *kept = exchange_alloc_state(x, sizeof(*kept));
        if (!kept)
                return;
        *kept = known;
        if (request_arena_keep(&x->arena, kept) < 0) {
                problem_send_no_memory(x);
                return;
        }
        struct entry *entry = x->profile->entry;
        exchange_wait(
            x, entry,
            &(struct wait){.want = VAULT_WANT_NEWER, .after_generation = entry_generation(entry), .ms = wait_ms});
}

void handle_credentials(struct exchange *x)
{
        int64_t wait_ms = WAIT_NOT_GIVEN;
        struct entry *entry = x->profile->entry;
        if (x->query.n > 0 && wait_query_read(x, &wait_ms) < 0)
                return;
        struct slice known = http_head_get(x->head, SLICE("if-none-match"));
        const struct credentials *c = entry_peek(entry);
        bool has_known = known.n > 0 && (c || entry_has_last_resort(entry)) && is_known(known, x);
        if (has_known && !c) // the client has these credentials already: starts a refresh, and waits for newer ones
                exchange_request_fetch(entry);
        if (!c && !has_known)
                wait_for_credentials(x, wait_ms);
        else if (!has_known)
                send_credentials(x, c);
        else if (wait_ms > 0)
                wait_for_newer(x, known, wait_ms);
        else
                send_not_modified(x);
}

void resume_credentials(struct exchange *x, const struct outcome *o)
{
        const struct slice *known = x->handler_state;
        struct entry *entry = x->profile->entry;
        if (known && is_known(*known, x) && (entry_peek(entry) || entry_has_last_resort(entry))) {
                send_not_modified(x);
                return;
        }
        const struct credentials *c = entry_last_resort(entry);
        if (c)
                send_credentials(x, c);
        else
                problem_send_unavailable(x, o);
}

void handle_drop(struct exchange *x)
{
        if (query_refuse_all(x))
                return;
        entry_drop(x->profile->entry);
        web_identity_tokens_drop(x->server, x->profile);
        send_status(x);
}

void handle_refresh(struct exchange *x)
{
        int64_t wait_ms;
        if (wait_query_read(x, &wait_ms) == 0)
                exchange_wait(x, x->profile->entry,
                              &(struct wait){.want = VAULT_WANT_REFRESH, .ms = wait_query_or_default(x, wait_ms)});
}

void resume_refresh(struct exchange *x, const struct outcome *o)
{
        if (o->is_timed_out)
                problem_send(x, &(struct problem){.code = API_UPSTREAM_TIMEOUT,
                                                  .detail = "the refresh did not end in time; it continues",
                                                  .hint = "ask for the profile's state, or wait longer with "
                                                          "?wait=SECONDS (at most 60)"});
        else if (o->error)
                problem_send_error(x, o->error);
        else
                send_status(x);
}
