// SPDX-License-Identifier: Apache-2.0
#include "sidecar/providers/sso_login_files.h"

#include <stdlib.h>

#include "proto/wire/limits.h"
#include "sidecar/config/profile.h"
#include "sidecar/providers/cache_file.h"
#include "sidecar/providers/provider.h"
#include "sidecar/providers/sso_cache.h"

static void write_token(struct sso_login_files *w, struct error *e)
{
        if (sso_cache_write_token(w->profile, buffer_slice(&w->text), e) < 0)
                (void)!cache_file_read(w->path, SSO_CACHE_WHAT, &w->seen, NULL); // else it counts as empty
}

static void run(void *work, struct error *e)
{
        struct sso_login_files *w = work;
        switch (w->what) {
        case SSO_LOGIN_READ_CLIENT:
                w->has_client = sso_client_load(w->profile, w->now_s, &w->client);
                break;
        case SSO_LOGIN_WRITE_CLIENT:
                sso_client_save(w->profile, buffer_slice(&w->text));
                break;
        case SSO_LOGIN_WRITE_TOKEN:
                write_token(w, e);
                break;
        }
}

static void clear(void *work)
{
        struct sso_login_files *w = work;
        sso_client_clear(&w->client);
        buffer_free(&w->text);
        buffer_free(&w->seen);
        free(w->path);
}

static const struct file_task_ops ops = {.size = sizeof(struct sso_login_files), .run = run, .clear = clear};

struct file_task *sso_login_files_start(const struct provider *p, enum sso_login_work what, int64_t now_s,
                                        struct slice text, void (*done)(void *owner, const struct error *e),
                                        void *owner, struct error *e)
{
        struct file_task *task = file_task_new(p, &ops, done, owner);
        if (!task) {
                (void)error_set(e, ERROR_INTERNAL, "out of memory");
                return NULL;
        }
        struct sso_login_files *w = file_task_work(task);
        *w = (struct sso_login_files){.what = what, .profile = p->profile, .now_s = now_s};
        sso_client_init(&w->client);
        buffer_init(&w->text, LIMIT_TOKEN_FILE);
        buffer_init(&w->seen, LIMIT_TOKEN_FILE);
        int r = sso_cache_path(p->profile, slice_str(sso_cache_token_key(p->profile)), &w->path, e);
        if (r == 0 && buffer_put(&w->text, text) < 0)
                r = error_set(e, ERROR_INTERNAL, "out of memory");
        if (r == 0) {
                file_task_start(task, w->path);
                return task;
        }
        file_task_free(task);
        return NULL;
}
