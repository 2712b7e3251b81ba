// SPDX-License-Identifier: Apache-2.0
#include "sidecar/providers/token_file.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "sidecar/io/delay.h"
#include "sidecar/providers/cache_file.h"

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

// A login, or a log-out, while a call was under way. One that cannot be read is not in the way of what is pending.
static bool is_overtaken(const struct token_file *f)
{
        struct buffer now;
        struct error ignored;
        buffer_init(&now, f->text.max);
        bool is_other = cache_file_read(f->path, f->what, &now, &ignored) == 0 &&
                        !slice_eq(buffer_slice(&now), buffer_slice(&f->seen));
        buffer_free(&now);
        return is_other;
}

static void write_pending(struct token_file *f)
{
        if (is_overtaken(f) || cache_file_write(f->path, f->what, buffer_slice(&f->pending), NULL) == 0)
                buffer_free(&f->pending);
}

static int read_text(struct token_file *f, struct slice *ret_key, struct error *why)
{
        *why = (struct error){.kind = ERROR_NONE};
        *ret_key = (struct slice){NULL, 0};
        return f->read(f->owner, buffer_slice(&f->text), ret_key, why);
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

int token_file_load(struct token_file *f, struct error *why, struct error *e)
{
        struct slice key;
        if (cache_file_read(f->path, f->what, &f->text, e) < 0)
                return -1;
        int r = copy(&f->seen, buffer_slice(&f->text));
        if (r == 0 && read_text(f, &key, why) < 0)
                r = why->kind == ERROR_INTERNAL ? -1 : 0;
        if (r == 0)
                r = is_pending_preferred(f, key);
        if (r > 0) {
                r = copy(&f->text, buffer_slice(&f->pending));
                if (r == 0 && read_text(f, &key, why) < 0)
                        r = why->kind == ERROR_INTERNAL ? -1 : 0;
                write_pending(f);
        }
        return r < 0 ? error_set(e, ERROR_INTERNAL, "out of memory for %s %.200s", f->what, f->path) : 0;
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

int token_file_take(struct token_file *f, struct slice bytes, struct error *e)
{
        struct slice key;
        if (token_file_hold(f, bytes, e) < 0)
                return -1;
        if (copy(&f->text, bytes) < 0)
                return error_set(e, ERROR_INTERNAL, "out of memory for the renewed token");
        if (read_text(f, &key, e) < 0) {
                if (e->kind != ERROR_INTERNAL)
                        buffer_free(&f->pending);
                return error_context(e, "the renewed token cannot be used");
        }
        write_pending(f);
        return 0;
}

bool token_file_lock(struct token_file *f)
{
        f->lock = cache_file_lock(f->path);
        return f->lock != -EWOULDBLOCK;
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
