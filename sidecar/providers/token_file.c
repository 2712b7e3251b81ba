// SPDX-License-Identifier: Apache-2.0
#include "sidecar/providers/token_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sidecar/io/delay.h"
#include "sidecar/providers/cache_file.h"
#include "sidecar/providers/file_task.h"
#include "sidecar/providers/provider.h"

enum { WAIT_MS = 100, WAITS_N = 150 };

void token_file_init(struct token_file *f, const char *what, size_t max, token_file_read_fn *read, void *owner)
{
        *f = (struct token_file){.what = what, .read = read, .owner = owner, .lock = -1};
        buffer_init(&f->text, max);
        buffer_init(&f->seen, max);
        buffer_init(&f->key, max);
        buffer_init(&f->pending, max);
        buffer_init(&f->pending_key, max);
}

void token_file_deinit(struct token_file *f)
{
        file_task_free(f->task);
        token_file_unlock(f);
        buffer_free(&f->text);
        buffer_free(&f->seen);
        buffer_free(&f->key);
        buffer_free(&f->pending);
        buffer_free(&f->pending_key);
        free(f->path);
}

static int copy(struct buffer *to, struct slice bytes)
{
        buffer_reset(to);
        return buffer_put(to, bytes);
}

// --- in a worker ---

struct work {
        const char *what;
        char *path;
        bool locks;
        int lock; // a descriptor; -EWOULDBLOCK: another process has it; -1: none
        struct buffer text;
        struct buffer seen, pending; // of a write
        bool is_settled;             // written, or overtaken
};

static void read_file(void *arg, struct error *e)
{
        struct work *w = arg;
        if (w->locks)
                w->lock = cache_file_lock(w->path);
        if (w->lock != -EWOULDBLOCK)
                (void)!cache_file_read(w->path, w->what, &w->text, e); // *e says it
}

// Where there was a login, or a log-out, while a call was under way, its file stays. One that cannot be read is not in
// the way of what is pending.
static void write_file(void *arg, struct error *e)
{
        struct work *w = arg;
        struct error ignored;
        (void)e;
        bool is_overtaken = cache_file_read(w->path, w->what, &w->text, &ignored) == 0 &&
                            !slice_eq(buffer_slice(&w->text), buffer_slice(&w->seen));
        w->is_settled = is_overtaken || cache_file_write(w->path, w->what, buffer_slice(&w->pending), NULL) == 0;
}

static void clear(void *arg)
{
        struct work *w = arg;
        if (w->lock >= 0)
                (void)close(w->lock);
        buffer_free(&w->text);
        buffer_free(&w->seen);
        buffer_free(&w->pending);
        free(w->path);
}

static const struct file_task_ops reading = {.size = sizeof(struct work), .run = read_file, .clear = clear};
static const struct file_task_ops writing = {.size = sizeof(struct work), .run = write_file, .clear = clear};

// NULL: out of memory.
static struct work *new_task(struct token_file *f, const struct file_task_ops *ops,
                             void (*done)(void *owner, const struct error *e))
{
        f->task = file_task_new(f->provider, ops, done, f);
        if (!f->task)
                return NULL;
        struct work *w = file_task_work(f->task);
        *w = (struct work){.what = f->what, .path = strdup(f->path), .lock = -1};
        buffer_init(&w->text, f->text.max);
        buffer_init(&w->seen, f->text.max);
        buffer_init(&w->pending, f->text.max);
        if (w->path)
                return w;
        file_task_free(f->task);
        f->task = NULL;
        return NULL;
}

// --- on the loop ---

static int read_text(struct token_file *f, struct slice *ret_key, struct error *why)
{
        *why = (struct error){.kind = ERROR_NONE};
        *ret_key = (struct slice){NULL, 0};
        return f->read(f->owner, buffer_slice(&f->text), ret_key, why);
}

static int no_memory(const struct token_file *f, struct error *e)
{
        return error_set(e, ERROR_INTERNAL, "out of memory for %s %.200s", f->what, f->path);
}

// Whether what is pending counts in place of the file, which has this key. Out of memory: -1.
static int is_pending_preferred(struct token_file *f, struct slice key)
{
        if (copy(&f->key, key) < 0)
                return -1;
        if (f->pending.n == 0)
                return 0;
        bool is_nothing = f->seen.n == 0;
        if (is_nothing == f->pending_over_nothing && slice_eq(key, buffer_slice(&f->pending_key)))
                return 1;
        buffer_free(&f->pending);
        return 0;
}

// What the file has. 1: what is pending counts in its place, and was read; 0; or -1: out of memory.
static int take_bytes(struct token_file *f, struct slice bytes)
{
        struct slice key;
        if (copy(&f->text, bytes) < 0 || copy(&f->seen, bytes) < 0)
                return -1;
        if (read_text(f, &key, &f->unusable) < 0 && f->unusable.kind == ERROR_INTERNAL)
                return -1;
        int r = is_pending_preferred(f, key);
        if (r <= 0)
                return r;
        if (copy(&f->text, buffer_slice(&f->pending)) < 0 ||
            (read_text(f, &key, &f->unusable) < 0 && f->unusable.kind == ERROR_INTERNAL))
                return -1;
        return 1;
}

static void on_read(void *owner, const struct error *error)
{
        struct token_file *f = owner;
        struct file_task *task = f->task;
        struct error e = {.kind = ERROR_NONE};
        int r = 0;
        f->task = NULL;
        if (error) {
                e = *error;
        } else {
                struct work *w = file_task_work(task);
                f->is_locked_by_other = w->lock == -EWOULDBLOCK;
                if (w->lock >= 0) {
                        token_file_unlock(f);
                        f->lock = w->lock;
                        w->lock = -1;
                }
                if (!f->is_locked_by_other)
                        r = take_bytes(f, buffer_slice(&w->text));
                if (r < 0)
                        (void)no_memory(f, &e);
        }
        file_task_free(task);
        if (r > 0)
                token_file_write(f, f->provider, f->done);
        else
                f->done(f->owner, e.kind == ERROR_NONE ? NULL : &e);
}

int token_file_load(struct token_file *f, const struct provider *p, bool locks, token_file_done_fn *done,
                    struct error *e)
{
        f->provider = p;
        f->done = done;
        f->is_locked_by_other = false;
        struct work *w = new_task(f, &reading, on_read);
        if (!w)
                return no_memory(f, e);
        w->locks = locks;
        f->is_loading = true;
        file_task_start(f->task, w->path);
        return 0;
}

static void report_cancelled(void *arg)
{
        struct token_file *f = arg;
        struct error e;
        (void)error_set(&e, ERROR_CANCELLED, "cancelled");
        f->done(f->owner, &e);
}

void token_file_cancel(struct token_file *f)
{
        if (!f->task || !f->is_loading || !delay_start(f->provider->deps.loop, 0, report_cancelled, f))
                return; // else it ends by itself
        file_task_free(f->task);
        f->task = NULL;
}

int token_file_hold(struct token_file *f, struct slice bytes, struct error *e)
{
        if (copy(&f->pending, bytes) < 0 || copy(&f->pending_key, buffer_slice(&f->key)) < 0) {
                buffer_free(&f->pending);
                return error_set(e, ERROR_INTERNAL, "the new token is too long, or out of memory");
        }
        f->pending_over_nothing = f->seen.n == 0;
        return 0;
}

int token_file_hold_over(struct token_file *f, struct slice bytes, struct slice seen, struct error *e)
{
        return take_bytes(f, seen) < 0 ? no_memory(f, e) : token_file_hold(f, bytes, e);
}

int token_file_take(struct token_file *f, struct slice bytes, struct error *e)
{
        struct slice key;
        if (token_file_hold(f, bytes, e) < 0)
                return -1;
        if (copy(&f->text, bytes) < 0)
                return error_set(e, ERROR_INTERNAL, "out of memory for the renewed token");
        if (read_text(f, &key, e) == 0)
                return 0;
        if (e->kind != ERROR_INTERNAL)
                buffer_free(&f->pending);
        return error_context(e, "the renewed token cannot be used");
}

static void on_written(void *owner, const struct error *e)
{
        struct token_file *f = owner;
        struct file_task *task = f->task;
        f->task = NULL;
        if (!e) {
                const struct work *w = file_task_work(task);
                if (w->is_settled && slice_eq(buffer_slice(&w->pending), buffer_slice(&f->pending)))
                        buffer_free(&f->pending);
        }
        file_task_free(task);
        f->done(f->owner, NULL);
}

static void write_later(void *arg)
{
        struct token_file *f = arg;
        f->done(f->owner, NULL);
}

void token_file_write(struct token_file *f, const struct provider *p, token_file_done_fn *done)
{
        f->provider = p;
        f->done = done;
        f->is_loading = false;
        struct work *w = new_task(f, &writing, on_written);
        if (w && copy(&w->seen, buffer_slice(&f->seen)) == 0 && copy(&w->pending, buffer_slice(&f->pending)) == 0) {
                file_task_start(f->task, w->path);
                return;
        }
        file_task_free(f->task);
        f->task = NULL;
        if (!delay_start(p->deps.loop, 0, write_later, f)) // it is written at the next load
                f->done(f->owner, NULL);
}

void token_file_forget(struct token_file *f)
{
        buffer_free(&f->pending);
}

void token_file_unlock(struct token_file *f)
{
        if (f->lock >= 0)
                (void)close(f->lock);
        f->lock = -1;
}

int token_file_wait(struct token_file *f, struct uv_loop_s *loop, void (*retry)(void *owner), struct error *e)
{
        if (f->waits++ >= WAITS_N)
                return error_set(e, ERROR_TRANSIENT, "another process has been renewing %s %.200s for too long",
                                 f->what, f->path);
        return delay_start(loop, WAIT_MS, retry, f->owner) ? 0 : error_set(e, ERROR_INTERNAL, "out of memory");
}
