// SPDX-License-Identifier: Apache-2.0
#include "sidecar/app/listeners.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sidecar/base/env.h"
#include "sidecar/config/settings.h"
#include "sidecar/io/unix_listen.h"

#define FIRST_ACTIVATED_FD 3 // SD_LISTEN_FDS_START, sd_listen_fds(3)

struct listener_file {
        int fd; // -1: taken
        char *path;
        mode_t mode;
        bool has_gid;
        gid_t gid;
        ino_t inode;
        bool any_time;
};

struct listeners {
        size_t count;
        struct listener_file files[];
};

static void forget(struct listener_file *file)
{
        free(file->path);
        *file = (struct listener_file){.fd = -1};
}

static int open_file(struct listener_file *file, const struct listener_settings *settings, struct error *e)
{
        const struct unix_listen options = {
            .path = settings->unix_path, .mode = settings->mode, .has_gid = settings->has_gid, .gid = settings->gid};
        file->path = strdup(settings->unix_path);
        file->mode = settings->mode;
        file->has_gid = settings->has_gid;
        file->gid = settings->gid;
        if (!file->path)
                error_set(e, ERROR_INTERNAL, "out of memory");
        else if ((file->fd = unix_listen_open(&options, &file->inode, e)) >= 0)
                return 0;
        forget(file); // not ours, so not to be unlinked
        return -1;
}

struct listeners *listeners_open(const struct settings *settings, const struct env *env, struct error *e)
{
        int activated = unix_listen_activated(env_get(env, "LISTEN_PID"), env_get(env, "LISTEN_FDS"), e);
        if (activated < 0)
                return NULL;
        size_t given = (size_t)activated;
        size_t count = given > settings->listeners_count ? given : settings->listeners_count;
        struct listeners *l = calloc(1, sizeof(*l) + count * sizeof(l->files[0]));
        if (!l) {
                error_set(e, ERROR_INTERNAL, "out of memory");
                return NULL;
        }
        for (; l->count < count; l->count++) {
                struct listener_file *file = &l->files[l->count];
                file->any_time = l->count < settings->listeners_count && settings->listeners[l->count].any_time;
                if (l->count < given)
                        file->fd = FIRST_ACTIVATED_FD + (int)l->count;
                else if (open_file(file, &settings->listeners[l->count], e) < 0)
                        break;
        }
        if (l->count < count) {
                listeners_close(l);
                return NULL;
        }
        return l;
}

size_t listeners_count(const struct listeners *l)
{
        return l->count;
}

int listeners_take(struct listeners *l, size_t index)
{
        int fd = l->files[index].fd;
        l->files[index].fd = -1;
        return fd;
}

const char *listeners_path(const struct listeners *l, size_t index)
{
        return l->files[index].path;
}

bool listeners_any_time(const struct listeners *l, size_t index)
{
        return l->files[index].any_time;
}

static bool is_as(const struct listener_file *file, const struct listener_settings *settings)
{
        if (!file->path)
                return true;
        bool is_same_group = file->has_gid == settings->has_gid && file->gid == settings->gid;
        return strcmp(file->path, settings->unix_path) == 0 && file->mode == settings->mode && is_same_group &&
               file->any_time == settings->any_time;
}

bool listeners_are_as(const struct listeners *l, const struct settings *settings)
{
        for (size_t i = 0; i < l->count && i < settings->listeners_count; i++)
                if (!is_as(&l->files[i], &settings->listeners[i]))
                        return false;
        bool has_more = l->count > settings->listeners_count && l->files[l->count - 1].path;
        return !has_more && l->count >= settings->listeners_count;
}

void listeners_close(struct listeners *l)
{
        if (!l)
                return;
        for (size_t i = 0; i < l->count; i++) {
                struct listener_file *file = &l->files[i];
                if (file->path)
                        unix_listen_unlink(file->path, file->inode);
                if (file->fd >= 0)
                        close(file->fd);
                forget(file);
        }
        free(l);
}
