// SPDX-License-Identifier: Apache-2.0
// The agent's own state: alive, ready, version. Every peer that can connect may request it.
#include <stdio.h>

#include "proto/mem/length.h"
#include "proto/mem/time.h"
#include "proto/wire/json_write.h"
#include "proto/wire/limits.h"
#include "sidecar/server/access.h"
#include "sidecar/server/cursor.h"
#include "sidecar/server/exchange.h"
#include "sidecar/server/handlers.h"
#include "sidecar/server/json_answer.h"
#include "sidecar/server/metrics.h"
#include "sidecar/server/problem.h"
#include "sidecar/server/query.h"
#include "sidecar/server/state.h"
#include "sidecar/server/wait_query.h"

enum { DETAIL_MAX = 1024, READY_RETRY_S = 1, JUDGED_A_TURN = 1000 };

void handle_livez(struct exchange *x)
{
        struct buffer *b = json_answer_body(x);
        json_begin_object(b);
        json_member_bool(b, "alive", true);
        json_answer_send_object(x);
}

void handle_version(struct exchange *x)
{
        static const char *const features[] = {"credentials", "sigv4", "presign", "refresh", "events", "metrics"};
        struct buffer *b = json_answer_body(x);
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
        json_answer_send_object(x);
}

// --- ready ---

// Checked in several turns of the loop, as there may be many profiles.
struct readiness {
        int64_t min_ttl_s;
        struct cursor at; // without names in the query: the next profile to check
        size_t asked, missing;
        size_t unseen; // the profiles that are not ready and that the peer may not see
        size_t names_n;
        char names[DETAIL_MAX]; // of those that are not ready
};

static void add_name(struct readiness *ready, const char *name, const char *why)
{
        char text[LIMIT_PROFILE_NAME + 64];
        int n = snprintf(text, sizeof(text), "%s%s (%s)", ready->names_n > 0 ? ", " : "not ready: ", name, why);
        if (n < 0 || ready->names_n + (size_t)n >= sizeof(ready->names))
                return;
        memcpy(ready->names + ready->names_n, text, (size_t)n);
        ready->names_n += (size_t)n;
}

static void judge(const struct exchange *x, const struct server_profile *p, struct readiness *ready)
{
        struct entry_status status;
        entry_status(p->entry, &status);
        bool is_held = status.state == ENTRY_FRESH || status.state == ENTRY_STALE || status.state == ENTRY_EXPIRING;
        ready->asked++;
        if (is_held && status.expires_s - entry_now_s(p->entry) >= ready->min_ttl_s)
                return;
        if (!is_held && p->on_demand && access_may_see(p, x->peer)) // nothing else would fetch it
                exchange_request_fetch(p->entry);
        ready->missing++;
        if (access_may_see(p, x->peer))
                add_name(ready, p->name, is_held ? "expires too soon" : entry_state_name(status.state));
        else
                ready->unseen++;
}

// 0, or -1: answered.
static int read_query(struct exchange *x, struct readiness *ready)
{
        struct slice rest = x->query;
        struct query_parameter p;
        while (query_next(&rest, &p)) {
                if (slice_eq(p.name, SLICE("profile")))
                        continue;
                if (slice_eq(p.name, SLICE("min_ttl")) && time_parse_duration(p.value, &ready->min_ttl_s) == 0)
                        continue;
                problem_sendf(x, API_INVALID_REQUEST,
                              "this path takes min_ttl (seconds, or such as 10m) and profile (repeatable)",
                              "cannot use the parameter \"%.*s\"", (int)slice_head(p.name, 64).n,
                              (const char *)p.name.p);
                return -1;
        }
        return 0;
}

// The profiles that the query names. 0, or -1: answered.
static int judge_named(struct exchange *x, struct readiness *ready)
{
        struct slice rest = x->query;
        struct query_parameter p;
        while (query_next(&rest, &p)) {
                if (!slice_eq(p.name, SLICE("profile")))
                        continue;
                const struct server_profile *found = access_find_named(x, p.value);
                if (!found)
                        return -1;
                judge(x, found, ready);
        }
        return 0;
}

// The peer learns how many profiles that it may not see are not ready, but not their names.
static void add_unseen(struct readiness *ready)
{
        size_t left = sizeof(ready->names) - ready->names_n;
        int n = snprintf(ready->names + ready->names_n, left, "%s%zu that this peer may not see",
                         ready->names_n > 0 ? ", and " : "not ready: ", ready->unseen);
        if (n > 0 && (size_t)n < left)
                ready->names_n += (size_t)n;
        ready->names[ready->names_n] = '\0';
}

static void send_readiness(struct exchange *x, struct readiness *ready)
{
        if (ready->missing > 0) {
                if (ready->unseen > 0)
                        add_unseen(ready);
                problem_send(x, &(struct problem){.code = API_CREDENTIALS_UNAVAILABLE,
                                                  .detail = ready->names_n > 0 ? ready->names : "not ready",
                                                  .hint = "GET /v1/profiles shows the state and the last error of each",
                                                  .retry_after_s = READY_RETRY_S});
                return;
        }
        struct buffer *b = json_answer_body(x);
        json_begin_object(b);
        json_member_bool(b, "ready", true);
        json_member_i64(b, "profiles", (int64_t)ready->asked);
        json_answer_send_object(x);
}

void drain_readyz(struct exchange *x)
{
        struct readiness *ready = x->handler_state;
        const struct server_profile *p;
        for (unsigned i = 0; i < JUDGED_A_TURN; i++) {
                p = cursor_next(&ready->at, x->server);
                if (!p) {
                        send_readiness(x, ready);
                        return;
                }
                if (!p->on_demand)
                        judge(x, p, ready);
        }
        exchange_call_drain(x);
}

void handle_readyz(struct exchange *x)
{
        struct readiness *ready = exchange_alloc_state(x, sizeof(*ready));
        if (!ready || read_query(x, ready) < 0 || judge_named(x, ready) < 0)
                return;
        if (ready->asked > 0)
                send_readiness(x, ready);
        else
                drain_readyz(x);
}
