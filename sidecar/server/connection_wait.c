// SPDX-License-Identifier: Apache-2.0
// Requests that wait for their profile. The message is kept by the parser; the handler runs anew with the outcome.
#include <stddef.h>

#include "sidecar/base/clock.h"
#include "sidecar/server/connection.h"
#include "sidecar/server/problem.h"
#include "sidecar/server/router.h"
#include "sidecar/server/state.h"

void connection_stop_waiting(struct connection *c)
{
        (void)uv_timer_stop(&c->wait_timer); // always succeeds
        entry_wait_cancel(&c->waiter);
}

static void end_wait(struct connection *c, const struct outcome *o)
{
        (void)uv_timer_stop(&c->wait_timer);
        connection_set_state(c, CONNECTION_ANSWERING);
        router_handle(&c->request, o);
        if (c->state != CONNECTION_CLOSING)
                connection_resume(c);
}

// Whoever waits for credentials has given a time; a fault that may pass within it does not end the wait. The vault
// paces the attempts.
static bool may_still_come(const struct connection *c, const struct error *e)
{
        return c->wants == VAULT_WANT_CREDENTIALS && !c->server->is_closing &&
               (e->kind == ERROR_TRANSIENT || e->kind == ERROR_THROTTLED);
}

static void on_waited(struct vault_waiter *w, struct credentials *credentials, const struct error *e)
{
        struct connection *c = (struct connection *)((char *)w - offsetof(struct connection, waiter));
        if (e && may_still_come(c, e)) {
                c->waiter = (struct vault_waiter){.done = on_waited};
                entry_wait(c->awaited, VAULT_WANT_CREDENTIALS, &c->waiter);
                return;
        }
        end_wait(c, &(struct outcome){.credentials = credentials, .error = e});
}

static void on_time_up(uv_timer_t *timer)
{
        struct connection *c = timer->data;
        entry_wait_cancel(&c->waiter);
        end_wait(c, &(struct outcome){.is_timed_out = true});
}

void request_wait(struct request *r, enum vault_want want, uint64_t after_generation, int64_t wait_ms)
{
        request_wait_for(r, r->profile->entry, &(struct wait){want, after_generation, wait_ms});
}

void request_wait_for(struct request *r, struct entry *entry, const struct wait *wait)
{
        struct connection *c = r->connection;
        if (r->server->is_closing) {
                problem_say(r, API_SHUTTING_DOWN, "ask again once the agent is back", "the agent is shutting down");
                return;
        }
        if (http_whole_keep(c->parser) < 0) {
                problem_say(r, API_INTERNAL_ERROR, NULL, "out of memory");
                return;
        }
        connection_set_state(c, CONNECTION_WAITING);
        (void)uv_timer_start(&c->wait_timer, on_time_up, clock_real_ms(r->server->deps.clock, wait->ms), 0);
        c->wants = wait->want;
        c->awaited = entry;
        c->waiter = (struct vault_waiter){.done = on_waited, .after_generation = wait->after_generation};
        entry_wait(c->awaited, wait->want, &c->waiter);
}

static void ignore(struct vault_waiter *w, struct credentials *credentials, const struct error *e)
{
        (void)w;
        (void)credentials;
        (void)e;
}

void request_nudge(struct request *r)
{
        struct vault_waiter w = {.done = ignore};
        entry_wait(r->profile->entry, VAULT_WANT_CREDENTIALS, &w);
        entry_wait_cancel(&w);
}
