// SPDX-License-Identifier: Apache-2.0
// Profiles and their credentials. GET …/credentials is the hot path: nothing is allocated, formatted or logged there.
#include <stdio.h>

#include "proto/mem/text.h"
#include "proto/wire/credentials.h"
#include "proto/wire/http_whole.h"
#include "proto/wire/json_write.h"
#include "sidecar/server/access.h"
#include "sidecar/server/credentials_reply.h"
#include "sidecar/server/handlers.h"
#include "sidecar/server/metrics.h"
#include "sidecar/server/problem.h"
#include "sidecar/server/profile_json.h"
#include "sidecar/server/query.h"
#include "sidecar/server/reply.h"
#include "sidecar/server/request.h"
#include "sidecar/server/state.h"
#include "sidecar/server/wait_query.h"

void handle_profiles(struct request *r, const struct outcome *o)
{
        (void)o;
        if (query_refuse_all(r))
                return;
        struct buffer *b = reply_body(r);
        json_begin_object(b);
        json_key(b, "profiles");
        json_begin_array(b);
        for (size_t i = 0; i < r->server->profiles_count; i++)
                if (access_may_see(&r->server->profiles[i], &r->peer))
                        profile_json_write(b, &r->server->profiles[i]);
        json_end_array(b);
        json_end_object(b);
        (void)buffer_put_byte(b, '\n');
        reply_send_json(r);
}

static void send_status(struct request *r)
{
        struct buffer *b = reply_body(r);
        profile_json_write(b, r->profile);
        (void)buffer_put_byte(b, '\n');
        reply_send_json(r);
}

void handle_profile(struct request *r, const struct outcome *o)
{
        (void)o;
        if (!query_refuse_all(r))
                send_status(r);
}

// Whether the opaque part of an entity tag names what the entry holds. The generation alone does, too, for clients that
// have it from a status; but it says nothing to an agent that was started since.
static bool is_tag(struct slice opaque, const struct request *r)
{
        const struct entry *entry = r->profile->entry;
        char tag[CREDENTIALS_TAG_SIZE];
        uint64_t number = 0;
        credentials_reply_tag(entry, r->server->deps.run, tag);
        return slice_eq(opaque, slice_str(tag)) ||
               (text_parse_u64(opaque, &number) == 0 && number == entry_generation(entry));
}

// RFC 9110, 13.1.2: a list of entity tags, compared weakly, or "*".
static bool is_known(struct slice tags, const struct request *r)
{
        while (tags.n > 0) {
                struct slice tag = slice_trim(slice_head(tags, slice_find(tags, ',')));
                tags = slice_from(tags, slice_find(tags, ',') + 1);
                if (slice_eq(tag, SLICE("*")))
                        return true;
                if (slice_starts_with(tag, SLICE("W/")))
                        tag = slice_from(tag, 2);
                bool is_quoted = tag.n > 2 && tag.p[0] == '"' && tag.p[tag.n - 1] == '"';
                if (is_quoted && is_tag(slice_of(tag.p + 1, tag.n - 2), r))
                        return true;
        }
        return false;
}

enum { ETAG_SIZE = CREDENTIALS_TAG_SIZE + 16 };

static void write_etag(char out[ETAG_SIZE], const struct request *r)
{
        char tag[CREDENTIALS_TAG_SIZE];
        credentials_reply_tag(r->profile->entry, r->server->deps.run, tag);
        (void)snprintf(out, ETAG_SIZE, "ETag: \"%s\"\r\n", tag);
}

static void send_not_modified(struct request *r)
{
        char etag[ETAG_SIZE];
        write_etag(etag, r);
        reply_send(r, &(struct reply){.status = 304, .headers = etag});
}

// The vault hands out nothing that has expired; whether that holds is counted here, at most once a millisecond.
static void check_life(struct request *r)
{
        struct server *s = r->server;
        uint64_t now_ms = uv_now(s->deps.loop);
        if (now_ms == s->checked_ms)
                return;
        s->checked_ms = now_ms;
        const struct credentials *c = entry_peek(r->profile->entry);
        if (c && c->expires_s <= entry_now_s(r->profile->entry))
                metrics_count_served_expired(s->deps.metrics);
}

static void send_credentials(struct request *r, struct slice ready, size_t body_offset)
{
        check_life(r);
        if (reply_send_ready(r, 200, ready))
                return;
        char etag[ETAG_SIZE];
        write_etag(etag, r);
        reply_send(r, &(struct reply){.status = 200,
                                      .content_type = "application/json",
                                      .headers = etag,
                                      .body = slice_from(ready, body_offset)});
}

void handle_credentials(struct request *r, const struct outcome *o)
{
        struct entry *entry = r->profile->entry;
        int64_t wait_ms = WAIT_UNSAID;
        if (r->query.n > 0 && wait_query_read(r, &wait_ms) < 0)
                return;
        const struct entry_rendering *reply = credentials_reply(entry, r->server->deps.run);
        if (!reply) {
                if (entry_peek(entry))
                        problem_say(r, API_INTERNAL_ERROR, NULL, "out of memory");
                else
                        wait_for_credentials(r, o, wait_ms);
                return;
        }
        struct slice known = http_head_get(r->message->head, SLICE("if-none-match"));
        if (known.n == 0 || !is_known(known, r))
                send_credentials(r, secret_expose(&reply->text), reply->mark);
        else if (!o && wait_ms > 0)
                request_wait(r, VAULT_WANT_NEWER, entry_generation(entry), wait_ms);
        else
                send_not_modified(r);
}

void handle_drop(struct request *r, const struct outcome *o)
{
        (void)o;
        if (query_refuse_all(r))
                return;
        entry_drop(r->profile->entry);
        send_status(r);
}

void handle_refresh(struct request *r, const struct outcome *o)
{
        int64_t wait_ms = WAIT_UNSAID;
        if (wait_query_read(r, &wait_ms) < 0)
                return;
        if (!o)
                request_wait(r, VAULT_WANT_REFRESH, 0, wait_ms == WAIT_UNSAID ? WAIT_DEFAULT_MS : wait_ms);
        else if (o->is_timed_out)
                problem_send(r, &(struct problem){.code = API_UPSTREAM_TIMEOUT,
                                                  .detail = "the refresh did not end in time; it goes on",
                                                  .hint = "ask for the profile's state, or wait longer with "
                                                          "?wait=SECONDS (at most 60)"});
        else if (o->error)
                problem_of_error(r, o->error);
        else
                send_status(r);
}
