// SPDX-License-Identifier: Apache-2.0
// While work is under way, the pool thread owns the job; the loop thread owns all else.
#include "sidecar/app/reload.h"

#include <stdbool.h>
#include <stdlib.h>
#include <uv.h>

#include "sidecar/app/event_log.h"
#include "sidecar/app/heap.h"
#include "sidecar/app/notify.h"
#include "sidecar/app/profile_table.h"
#include "sidecar/base/log.h"
#include "sidecar/config/settings.h"
#include "sidecar/io/watch.h"
#include "sidecar/io/work.h"

enum { BROKEN_REPORTED = 8 }; // profiles by name in the log, a reload

struct reload {
        struct reload_deps deps;
        struct watch *watch;
        struct work work;
        const char *cause, *next_cause; // of the reload under way, and of the next; NULL: none
        int64_t read_ns;
        bool is_loading, is_closed;

        struct {
                struct profile_table *table; // loaded, or to be freed
                struct error error;
        } job;
};

static void on_changed(void *arg)
{
        reload_run(arg, "file");
}

struct reload *reload_new(const struct reload_deps *deps)
{
        struct reload *r = calloc(1, sizeof(*r));
        if (!r)
                return NULL;
        r->deps = *deps;
        const struct watch_deps watch = {deps->loop, deps->poll_every_ms, on_changed, r};
        r->watch = watch_new(&watch);
        if (!r->watch) {
                free(r);
                return NULL;
        }
        return r;
}

void reload_watch(struct reload *r, const struct settings *settings, int64_t read_ns)
{
        if (watch_set(r->watch, settings->watched, settings->watched_count, read_ns) < 0)
                LOG_EVENT(r->deps.log, LOG_LEVEL_ERROR, "files_not_watched",
                          LOG_STR("error", "out of memory for the list of files"),
                          LOG_STR("effect", "changes in some shared files are noticed at the next reload only"));
}

// --- in the pool ---

static void load(void *arg)
{
        struct reload *r = arg;
        if (r->deps.load(r->deps.context, &r->job.table, &r->job.error) < 0)
                r->job.table = NULL;
}

static void clean(void *arg)
{
        struct reload *r = arg;
        profile_table_free(r->job.table);
        r->job.table = NULL;
        heap_trim();
}

// --- on the loop ---

static void begin(struct reload *r, const char *cause);

static void on_cleaned(void *arg, bool is_cancelled)
{
        struct reload *r = arg;
        const char *next = r->next_cause;
        (void)is_cancelled; // never
        if (r->is_closed) {
                free(r);
                return;
        }
        r->next_cause = NULL;
        if (next)
                begin(r, next);
}

// Profiles of the AWS files that this reload has broken.
static void report_broken(const struct reload *r, const struct profile_table *table)
{
        size_t count = 0;
        for (size_t i = 0; i < table->count; i++) {
                const struct profile_member *m = &table->members[table->settings->by_name[i]];
                if (!m->is_newly_broken || !m->row || ++count > BROKEN_REPORTED)
                        continue;
                LOG_EVENT(r->deps.log, LOG_LEVEL_WARN, "profile_broken", LOG_STR("profile", m->profile->name),
                          LOG_STR("error", m->fault), LOG_STR("hint", m->fault_hint),
                          LOG_STR("effect", m->origin ? "its credentials are served until they expire"
                                                      : "nothing is served for it until it is corrected"));
        }
        if (count > BROKEN_REPORTED)
                LOG_EVENT(r->deps.log, LOG_LEVEL_WARN, "profiles_broken", LOG_INT("profiles", count),
                          LOG_INT("reported", BROKEN_REPORTED), LOG_STR("hint", "run keyfob status to see the rest"));
}

static void apply(struct reload *r)
{
        struct profile_table *table = r->job.table, *before = NULL;
        struct error *e = &r->job.error;
        if (!table || r->deps.apply(r->deps.context, table, &before, e) < 0) {
                LOG_EVENT(r->deps.log, LOG_LEVEL_ERROR, "config_reload_failed", LOG_STR("cause", r->cause),
                          LOG_STR("error", e->message), LOG_STR("hint", e->hint),
                          LOG_STR("effect", "the configuration in force stays as it is"));
                return;
        }
        const struct settings *settings = table->settings;
        LOG_EVENT(r->deps.log, LOG_LEVEL_INFO, "config_reloaded", LOG_STR("cause", r->cause),
                  LOG_STR("config", settings->path ? settings->path : "environment"),
                  LOG_INT("profiles", settings_shown_count(settings)));
        event_log_warnings(r->deps.log, &settings->warnings);
        report_broken(r, table);
        reload_watch(r, settings, r->read_ns);
        r->job.table = before;
}

static void on_loaded(void *arg, bool is_cancelled)
{
        struct reload *r = arg;
        (void)is_cancelled; // only after reload_close()
        r->is_loading = false;
        if (!r->is_closed) {
                apply(r);
                notify_ready(r->deps.manager);
        }
        work_start(&r->work, r->deps.loop, clean, on_cleaned, r);
}

static void begin(struct reload *r, const char *cause)
{
        notify_reloading(r->deps.manager, uv_hrtime() / 1000);
        r->cause = cause;
        r->read_ns = watch_moment();
        r->job.table = NULL;
        r->job.error = (struct error){.kind = ERROR_NONE};
        r->is_loading = true;
        work_start(&r->work, r->deps.loop, load, on_loaded, r);
}

void reload_run(struct reload *r, const char *cause)
{
        if (!r->work.is_under_way)
                begin(r, cause);
        else if (!r->next_cause)
                r->next_cause = cause;
}

void reload_close(struct reload *r)
{
        if (!r)
                return;
        watch_close(r->watch);
        r->is_closed = true;
        if (!r->work.is_under_way)
                free(r);
        else if (r->is_loading) // clean() runs in any case
                work_cancel(&r->work);
}
