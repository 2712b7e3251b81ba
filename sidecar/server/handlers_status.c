// SPDX-License-Identifier: Apache-2.0
// The agent's own state: alive, ready, metrics, version. Whoever can connect may ask.
#include "proto/mem/length.h"
#include "proto/mem/text.h"
#include "proto/wire/json_write.h"
#include "proto/wire/limits.h"
#include "sidecar/server/access.h"
#include "sidecar/server/handlers.h"
#include "sidecar/server/metrics.h"
#include "sidecar/server/problem.h"
#include "sidecar/server/query.h"
#include "sidecar/server/reply.h"
#include "sidecar/server/request.h"
#include "sidecar/server/state.h"
#include "sidecar/server/wait_query.h"

enum { DETAIL_MAX = 900, READY_RETRY_S = 1 };

void handle_livez(struct request *r, const struct outcome *o)
{
        (void)o;
        struct buffer *b = reply_body(r);
        json_begin_object(b);
        json_member_bool(b, "alive", true);
        json_end_object(b);
        (void)buffer_put_byte(b, '\n');
        reply_send_json(r);
}

void handle_version(struct request *r, const struct outcome *o)
{
        static const char *const features[] = {"credentials", "sigv4", "presign", "refresh", "metrics"};
        (void)o;
        struct buffer *b = reply_body(r);
        json_begin_object(b);
        json_member(b, "name", SLICE("keyfob"));
        json_member(b, "version", SLICE(KEYFOB_VERSION));
        json_key(b, "api_versions");
        json_begin_array(b);
        json_put_string(b, SLICE(API_VERSION));
        json_end_array(b);
        json_key(b, "features");
        json_begin_array(b);
        for (size_t i = 0; i < LENGTH(features); i++)
                json_put_string(b, slice_str(features[i]));
        json_end_array(b);
        json_end_object(b);
        (void)buffer_put_byte(b, '\n');
        reply_send_json(r);
}

void handle_metrics(struct request *r, const struct outcome *o)
{
        (void)o;
        struct server *s = r->server;
        struct buffer *b = reply_body(r);
        metrics_write(s->deps.metrics, s->profiles, s->profiles_count, b);
        metrics_write_gauge(b, "keyfob_connections", "Open connections of the socket API.", s->connections_count);
        if (b->failed) {
                problem_say(r, API_INTERNAL_ERROR, NULL, "the metrics are too large, or memory ran out");
                return;
        }
        reply_send(r, &(struct reply){.status = 200,
                                      .content_type = "text/plain; version=0.0.4; charset=utf-8",
                                      .body = buffer_slice(b)});
}

// --- ready ---

struct readiness {
        int64_t min_ttl_s;
        size_t named; // profiles that were asked for by name
        size_t asked, missing;
        struct buffer *names; // of those that are not ready
};

static void judge(struct request *r, const struct server_profile *p, struct readiness *ready)
{
        struct entry_status status;
        entry_status(p->entry, &status);
        bool is_held = status.state == ENTRY_FRESH || status.state == ENTRY_STALE;
        ready->asked++;
        if (is_held && status.expires_s - entry_now_s(p->entry) >= ready->min_ttl_s)
                return;
        if (!is_held && p->on_demand && access_may_see(p, &r->peer)) { // nobody else would fetch it
                const struct server_profile *before = r->profile;
                r->profile = p;
                request_nudge(r);
                r->profile = before;
        }
        ready->missing++;
        if (ready->names->n + strlen(p->name) > DETAIL_MAX)
                return;
        (void)buffer_put_str(ready->names, ready->names->n > 0 ? ", " : "not ready: ");
        (void)buffer_put_str(ready->names, p->name);
        (void)buffer_put_str(ready->names, " (");
        (void)buffer_put_str(ready->names, is_held ? "too little life left" : entry_state_name(status.state));
        (void)buffer_put_byte(ready->names, ')');
}

// 0, or -1: answered.
static int judge_named(struct request *r, struct slice value, struct readiness *ready)
{
        struct buffer name;
        buffer_init(&name, LIMIT_PROFILE_NAME);
        const struct server_profile *p = NULL;
        if (text_percent_decode(value, &name) == 0)
                p = server_find_profile(r->server, buffer_slice(&name));
        buffer_free(&name);
        if (!p) {
                problem_say(r, API_PROFILE_NOT_FOUND, "GET /v1/profiles lists the profiles",
                            "no profile \"%.*s\" is configured", (int)slice_head(value, LIMIT_PROFILE_NAME).n,
                            (const char *)value.p);
                return -1;
        }
        ready->named++;
        judge(r, p, ready);
        return 0;
}

static int read_min_ttl(struct request *r, struct readiness *ready)
{
        struct slice rest = r->query;
        struct query_parameter p;
        while (query_next(&rest, &p)) {
                if (slice_eq(p.name, SLICE("profile")))
                        continue;
                if (slice_eq(p.name, SLICE("min_ttl")) && query_seconds(p.value, &ready->min_ttl_s) == 0)
                        continue;
                problem_say(r, API_INVALID_REQUEST,
                            "this path takes min_ttl (seconds, or such as 10m) and profile (repeatable)",
                            "cannot use the parameter \"%.*s\"", (int)slice_head(p.name, 64).n, (const char *)p.name.p);
                return -1;
        }
        return 0;
}

static void answer(struct request *r, const struct readiness *ready)
{
        if (ready->missing > 0) {
                const char *detail = buffer_c_str(ready->names);
                problem_send(r, &(struct problem){.code = API_CREDENTIALS_UNAVAILABLE,
                                                  .detail = detail ? detail : "not ready",
                                                  .hint = "GET /v1/profiles tells the state and the last error of each",
                                                  .retry_after_s = READY_RETRY_S});
                return;
        }
        struct buffer *b = reply_body(r);
        json_begin_object(b);
        json_member_bool(b, "ready", true);
        json_member_i64(b, "profiles", (int64_t)ready->asked);
        json_end_object(b);
        (void)buffer_put_byte(b, '\n');
        reply_send_json(r);
}

void handle_readyz(struct request *r, const struct outcome *o)
{
        (void)o;
        struct readiness ready = {.names = &r->server->text};
        buffer_reset(ready.names);
        if (read_min_ttl(r, &ready) < 0)
                return;
        struct slice rest = r->query;
        struct query_parameter p;
        while (query_next(&rest, &p))
                if (slice_eq(p.name, SLICE("profile")) && judge_named(r, p.value, &ready) < 0)
                        return;
        for (size_t i = 0; ready.named == 0 && i < r->server->profiles_count; i++)
                if (!r->server->profiles[i].on_demand)
                        judge(r, &r->server->profiles[i], &ready);
        answer(r, &ready);
}
