// SPDX-License-Identifier: Apache-2.0
#include "sidecar/app/on_rotate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "sidecar/base/env.h"
#include "sidecar/base/error.h"
#include "sidecar/base/log.h"
#include "sidecar/config/settings.h"
#include "sidecar/io/child.h"
#include "sidecar/io/child_environment.h"
#include "sidecar/providers/masked_text.h"

enum { QUOTE_SIZE = 300, REPORT_EVERY_MS = 60000 };

static void report(struct on_rotate *r, const struct file_settings *f, const struct error *e)
{
        uint64_t now_ms = uv_now(r->deps->loop);
        bool is_due = !r->has_reported || now_ms - r->reported_ms >= REPORT_EVERY_MS;
        if (is_due)
                r->reported_ms = now_ms;
        r->has_reported = true;
        LOG_EVENT(r->deps->log, is_due ? LOG_LEVEL_WARN : LOG_LEVEL_DEBUG, "on_rotate_failed", LOG_STR("file", f->path),
                  LOG_STR("profile", f->profile), LOG_STR("error", e->message), LOG_STR("hint", e->hint));
}

// --- its end ---

static void explain(const struct on_rotate *r, const struct child_result *result, struct error *e)
{
        char quote[QUOTE_SIZE];
        masked_text(result->errors, r->deps->env ? r->deps->env->entries : NULL, quote, sizeof(quote));
        const char *between = quote[0] == '\0' ? "" : ": ";
        switch (result->end) {
        case CHILD_EXITED:
                (void)error_set(e, ERROR_TRANSIENT, "the command ended with status %d%s%s", result->status, between,
                                quote);
                break;
        case CHILD_SIGNALLED:
                (void)error_set(e, ERROR_TRANSIENT, "the command was ended by signal %d (%s)%s%s", result->signal,
                                strsignal(result->signal), between, quote);
                break;
        case CHILD_TIMED_OUT:
                (void)error_set(e, ERROR_TRANSIENT, "the command did not end within %d ms, so it was ended%s%s",
                                (int)ON_ROTATE_TIMEOUT_MS, between, quote);
                break;
        case CHILD_TOO_MUCH:
                (void)error_set(e, ERROR_PROTOCOL, "the command wrote more than %d bytes, so it was ended",
                                (int)ON_ROTATE_OUTPUT_MAX);
                break;
        case CHILD_NO_MEMORY:
                (void)error_set(e, ERROR_INTERNAL, "out of memory for what the command wrote");
                break;
        case CHILD_CANCELLED:
                (void)error_set(e, ERROR_CANCELLED, "the agent or the file ended before the command");
                break;
        }
        (void)error_hint(e, "run the command by hand as the agent's user; it runs again after the next new file");
}

// What a log line needs of a file whose settings may be gone when its command ends.
struct run {
        struct on_rotate *owner;
        char *path, *profile;
};

static void run_free(struct run *run)
{
        if (!run)
                return;
        free(run->path);
        free(run->profile);
        free(run);
}

static void on_ended(void *arg, const struct child_result *result)
{
        struct run *run = arg;
        struct on_rotate *r = run->owner;
        const struct file_settings shown = {.path = run->path, .profile = run->profile};
        const struct file_settings *next = r->next;
        r->child = NULL;
        r->next = NULL;
        if (result->end == CHILD_EXITED && result->status == 0) {
                LOG_EVENT(r->deps->log, LOG_LEVEL_DEBUG, "on_rotate_done", LOG_STR("file", run->path),
                          LOG_STR("profile", run->profile));
        } else {
                struct error e = {.kind = ERROR_NONE};
                explain(r, result, &e);
                report(r, &shown, &e);
        }
        run_free(run);
        if (r->is_closing)
                r->ended(r->owner);
        else if (next)
                on_rotate_run(r, next);
}

// --- its start ---

static struct child *start(struct run *run, const struct file_settings *f, struct error *e)
{
        const struct on_rotate_deps *deps = run->owner->deps;
        struct child *child = NULL;
        char **environment = child_environment(deps->env ? deps->env->entries : NULL);
        char **words = calloc(f->on_rotate_count + 1, sizeof(*words));
        for (size_t i = 0; words && i < f->on_rotate_count; i++)
                words[i] = f->on_rotate[i];
        const struct child_options options = {.words = words,
                                              .environment = environment,
                                              .output_max = ON_ROTATE_OUTPUT_MAX,
                                              .timeout_ms = ON_ROTATE_TIMEOUT_MS};
        if (words && environment)
                child = child_start(deps->loop, &options, on_ended, run, e);
        else
                (void)error_set(e, ERROR_INTERNAL, "out of memory");
        free(words);
        free(environment);
        return child;
}

void on_rotate_run(struct on_rotate *r, const struct file_settings *file)
{
        if (file->on_rotate_count == 0 || r->is_closing)
                return;
        if (r->child) {
                r->next = file;
                return;
        }
        struct error e = {.kind = ERROR_NONE};
        struct run *run = calloc(1, sizeof(*run));
        if (run)
                *run = (struct run){.owner = r, .path = strdup(file->path), .profile = strdup(file->profile)};
        if (run && run->path && run->profile)
                r->child = start(run, file, &e);
        else
                (void)error_set(&e, ERROR_INTERNAL, "out of memory");
        if (r->child)
                return;
        run_free(run);
        report(r, file, &e);
}

void on_rotate_replace(struct on_rotate *r, const struct file_settings *file)
{
        if (r->next)
                r->next = file;
}

bool on_rotate_close(struct on_rotate *r)
{
        r->is_closing = true;
        r->next = NULL;
        if (r->child)
                child_cancel(r->child);
        return r->child != NULL;
}
