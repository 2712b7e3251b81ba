// SPDX-License-Identifier: Apache-2.0
#include "sidecar/providers/held_file.h"

#include <stdlib.h>
#include <unistd.h>

#include "sidecar/providers/cache_file.h"

void held_file_init(struct held_file *f, const char *what, size_t max)
{
        *f = (struct held_file){.what = what, .lock = -1};
        buffer_init(&f->text, max);
        buffer_init(&f->seen, max);
        buffer_init(&f->key, max);
        buffer_init(&f->held, max);
        buffer_init(&f->held_over, max);
}

void held_file_deinit(struct held_file *f)
{
        held_file_unlock(f);
        buffer_free(&f->text);
        buffer_free(&f->seen);
        buffer_free(&f->key);
        buffer_free(&f->held);
        buffer_free(&f->held_over);
        free(f->path);
        f->path = NULL;
}

int held_file_read(struct held_file *f, struct error *e)
{
        buffer_reset(&f->seen);
        if (cache_file_read(f->path, f->what, &f->text, e) < 0)
                return -1;
        return buffer_put(&f->seen, buffer_slice(&f->text)) < 0 ? error_set(e, ERROR_INTERNAL, "out of memory") : 0;
}

static int use_held(struct held_file *f)
{
        buffer_reset(&f->text);
        return buffer_put(&f->text, buffer_slice(&f->held));
}

void held_file_drop(struct held_file *f)
{
        buffer_free(&f->held);
}

// A login, or a log-out, while a call was under way. One that cannot be read is not in the way of what is held.
static bool is_overtaken(const struct held_file *f)
{
        struct buffer now;
        struct error ignored;
        buffer_init(&now, f->text.max);
        bool is_other = cache_file_read(f->path, f->what, &now, &ignored) == 0 &&
                        !slice_eq(buffer_slice(&now), buffer_slice(&f->seen));
        buffer_free(&now);
        return is_other;
}

void held_file_write(struct held_file *f)
{
        if (is_overtaken(f) || cache_file_write(f->path, f->what, buffer_slice(&f->held), NULL) == 0)
                buffer_free(&f->held);
}

int held_file_prefer(struct held_file *f, struct slice key)
{
        buffer_reset(&f->key);
        if (buffer_put(&f->key, key) < 0)
                return -1;
        if (f->held.n == 0)
                return 0;
        bool is_nothing = f->text.n == 0;
        if (is_nothing != f->is_over_nothing || !slice_eq(buffer_slice(&f->key), buffer_slice(&f->held_over))) {
                held_file_drop(f);
                return 0;
        }
        if (use_held(f) < 0)
                return -1;
        held_file_write(f);
        return 1;
}

int held_file_put(struct held_file *f, struct slice bytes)
{
        buffer_reset(&f->held);
        if (buffer_put(&f->held, bytes) < 0) {
                buffer_free(&f->held);
                return -1;
        }
        f->is_over_nothing = f->seen.n == 0;
        buffer_reset(&f->held_over);
        (void)buffer_put(&f->held_over, buffer_slice(&f->key));
        return use_held(f);
}

int held_file_lock(struct held_file *f)
{
        int fd = cache_file_lock(f->path);
        if (fd < 0)
                return fd;
        f->lock = fd;
        return 0;
}

void held_file_unlock(struct held_file *f)
{
        if (f->lock >= 0)
                (void)close(f->lock);
        f->lock = -1;
}
