// SPDX-License-Identifier: Apache-2.0
// Owns what goes into the memory of the settings: texts, paths, URLs, secrets.
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "sidecar/base/env.h"
#include "sidecar/config/reader.h"

int reader_keep(const struct reader *r, struct slice text, char **ret)
{
        char *copy = arena_copy(r->strings, text);
        if (!copy)
                return reader_no_memory(r);
        *ret = copy;
        return 0;
}

int reader_keep_secret(const struct reader *r, struct slice text, struct secret *ret)
{
        char *copy = arena_copy(r->secrets, text);
        if (!copy)
                return reader_no_memory(r);
        *ret = (struct secret){(uint8_t *)copy, text.n};
        return 0;
}

int reader_keep_print_args(const struct reader *r, char **ret, const char *format, va_list args)
{
        va_list again;
        va_copy(again, args);
        size_t size = (size_t)vsnprintf(NULL, 0, format, args) + 1;
        char *text = arena_array(r->strings, size, 1);
        if (text)
                (void)vsnprintf(text, size, format, again);
        va_end(again);
        if (!text)
                return reader_no_memory(r);
        *ret = text;
        return 0;
}

int reader_keep_print(const struct reader *r, char **ret, const char *format, ...)
{
        va_list args;
        va_start(args, format);
        int result = reader_keep_print_args(r, ret, format, args);
        va_end(args);
        return result;
}

int reader_keep_url(const struct reader *r, struct slice url, char **ret)
{
        while (slice_ends_with(url, SLICE("/")))
                url.n--;
        return reader_keep(r, url, ret);
}

static int keep_path_in(const struct reader *r, const char *directory, struct slice path, char **ret)
{
        if (path.n && path.p[0] == '/')
                return reader_keep(r, path, ret);
        return reader_keep_print(r, ret, "%s%s%.*s", directory, strcmp(directory, "/") == 0 ? "" : "/", (int)path.n,
                                 (const char *)path.p);
}

int reader_keep_path(const struct reader *r, struct slice path, char **ret)
{
        return keep_path_in(r, r->directory, path, ret);
}

int reader_keep_env_path(const struct reader *r, const char *path, char **ret)
{
        return keep_path_in(r, r->working_directory, slice_str(path), ret);
}

int reader_keep_home_path(const struct reader *r, const char *variable, const char *in_home, char **ret)
{
        const char *home = env_get(r->env, "HOME");
        const char *named = variable ? env_get(r->env, variable) : NULL;
        bool is_below_home = !named || (home && strncmp(named, "~/", 2) == 0);
        int result;
        if (!named && !home)
                return 0;
        if (!is_below_home)
                result = reader_keep_env_path(r, named, ret);
        else
                result = reader_keep_print(r, ret, "%s%s%s%s", home[0] == '/' ? "" : r->working_directory,
                                           home[0] == '/' ? "" : "/", home, named ? named + 1 : in_home);
        if (result < 0 || strlen(*ret) <= READER_PATH_LONGEST)
                return result;
        error_set(r->e, ERROR_CONFIG, "environment: %s: found too long a path, expected at most %d bytes",
                  named ? variable : "HOME", READER_PATH_LONGEST);
        return error_hint(r->e, "set %s to a shorter path", named ? variable : "HOME");
}
