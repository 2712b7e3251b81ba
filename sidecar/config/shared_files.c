// SPDX-License-Identifier: Apache-2.0
#include "sidecar/config/shared_files.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "proto/mem/buffer.h"
#include "proto/wire/limits.h"
#include "sidecar/base/env.h"
#include "sidecar/base/file.h"
#include "sidecar/base/file_trust.h"

static const struct {
        const char *what, *variable, *in_home;
} places[AWS_FILE_COUNT] = {
    [AWS_FILE_CONFIG] = {"AWS config file", "AWS_CONFIG_FILE", "/.aws/config"},
    [AWS_FILE_CREDENTIALS] = {"AWS credentials file", "AWS_SHARED_CREDENTIALS_FILE", "/.aws/credentials"},
};

static int find(struct shared_files *f, enum aws_file which, const struct reader *r)
{
        struct shared_file *file = &f->files[which];
        file->variable = env_get(r->env, places[which].variable) ? places[which].variable : NULL;
        return reader_keep_home_path(r, places[which].variable, places[which].in_home, &file->path);
}

// Whether the file exists. Without access to the home directory, its files count as missing.
static bool is_there(const struct shared_file *file)
{
        struct stat about;
        if (stat(file->path, &about) == 0)
                return true;
        bool is_closed = errno == EACCES && !file->variable;
        return errno != ENOENT && errno != ENOTDIR && !is_closed;
}

static int read_one(struct shared_files *f, enum aws_file which, const struct reader *r)
{
        struct shared_file *file = &f->files[which];
        struct buffer text;
        if (!file->path || !is_there(file))
                return 0;
        struct stat about;
        file->is_there = true;
        file->is_device = lstat(file->path, &about) == 0 && S_ISCHR(about.st_mode);
        if (file_is_empty_device(file->path)) // AWS_CONFIG_FILE=/dev/null: no shared files
                return 0;
        if (r->check_files && file_trust_check(r->trust, file->path, places[which].what, r->e) < 0)
                return -1;
        if (which == AWS_FILE_CREDENTIALS && reader_warn_if_open(r, file->path) < 0)
                return -1;
        buffer_init(&text, LIMIT_SHARED_FILE);
        int result = file_read(file->path, places[which].what, &text, r->e);
        if (result == 0)
                result = aws_ini_parse(&f->ini, which, file->path, buffer_slice(&text), r->e);
        buffer_free(&text);
        return result;
}

static int compare(const void *a, const void *b)
{
        const struct aws_section *x = a, *y = b;
        if (x->kind != y->kind)
                return x->kind < y->kind ? -1 : 1;
        return strcmp(x->name, y->name);
}

// In the order of the files where kind and name are equal.
static int compare_all(const void *a, const void *b)
{
        const struct aws_section *x = a, *y = b;
        int order = compare(a, b);
        if (order == 0)
                order = (x->file > y->file) - (x->file < y->file);
        return order ? order : (x->line > y->line) - (x->line < y->line);
}

// Puts `more` before the properties that are there: what comes later goes first.
static void prepend(struct aws_section *section, struct aws_property *more)
{
        struct aws_property **end = &more;
        while (*end)
                end = &(*end)->next;
        *end = section->properties;
        section->properties = more;
}

static void merge(struct aws_ini *ini)
{
        bool has_profile_default = false;
        size_t kept = 0;
        for (size_t i = 0; i < ini->count; i++) {
                const struct aws_section *s = &ini->sections[i];
                has_profile_default |= s->kind == AWS_SECTION_PROFILE && s->file == AWS_FILE_CONFIG &&
                                       !s->is_plain_default && strcmp(s->name, "default") == 0;
        }
        if (ini->count > 1)
                qsort(ini->sections, ini->count, sizeof(*ini->sections), compare_all);
        for (size_t i = 0; i < ini->count; i++) {
                struct aws_section s = ini->sections[i];
                if (s.is_plain_default && has_profile_default)
                        continue;
                if (kept > 0 && compare(&ini->sections[kept - 1], &s) == 0)
                        prepend(&ini->sections[kept - 1], s.properties);
                else
                        ini->sections[kept++] = s;
        }
        ini->count = kept;
}

int shared_files_load(struct shared_files *ret, const struct reader *r)
{
        *ret = (struct shared_files){.files = {{.path = NULL}}};
        arena_init(&ret->strings, false);
        arena_init(&ret->secrets, true);
        ret->ini = (struct aws_ini){.strings = &ret->strings, .secrets = &ret->secrets};
        for (unsigned which = 0; which < AWS_FILE_COUNT; which++)
                if (find(ret, (enum aws_file)which, r) < 0 || read_one(ret, (enum aws_file)which, r) < 0)
                        return -1;
        merge(&ret->ini);
        return 0;
}

void shared_files_free(struct shared_files *f)
{
        aws_ini_free(&f->ini);
        arena_free(&f->strings);
        arena_free(&f->secrets);
}

const struct aws_section *shared_files_find(const struct shared_files *f, enum aws_section_kind kind, const char *name)
{
        if (f->ini.count == 0)
                return NULL;
        const struct aws_section key = {.kind = kind, .name = name};
        return bsearch(&key, f->ini.sections, f->ini.count, sizeof(key), compare);
}
