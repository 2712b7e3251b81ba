// SPDX-License-Identifier: Apache-2.0
#include "sidecar/app/token_files.h"

#include <stdlib.h>
#include <string.h>

#include "proto/mem/secret.h"
#include "sidecar/app/listeners.h"
#include "sidecar/base/log.h"
#include "sidecar/io/authorization_token.h"
#include "sidecar/io/watch.h"
#include "sidecar/io/workers.h"

enum { READ_LATE_MS = 10000 };

struct token_file {
        struct token_files *all;
        struct authorization_token_file file; // its path is a copy; NULL: the listener has none
        struct secret token;                  // what clients have to send
        // Of the worker, while the job is under way.
        struct worker_job job;
        struct secret fresh;
        struct error error;
        int result;
        bool is_running, is_outdated; // … and whether the file has changed since it began
};

struct token_files {
        struct token_files_deps deps;
        struct watch *watch;
        size_t count; // one for each listener
        struct token_file files[];
};

struct token_files *token_files_load(const struct listeners *l, struct error *e)
{
        size_t count = listeners_count(l);
        struct token_files *t = calloc(1, sizeof(*t) + count * sizeof(t->files[0]));
        if (!t) {
                error_set(e, ERROR_INTERNAL, "out of memory");
                return NULL;
        }
        int r = 0;
        for (size_t i = 0; r == 0 && i < count; i++) {
                const struct listener_settings *settings = listeners_get(l, i);
                struct token_file *f = &t->files[t->count++];
                f->all = t;
                if (!settings->authorization_token_file)
                        continue;
                f->file = (struct authorization_token_file){.path = strdup(settings->authorization_token_file),
                                                            .has_gid = settings->has_gid,
                                                            .gid = settings->gid};
                r = f->file.path ? authorization_token_load(&f->file, &f->token, e)
                                 : error_set(e, ERROR_INTERNAL, "out of memory");
        }
        if (r == 0)
                return t;
        token_files_free(t);
        return NULL;
}

const struct secret *token_files_get(const struct token_files *t, size_t listener)
{
        return t->files[listener].file.path ? &t->files[listener].token : NULL;
}

// --- changes ---

static void start(struct token_file *f);

// In a worker.
static void read_again(struct worker_job *job, void *arg)
{
        struct token_file *f = arg;
        (void)job;
        f->result = authorization_token_load(&f->file, &f->fresh, &f->error);
}

static void report_failure(const struct token_file *f, const char *error, const char *hint)
{
        LOG_EVENT(f->all->deps.log, LOG_LEVEL_WARN, "authorization_token_failed", LOG_STR("file", f->file.path),
                  LOG_STR("error", error), LOG_STR("hint", hint));
}

static void on_late(void *arg)
{
        report_failure(arg, "the file cannot be read in time", "check the disk or network that holds it");
}

static void take(struct token_file *f)
{
        if (slice_eq_constant_time(secret_expose(&f->token), secret_expose(&f->fresh)))
                return;
        struct secret before = f->token;
        f->token = f->fresh;
        f->fresh = before;
        LOG_EVENT(f->all->deps.log, LOG_LEVEL_INFO, "authorization_token_changed", LOG_STR("file", f->file.path));
}

static void on_done(void *arg, enum worker_end end)
{
        struct token_file *f = arg;
        f->is_running = false;
        if (end == WORKER_RAN && f->result == 0)
                take(f);
        else if (end == WORKER_RAN)
                report_failure(f, f->error.message, f->error.hint);
        secret_clear(&f->fresh);
        if (f->is_outdated && f->all->watch)
                start(f);
}

static void start(struct token_file *f)
{
        f->is_outdated = f->is_running;
        if (f->is_running)
                return;
        f->is_running = true;
        f->error = (struct error){0};
        workers_start(f->all->deps.workers, &f->job,
                      &(struct worker_task){.device = f->file.path,
                                            .late_ms = READ_LATE_MS,
                                            .run = read_again,
                                            .late = on_late,
                                            .done = on_done,
                                            .arg = f});
}

static void on_changed(void *arg)
{
        struct token_files *t = arg;
        for (size_t i = 0; i < t->count; i++)
                if (t->files[i].file.path)
                        start(&t->files[i]);
}

int token_files_watch(struct token_files *t, const struct token_files_deps *deps)
{
        size_t count = 0;
        char **paths = calloc(t->count + 1, sizeof(*paths));
        for (size_t i = 0; paths && i < t->count; i++)
                if (t->files[i].file.path)
                        paths[count++] = (char *)(uintptr_t)t->files[i].file.path;
        t->deps = *deps;
        int r = paths ? 0 : -1;
        if (r == 0 && count > 0) {
                t->watch = watch_new(&(struct watch_deps){
                    .loop = deps->loop, .poll_every_ms = deps->poll_every_ms, .changed = on_changed, .arg = t});
                r = t->watch ? watch_set(t->watch, paths, count, deps->read_ns) : -1;
        }
        free(paths);
        return r;
}

void token_files_close(struct token_files *t)
{
        if (!t)
                return;
        watch_close(t->watch);
        t->watch = NULL;
}

void token_files_free(struct token_files *t)
{
        if (!t)
                return;
        for (size_t i = 0; i < t->count; i++) {
                secret_clear(&t->files[i].token);
                secret_clear(&t->files[i].fresh);
                free((char *)(uintptr_t)t->files[i].file.path);
        }
        free(t);
}
