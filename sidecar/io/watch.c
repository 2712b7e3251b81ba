// SPDX-License-Identifier: Apache-2.0
// An event only triggers a check; stat() alone decides what has changed. So missing or spurious events do no harm, and
// their content does not matter. Every check watches the folders again: they may have been created, removed or
// replaced.
#include "sidecar/io/watch.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <uv.h>

#include "sidecar/base/file_metadata.h"

enum {
        GATHER_MS = 50,   // from an event to the check, as events come in groups
        QUIET_MS = 250,   // how long the metadata must be unchanged
        REARM_TRIES = 16, // a folder may appear while its parent is being watched
};

struct file {
        struct watch *watch;
        uv_fs_event_t events; // on its folder, or on the nearest one that exists
        struct file *next;
        struct file_metadata seen, told; // at the last check; when last reported
        char *folder;                    // scratch, of the path's size
        char path[];
};

struct watch {
        uv_timer_t timer; // for the next check
        struct watch_deps deps;
        struct file *files;
        uint64_t due_ms, still_since_ms; // in the loop's time: next check; last check that saw a change
        unsigned open_handles;
        bool is_closing;
};

static int64_t nanoseconds(const struct timespec *t)
{
        return (int64_t)t->tv_sec * 1000000000 + t->tv_nsec;
}

int64_t watch_moment(void)
{
        struct timespec now = {0};
        (void)clock_gettime(CLOCK_REALTIME_COARSE, &now); // the clock of inodes
        return nanoseconds(&now);
}

// --- when to check ---

static void on_timer(uv_timer_t *timer);

static void look_in(struct watch *w, uint64_t delay_ms)
{
        w->due_ms = uv_now(w->timer.loop) + delay_ms;
        (void)uv_timer_start(&w->timer, on_timer, delay_ms, 0); // fails for a closing handle only
}

static void on_event(uv_fs_event_t *events, const char *name, int what, int status)
{
        const struct file *f = events->data;
        struct watch *w = f->watch;
        (void)name;
        (void)what;
        (void)status;
        if (!w->is_closing && w->due_ms > uv_now(w->timer.loop) + GATHER_MS)
                look_in(w, GATHER_MS);
}

// --- folders ---

// Writes the nearest existing folder above the file to f->folder.
static void find_folder(struct file *f)
{
        struct stat about;
        memcpy(f->folder, f->path, strlen(f->path) + 1);
        do {
                char *slash = strrchr(f->folder, '/');
                slash[slash == f->folder ? 1 : 0] = '\0';
        } while (f->folder[1] != '\0' && (stat(f->folder, &about) < 0 || !S_ISDIR(about.st_mode)));
}

// If the kernel refuses (its number of watches is limited), only the periodic checks remain.
static void arm(struct file *f)
{
        size_t depth = 0;
        for (int i = 0; i < REARM_TRIES; i++) {
                find_folder(f);
                if (i > 0 && strlen(f->folder) == depth)
                        return;
                depth = strlen(f->folder);
                (void)uv_fs_event_stop(&f->events);
                (void)uv_fs_event_start(&f->events, on_event, f->folder, 0);
        }
}

// --- the check ---

// Whether a file has changed since the last check; `*ret_unreported`: since it was last reported.
static bool look(struct watch *w, bool *ret_unreported)
{
        bool is_new = false;
        *ret_unreported = false;
        for (struct file *f = w->files; f; f = f->next) {
                arm(f); // before stat(): later changes then cause an event
                struct file_metadata now = file_metadata(f->path);
                is_new = is_new || !file_metadata_equal(&now, &f->seen);
                f->seen = now;
                *ret_unreported = *ret_unreported || !file_metadata_equal(&now, &f->told);
        }
        return is_new;
}

static void report(struct watch *w)
{
        for (struct file *f = w->files; f; f = f->next)
                f->told = f->seen;
        look_in(w, w->deps.poll_every_ms);
        w->deps.changed(w->deps.arg);
}

static void on_timer(uv_timer_t *timer)
{
        struct watch *w = timer->data;
        uint64_t now_ms = uv_now(timer->loop);
        bool is_unreported;
        if (look(w, &is_unreported))
                w->still_since_ms = now_ms;
        uint64_t still_ms = now_ms - w->still_since_ms;
        if (!is_unreported)
                look_in(w, w->deps.poll_every_ms);
        else if (still_ms < QUIET_MS)
                look_in(w, QUIET_MS - still_ms);
        else
                report(w);
}

// --- set-up and clean-up ---

static void free_when_closed(struct watch *w)
{
        w->open_handles--;
        if (w->open_handles == 0)
                free(w);
}

static void file_closed(uv_handle_t *handle)
{
        struct file *f = handle->data;
        struct watch *w = f->watch;
        free(f->folder);
        free(f);
        free_when_closed(w);
}

static void timer_closed(uv_handle_t *handle)
{
        free_when_closed(handle->data);
}

static void drop(struct file *list)
{
        while (list) {
                struct file *f = list;
                list = f->next;
                uv_close((uv_handle_t *)&f->events, file_closed);
        }
}

struct watch *watch_new(const struct watch_deps *deps)
{
        struct watch *w = calloc(1, sizeof(*w));
        if (!w)
                return NULL;
        w->deps = *deps;
        (void)uv_timer_init(deps->loop, &w->timer); // cannot fail
        w->timer.data = w;
        w->open_handles = 1;
        return w;
}

static struct file *file_new(struct watch *w, const char *path)
{
        assert(path[0] == '/');
        size_t size = strlen(path) + 1;
        struct file *f = calloc(1, sizeof(*f) + size);
        char *folder = malloc(size + 1); // at least "/" and a NUL
        if (!f || !folder) {
                free(f);
                free(folder);
                return NULL;
        }
        memcpy(f->path, path, size);
        f->folder = folder;
        f->watch = w;
        (void)uv_fs_event_init(w->timer.loop, &f->events); // cannot fail
        f->events.data = f;
        w->open_handles++;
        return f;
}

static const struct file *find(const struct watch *w, const char *path)
{
        const struct file *f = w->files;
        while (f && strcmp(f->path, path) != 0)
                f = f->next;
        return f;
}

static void begin(struct file *f, const struct file *before, int64_t read_ns)
{
        arm(f);
        f->seen = file_metadata(f->path);
        f->told = f->seen;
        if (before)
                f->told = before->told;
        else if (f->seen.is_there && nanoseconds(&f->seen.changed) >= read_ns)
                f->told = (struct file_metadata){.is_there = false};
}

int watch_set(struct watch *w, char *const *paths, size_t count, int64_t read_ns)
{
        struct file *files = NULL;
        for (size_t i = count; i-- > 0;) {
                struct file *f = file_new(w, paths[i]);
                if (!f) {
                        drop(files);
                        return -1;
                }
                f->next = files;
                files = f;
        }
        for (struct file *f = files; f; f = f->next)
                begin(f, find(w, f->path), read_ns);
        drop(w->files);
        w->files = files;
        w->still_since_ms = uv_now(w->timer.loop);
        if (files)
                look_in(w, QUIET_MS);
        else
                (void)uv_timer_stop(&w->timer);
        return 0;
}

void watch_close(struct watch *w)
{
        if (!w)
                return;
        w->is_closing = true;
        drop(w->files);
        w->files = NULL;
        uv_close((uv_handle_t *)&w->timer, timer_closed);
}
