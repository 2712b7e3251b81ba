// SPDX-License-Identifier: Apache-2.0
// An entry as the source of chained providers. Each get() is a waiter of the entry; its answer goes through a queue of
// the vault that lets only so many out in one turn of the loop, because each of them makes a call upstream begin. Where
// the base was not at hand that call has not been counted as begun when its flight started: it waits for the pace now,
// so that all who waited for one base do not call in the same moment.
#include "sidecar/vault/entry.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct source_call {
        struct vault_waiter waiter;
        struct entry *entry;  // counts this call in calls_open: outlives it
        struct entry *caller; // whose call is still to be counted; its flight outlives this. NULL: it is counted
        provider_done_fn *done;
        void *arg;
        struct credentials *credentials; // the answer; with NULL:
        struct error *error;             // allocated; NULL: there was no memory for it
        TAILQ_ENTRY(source_call) queued;
};

static void enqueue(struct source_call *call)
{
        struct vault *v = call->entry->vault;
        TAILQ_INSERT_TAIL(&v->answers, call, queued);
        vault_pump_soon(v);
}

// "profile irsa: …" becomes "source profile irsa: …", or "…" where the source is no profile that a person knows; all
// else that the error says stays.
static struct error *error_of_source(const struct entry *source, const struct error *e)
{
        static const char before[] = "profile ";
        const char *name = source->shown_name;
        const char *said = NULL;
        if (name && strncmp(e->message, before, strlen(before)) == 0 &&
            strncmp(e->message + strlen(before), name, strlen(name)) == 0 &&
            strncmp(e->message + strlen(before) + strlen(name), ": ", 2) == 0)
                said = e->message + strlen(before) + strlen(name) + strlen(": ");
        struct error *copy = malloc(sizeof(*copy));
        if (!copy)
                return NULL;
        *copy = *e;
        struct error text;
        error_set(&text, e->kind, "%s%s", said ? "" : "source ", said ? said : e->message);
        memcpy(copy->message, text.message, sizeof(copy->message));
        return copy;
}

static void on_waited(struct vault_waiter *w, struct credentials *c, const struct error *e)
{
        struct source_call *call = (struct source_call *)((char *)w - offsetof(struct source_call, waiter));
        if (c)
                call->credentials = credentials_ref(c);
        else
                call->error = error_of_source(call->entry, e);
        enqueue(call);
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
        if (caller && !waiters_has_life(entry, min_life_s, plan_clock_ms(entry))) {
                bucket_postpone_call(caller);
                call->caller = caller;
        }
        entry->calls_open++;
        entry_wait(entry, VAULT_WANT_CREDENTIALS, &call->waiter);
        return 0;
}

static struct source_call *find_waiting(struct vault_waiter *list, const void *arg)
{
        for (struct vault_waiter *w = list; w; w = w->next) {
                struct source_call *call = (struct source_call *)((char *)w - offsetof(struct source_call, waiter));
                if (w->done == on_waited && call->arg == arg)
                        return call;
        }
        return NULL;
}

static struct source_call *find_answered(struct call_list *answers, const struct entry *entry, const void *arg)
{
        for (struct source_call *call = TAILQ_FIRST(answers); call; call = TAILQ_NEXT(call, queued))
                if (call->entry == entry && call->arg == arg)
                        return call;
        return NULL;
}

static void cancel_answer(struct source_call *call)
{
        credentials_unref(call->credentials);
        call->credentials = NULL;
        if (!call->error)
                call->error = malloc(sizeof(*call->error));
        if (call->error)
                error_set(call->error, ERROR_CANCELLED, "source profile %s: cancelled", entry_shown_name(call->entry));
}

static void source_cancel(void *context, void *arg)
{
        struct entry *entry = context;
        struct source_call *call = find_waiting(entry->waiters, arg);
        if (!call)
                call = find_waiting(entry->detached, arg);
        if (call) {
                entry_wait_cancel(&call->waiter);
                enqueue(call);
        } else {
                call = find_answered(&entry->vault->answers, entry, arg);
        }
        if (call)
                cancel_answer(call);
}

static int64_t call_wait_ms(const struct source_call *call)
{
        return call->credentials && call->caller ? bucket_call_wait_ms(call->caller) : 0;
}

int64_t source_wait_ms(struct vault *v)
{
        int64_t least_ms = ENTRY_NEVER;
        struct source_call *call;
        TAILQ_FOREACH(call, &v->answers, queued)
        {
                int64_t this_ms = call_wait_ms(call);
                if (this_ms == 0)
                        return 0;
                if (this_ms < least_ms)
                        least_ms = this_ms;
        }
        return least_ms;
}

bool source_answer_next(struct vault *v)
{
        struct source_call *call = TAILQ_FIRST(&v->answers);
        struct error no_memory = {.kind = ERROR_INTERNAL};
        while (call && call_wait_ms(call) > 0)
                call = TAILQ_NEXT(call, queued);
        if (!call)
                return false;
        TAILQ_REMOVE(&v->answers, call, queued);
        if (call->credentials && call->caller)
                bucket_begin_call(call->caller);
        if (!call->credentials && !call->error)
                error_set(&no_memory, ERROR_INTERNAL, "source profile %s: out of memory",
                          entry_shown_name(call->entry));
        call->done(call->arg, call->credentials, call->credentials ? NULL : call->error ? call->error : &no_memory);
        struct entry *entry = call->entry;
        free(call->error);
        free(call);
        entry->calls_open--;
        entry_free_when_done(entry);
        return true;
}

struct credentials_source entry_source(struct entry *entry)
{
        return (struct credentials_source){.get = source_get, .cancel = source_cancel, .context = entry};
}
