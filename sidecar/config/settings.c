// SPDX-License-Identifier: Apache-2.0
// Owns the way from the command line and the environment to the file, and the life of the settings.
#include "sidecar/config/settings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/wire/api.h"
#include "proto/wire/limits.h"
#include "sidecar/base/env.h"
#include "sidecar/base/file.h"
#include "sidecar/base/file_trust.h"
#include "sidecar/config/draft.h"
#include "sidecar/config/settings_parse.h"

#define PATH_SIZE 4096
#define XDG_NAME "keyfob/config.json"
#define HOME_NAME ".config/" XDG_NAME // the XDG specification's default

// Writes the absolute form of `path`.
static int make_absolute(const char *directory, const char *path, char out[PATH_SIZE], struct error *e)
{
        const char *slash = strcmp(directory, "/") == 0 ? "" : "/";
        int n = path[0] == '/' ? snprintf(out, PATH_SIZE, "%s", path)
                               : snprintf(out, PATH_SIZE, "%s%s%s", directory, slash, path);
        if (n < PATH_SIZE)
                return 0;
        error_set(e, ERROR_CONFIG, "found too long a path for the configuration file, expected at most %d bytes",
                  PATH_SIZE - 1);
        return error_hint(e, "set a shorter path with --config");
}

// 1: there is such a file, 0: there is none.
static int exists(const char *path, struct error *e)
{
        struct stat about;
        if (stat(path, &about) == 0)
                return 1;
        if (errno == ENOENT || errno == ENOTDIR)
                return 0;
        error_set_errno(e, ERROR_CONFIG, "%s: cannot check whether this configuration file exists", path);
        return error_hint(e, "grant uid %lu access to its directory, or set another file with --config",
                          (unsigned long)geteuid());
}

// Writes the file's absolute path, or nothing when there is no file.
static int find_file(const struct settings_input *input, const char *directory, char out[PATH_SIZE], struct error *e)
{
        const char *named =
            input->config_path && input->config_path[0] ? input->config_path : env_get(input->env, "KEYFOB_CONFIG");
        if (named)
                return make_absolute(directory, named, out, e);
        const char *xdg = env_get(input->env, "XDG_CONFIG_HOME"), *home = env_get(input->env, "HOME");
        struct stat about;
        int there = 0;
        if (xdg && xdg[0] == '/') // the specification has relative ones ignored
                there = make_absolute(xdg, XDG_NAME, out, e) < 0 ? -1 : exists(out, e);
        else if (home && home[0] == '/')
                there = make_absolute(home, HOME_NAME, out, e) < 0 ? -1 : stat(out, &about) == 0; // also without access
        if (there == 0)
                there = make_absolute(directory, API_DEFAULT_CONFIG, out, e) < 0 ? -1 : exists(out, e);
        if (there == 0)
                out[0] = '\0';
        return there < 0 ? -1 : 0;
}

// Settings from the file at `path`; its directory is what paths in it are relative to. `base` has all but these two.
static int load_file(const struct settings_source *base, const char *path, struct settings **ret, struct error *e)
{
        char directory[PATH_SIZE];
        struct buffer text;
        const char *slash = strrchr(path, '/');
        size_t n = slash == path ? 1 : (size_t)(slash - path);
        memcpy(directory, path, n);
        directory[n] = '\0';
        struct settings_source source = *base;
        source.file = path;
        source.directory = directory;

        if (file_trust_check(base->trust, path, "configuration file", e) < 0) {
                (void)error_hint(e, "change its owner and mode (chmod go-w), or trust its directory with "
                                    "keyfobd --trusted-directory");
                return -1;
        }
        buffer_init(&text, LIMIT_CONFIG_FILE);
        int r = file_read(path, "configuration file", &text, e);
        if (r == 0)
                r = settings_parse(&source, buffer_slice(&text), ret, e);
        buffer_free(&text);
        return r;
}

int settings_load(const struct settings_input *input, struct settings **ret, struct error *e)
{
        static const struct file_trust nothing = {NULL, 0};
        char directory[PATH_SIZE], path[PATH_SIZE];
        if (!getcwd(directory, sizeof(directory))) {
                error_set_errno(e, ERROR_CONFIG, "cannot determine the working directory");
                return error_hint(e, "start the agent in a directory that exists, such as /");
        }
        struct settings_source source = {.working_directory = directory,
                                         .socket_path = input->socket_path,
                                         .host_name = input->host_name,
                                         .env = input->env,
                                         .check_files = true,
                                         .trust = input->trust ? input->trust : &nothing,
                                         .faults = input->faults};
        if (find_file(input, directory, path, e) < 0)
                return -1;
        return path[0] ? load_file(&source, path, ret, e) : settings_zero(&source, ret, e);
}

void settings_hold(struct settings *settings)
{
        (void)atomic_fetch_add_explicit(&settings->references, 1, memory_order_relaxed);
}

void settings_release(struct settings *settings)
{
        struct settings_store *store = (struct settings_store *)(void *)settings;
        if (!store || atomic_fetch_sub_explicit(&settings->references, 1, memory_order_acq_rel) > 1)
                return;
        arena_free(&store->strings);
        arena_free(&store->secrets);
        free(store);
}

size_t settings_shown_count(const struct settings *settings)
{
        size_t count = 0;
        for (size_t i = 0; i < settings->profiles_count; i++)
                count += !settings->profiles[i].is_implied;
        return count;
}

const struct profile *settings_find(const struct settings *settings, const char *name)
{
        size_t low = 0, high = settings->profiles_count;
        while (low < high) {
                size_t middle = low + (high - low) / 2;
                const struct profile *p = &settings->profiles[settings->by_name[middle]];
                int order = strcmp(name, p->name);
                if (order == 0)
                        return p;
                if (order < 0)
                        high = middle;
                else
                        low = middle + 1;
        }
        return NULL;
}
