// SPDX-License-Identifier: Apache-2.0
#include "sidecar/app/output_files.h"

#include <stdlib.h>
#include <string.h>

#include "sidecar/app/output_file.h"
#include "sidecar/app/profile_table.h"
#include "sidecar/config/settings.h"

struct output_files {
        struct output_file_deps deps;
        struct vault_observer observer;
        LIST_HEAD(, output_file) list;
};

static void on_gone(void *context, struct output_file *f)
{
        (void)context;
        LIST_REMOVE(f, link);
        output_file_free(f);
}

struct output_files *output_files_new(const struct output_files_deps *deps)
{
        struct output_files *files = calloc(1, sizeof(*files));
        if (!files)
                return NULL;
        files->deps = (struct output_file_deps){
            .on_rotate = {.loop = deps->loop, .log = deps->log, .env = deps->env},
            .clock = deps->clock,
            .workers = deps->workers,
            .gone = on_gone,
            .context = files,
        };
        files->observer = deps->observer;
        LIST_INIT(&files->list);
        return files;
}

// --- events ---

static void on_event(void *context, struct entry *entry, enum vault_event event, int64_t duration_ms,
                     const struct error *e)
{
        struct output_files *files = context;
        struct output_file *f;
        LIST_FOREACH(f, &files->list, link)
        if (f->entry == entry && (event == VAULT_EXPIRED || event == VAULT_DROPPED))
                output_file_end(f);
        files->observer.event(files->observer.context, entry, event, duration_ms, e);
}

struct vault_observer output_files_observer(struct output_files *files)
{
        return (struct vault_observer){.event = on_event, .context = files};
}

// --- settings ---

static struct output_file *find(struct output_files *files, const char *path)
{
        struct output_file *f;
        LIST_FOREACH(f, &files->list, link)
        if (!f->is_closed && strcmp(f->file->path, path) == 0)
                return f;
        return NULL;
}

// Those that no settings have followed, as the reload that made them failed, just go.
static void remove_the_rest(struct output_files *files)
{
        struct output_file *next;
        for (struct output_file *f = LIST_FIRST(&files->list); f; f = next) {
                next = LIST_NEXT(f, link);
                bool was_kept = f->is_kept;
                f->is_kept = false;
                if (!was_kept && !f->is_leaving && !f->is_closed)
                        output_file_remove(f);
        }
}

int output_files_prepare(struct output_files *files, struct settings *settings)
{
        for (size_t i = 0; i < settings->files_count; i++) {
                if (find(files, settings->files[i].path))
                        continue;
                struct output_file *f = output_file_new(&files->deps, settings, &settings->files[i]);
                if (!f)
                        return -1;
                LIST_INSERT_HEAD(&files->list, f, link);
        }
        return 0;
}

void output_files_apply(struct output_files *files, const struct profile_table *table)
{
        struct settings *settings = table->settings;
        for (size_t i = settings->files_count; i-- > 0;) { // each goes to the front of its profile's list
                const struct file_settings *file = &settings->files[i];
                const struct profile *profile = settings_find(settings, file->profile);
                struct output_file *f = find(files, file->path);
                const struct profile_member *m = &table->members[profile - settings->profiles];
                f->is_kept = true;
                f->status.next = m->row->files;
                m->row->files = &f->status;
                output_file_follow(f, settings, file, m->entry);
        }
        remove_the_rest(files);
}

// --- the end ---

void output_files_close(struct output_files *files)
{
        struct output_file *next;
        for (struct output_file *f = files ? LIST_FIRST(&files->list) : NULL; f; f = next) {
                next = LIST_NEXT(f, link);
                output_file_close(f);
        }
}

void output_files_free(struct output_files *files)
{
        free(files);
}
