// SPDX-License-Identifier: Apache-2.0
#include "sidecar/app/reload.h"

#include <stdlib.h>
#include <uv.h>

#include "sidecar/app/notify.h"
#include "sidecar/base/log.h"
#include "sidecar/config/settings.h"
#include "sidecar/io/watch.h"

struct reload {
        struct reload_deps deps;
        struct watch *watch;
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
        const struct watch_deps watch = {deps->loop, deps->look_every_ms, on_changed, r};
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
                          LOG_STR("effect", "changes in some shared files are seen at the next reload only"));
}

static void apply(struct reload *r, const char *cause)
{
        struct error e = {0};
        struct settings *settings = NULL;
        int64_t read_ns = watch_moment();
        if (r->deps.load(r->deps.context, &settings, &e) < 0 || r->deps.apply(r->deps.context, settings, &e) < 0) {
                LOG_EVENT(r->deps.log, LOG_LEVEL_ERROR, "config_reload_failed", LOG_STR("cause", cause),
                          LOG_STR("error", e.message), LOG_STR("hint", e.hint),
                          LOG_STR("effect", "the configuration in force stays as it is"));
                return;
        }
        LOG_EVENT(r->deps.log, LOG_LEVEL_INFO, "config_reloaded", LOG_STR("cause", cause),
                  LOG_STR("config", settings->path ? settings->path : "environment"),
                  LOG_INT("profiles", settings_shown_count(settings)));
        reload_watch(r, settings, read_ns);
}

void reload_run(struct reload *r, const char *cause)
{
        notify_reloading(r->deps.manager, uv_hrtime() / 1000);
        apply(r, cause);
        notify_send(r->deps.manager, "READY=1");
}

void reload_close(struct reload *r)
{
        if (!r)
                return;
        watch_close(r->watch);
        free(r);
}
