// SPDX-License-Identifier: Apache-2.0
// While the job is under way, the worker owns text and error.
#include "sidecar/app/file_write.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/mem/secret.h"
#include "proto/wire/export_file.h"
#include "sidecar/base/file_trust.h"
#include "sidecar/config/settings.h"
#include "sidecar/io/workers.h"

enum { LATE_MS = 10000, REASON_SIZE = 128 }; // of real time, as it is a disk or a network that is waited for

struct file_write {
        struct file_write_options options;
        struct worker_job job;
        struct secret text;
        struct error error;
        char *directory; // on one that hangs, no more workers hang than two
        bool is_abandoned;
};

static void destroy(struct file_write *w)
{
        secret_clear(&w->text);
        settings_release(w->options.settings);
        free(w->directory);
        free(w);
}

// --- in a worker ---

static int fail(struct file_write *w, int number, const char *what)
{
        char reason[REASON_SIZE];
        const char *text = strerror_r(number, reason, sizeof(reason));
        (void)error_set(&w->error, ERROR_TRANSIENT, "file %.300s: cannot %s: %s", w->options.file->path, what, text);
        return error_hint(&w->error,
                          "check that its directory exists and uid %u may write there%s, that the disk is "
                          "not full, and that nothing else has the name",
                          (unsigned)geteuid(), w->options.file->has_gid ? " and is a member of the group" : "");
}

static void run(struct worker_job *job, void *arg)
{
        struct file_write *w = arg;
        const struct file_settings *f = w->options.file;
        const struct export_file file = {.path = f->path,
                                         .mode = f->mode,
                                         .has_gid = f->has_gid,
                                         .gid = f->gid,
                                         .keeps_others = f->format == EXPORT_CREDENTIALS_FILE && !w->options.is_ours};
        const char *what = NULL;
        if (worker_job_is_cancelled(job)) {
                (void)error_set(&w->error, ERROR_CANCELLED, "cancelled");
                return;
        }
        if (w->options.ended_s != 0 && !export_file_has_ended(f->path, w->options.ended_s))
                return;
        if (w->text.n > 0 && file_trust_check(w->options.settings->trust, f->path, "file", &w->error) < 0)
                return;
        int r = w->text.n > 0 ? export_file_replace(&file, secret_expose(&w->text), &what)
                              : export_file_remove(&file, &what);
        if (r < 0)
                (void)fail(w, -r, what);
}

// --- on the loop ---

static void on_late(void *arg)
{
        struct file_write *w = arg;
        struct error e = {.kind = ERROR_NONE};
        if (w->is_abandoned)
                return;
        (void)error_set(&e, ERROR_TRANSIENT, "file %.300s: no answer within %d ms", w->options.file->path, LATE_MS);
        (void)error_hint(&e, "check the disk or network that holds it");
        w->options.late(w->options.owner, &e);
}

static void on_done(void *arg, enum worker_end end)
{
        struct file_write *w = arg;
        const char *path = w->options.file->path;
        if (end == WORKER_STUCK)
                (void)error_set(&w->error, ERROR_TRANSIENT, "file %.300s: earlier work in its directory has not ended",
                                path);
        else if (end == WORKER_NO_THREAD)
                (void)error_set(&w->error, ERROR_INTERNAL, "file %.300s: cannot start a thread for it", path);
        else if (end == WORKER_CANCELLED)
                (void)error_set(&w->error, ERROR_CANCELLED, "cancelled");
        if (!w->is_abandoned)
                w->options.done(w->options.owner, w->error.kind == ERROR_NONE ? NULL : &w->error);
        destroy(w);
}

struct file_write *file_write_start(const struct file_write_options *options)
{
        struct file_write *w = calloc(1, sizeof(*w));
        if (!w)
                return NULL;
        w->options = *options;
        settings_hold(options->settings);
        const char *path = options->file->path;
        const char *slash = strrchr(path, '/');
        w->directory = strndup(path, slash ? (size_t)(slash - path) + 1 : 0);
        if (!w->directory || (options->text.n > 0 && secret_copy(&w->text, options->text) < 0)) {
                destroy(w);
                return NULL;
        }
        w->options.text = slice_of(NULL, 0);
        const struct worker_task task = {
            .device = w->directory, .late_ms = LATE_MS, .run = run, .late = on_late, .done = on_done, .arg = w};
        workers_start(options->workers, &w->job, &task);
        return w;
}

void file_write_abandon(struct file_write *w)
{
        if (!w)
                return;
        w->is_abandoned = true;
        worker_job_cancel(&w->job);
}
