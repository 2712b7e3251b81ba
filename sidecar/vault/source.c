// SPDX-License-Identifier: Apache-2.0
// An entry as the source of chained providers. Each get() is a waiter of the entry; its answer takes a turn, because it
// makes a call upstream begin. Where the base was at hand, that call was counted when the caller's flight began. Else
// it queues at the caller's endpoint now, so that all that waited for one base do not call in the same moment.
#include "sidecar/vault/entry.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct source_call {
        struct vault_waiter waiter; // for the base
        struct turn turn;           // then, for the answer
        LIST_ENTRY(source_call) link;
        struct entry *entry;  // outlives this, which is one of its calls
        struct entry *caller; // whose call is still to be counted; its flight outlives this. NULL: it is counted
        provider_done_fn *done;
        void *arg;
        struct credentials *credentials; // the answer; NULL:
        struct error error;
};

static void queue_answer(struct source_call *call)
{
        struct vault *v = call->entry->vault;
        call->turn.endpoint = call->credentials && call->caller ? call->caller->turn.endpoint : v->unpaced;
        turn_queue(&call->turn, TURN_CALL, 0);
        vault_pump_soon(v);
}

// "profile irsa: …" becomes "source profile irsa: …", or "…" where users cannot ask for the source by name.
static void keep_error(struct source_call *call, const struct error *e)
{
        char named[sizeof(e->message)];
        const char *hidden = call->entry->shown_name;
        int named_n = hidden ? snprintf(named, sizeof(named), "profile %s: ", hidden) : 0;
        bool is_named = named_n > 0 && strncmp(e->message, named, (size_t)named_n) == 0;
        call->error = *e;
        struct error text;
        error_set(&text, e->kind, "%s%s", is_named ? "" : "source ", e->message + (is_named ? named_n : 0));
        memcpy(call->error.message, text.message, sizeof(text.message));
}

static void on_waited(struct vault_waiter *w, struct credentials *c, const struct error *e)
{
        struct source_call *call = (struct source_call *)((char *)w - offsetof(struct source_call, waiter));
        if (c)
                call->credentials = credentials_ref(c);
        else
                keep_error(call, e);
        queue_answer(call);
}

static int source_get(void *context, int64_t min_life_s, provider_done_fn *done, void *arg, struct error *e)
{
        struct entry *entry = context;
        struct source_call *call = calloc(1, sizeof(*call));
        if (!call)
                return error_set(e, ERROR_INTERNAL, "source profile %s: out of memory", entry_shown_name(entry));
        call->entry = entry;
        call->done = done;
        call->arg = arg;
        call->waiter.done = on_waited;
        call->waiter.min_life_s = min_life_s;
        struct entry *caller = entry->vault->starting;
        entry->vault->starting = NULL;
        if (caller && !entry_is_good_for(entry, min_life_s, entry_clock_ms(entry))) {
                turn_postpone_call(&caller->turn);
                call->caller = caller;
        }
        LIST_INSERT_HEAD(&entry->calls, call, link);
        entry_wait(entry, VAULT_WANT_CREDENTIALS, &call->waiter);
        return 0;
}

static void source_cancel(void *context, void *arg)
{
        struct entry *entry = context;
        struct source_call *call = LIST_FIRST(&entry->calls);
        while (call && call->arg != arg)
                call = LIST_NEXT(call, link);
        if (!call)
                return;
        entry_wait_cancel(&call->waiter);
        turn_unqueue(&call->turn);
        credentials_unref(call->credentials);
        call->credentials = NULL;
        error_set(&call->error, ERROR_CANCELLED, "source profile %s: cancelled", entry_shown_name(entry));
        queue_answer(call);
}

void source_answer(struct turn *turn)
{
        struct source_call *call = (struct source_call *)((char *)turn - offsetof(struct source_call, turn));
        struct entry *entry = call->entry;
        if (call->credentials && call->caller)
                turn_begin_call(&call->caller->turn);
        LIST_REMOVE(call, link);
        call->done(call->arg, call->credentials, call->credentials ? NULL : &call->error);
        free(call);
        entry_free_when_done(entry);
}

struct credentials_source entry_source(struct entry *entry)
{
        return (struct credentials_source){.get = source_get, .cancel = source_cancel, .context = entry};
}
