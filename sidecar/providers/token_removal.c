// SPDX-License-Identifier: Apache-2.0
#include "sidecar/providers/token_removal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/wire/limits.h"
#include "sidecar/providers/cache_file.h"
#include "sidecar/providers/file_task.h"

struct removal {
        char *path;
        const char *what;
        struct buffer text;
        struct error unreadable;
};

static void run(void *work, struct error *e)
{
        struct removal *w = work;
        if (cache_file_read(w->path, w->what, &w->text, &w->unreadable) < 0)
                buffer_reset(&w->text); // it goes all the same
        if (unlink(w->path) == 0 || errno == ENOENT || errno == ENOTDIR)
                return;
        (void)error_set(e, ERROR_CONFIG, "cannot remove the %s %.400s: %s", w->what, w->path, strerror(errno));
        (void)error_hint(e, "remove the file, or make its folder writable for the agent's user");
}

static void clear(void *work)
{
        struct removal *w = work;
        buffer_free(&w->text);
        free(w->path);
}

static const struct file_task_ops ops = {.size = sizeof(struct removal), .run = run, .clear = clear};

struct file_task *token_removal_start(const struct provider *p, char *path, const char *what,
                                      void (*done)(void *owner, const struct error *e), void *owner, struct error *e)
{
        struct file_task *task = file_task_new(p, &ops, done, owner);
        if (!task) {
                free(path);
                (void)error_set(e, ERROR_INTERNAL, "out of memory");
                return NULL;
        }
        struct removal *w = file_task_work(task);
        *w = (struct removal){.path = path, .what = what};
        buffer_init(&w->text, LIMIT_TOKEN_FILE);
        file_task_start(task, w->path);
        return task;
}

struct slice token_removal_text(struct file_task *task, struct error *e)
{
        const struct removal *w = file_task_work(task);
        *e = w->unreadable;
        return buffer_slice(&w->text);
}
