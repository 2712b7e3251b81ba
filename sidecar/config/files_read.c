// SPDX-License-Identifier: Apache-2.0
#include "sidecar/config/files_read.h"

#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "proto/mem/length.h"
#include "proto/wire/api.h"

enum { FILES_MAX = 256, WORDS_MAX = 64 };

#define DEFAULT_MODE 0600
#define GROUP_MODE 0640
#define NEEDED_MODE 0400
#define REFUSED_MODE 0133 // nobody else writes it, and nobody executes it

#define FIELD(member) .offset = offsetof(struct file_settings, member)

static key_read_fn read_format;

// Empty ones, too; and no string has a NUL.
static bool is_word(struct slice text)
{
        (void)text;
        return true;
}

static const struct key_rule rules[] = {
    {"profile", 0, reader_string, FIELD(profile), .is_valid = api_is_profile_name, .expected = "the name of a profile"},
    {.key = "format", .read = read_format},
    {.key = "path", .read = reader_new_path, FIELD(path), .is_secret = true},
    {.key = "mode", .read = reader_mode, FIELD(mode)},
    {.key = "group", .read = reader_group, FIELD(gid), .count_offset = offsetof(struct file_settings, has_gid)},
    {"on_rotate", 0, reader_strings, FIELD(on_rotate), offsetof(struct file_settings, on_rotate_count),
     .is_valid = is_word, .expected = "a word of a command", .min = 1, .max = WORDS_MAX},
};

const struct key_table file_keys = {rules, LENGTH(rules), "a file", NULL, 0};

static int read_format(struct reader *r, size_t value, const struct key_rule *rule, void *record)
{
        struct file_settings *f = record;
        struct slice text = {NULL, 0};
        (void)rule;
        if (json_kind(r->doc, value) == JSON_STRING && reader_text(r, value, &text) < 0)
                return -1;
        if (export_format_find(text, &f->format) < 0)
                return reader_expected(r, value, "one of " EXPORT_FORMAT_NAMES);
        return 0;
}

static int check_needed(struct reader *r, size_t node)
{
        static const char *const needed[] = {"profile", "format", "path"};
        for (size_t i = 0; i < LENGTH(needed); i++) {
                if (json_get(r->doc, node, slice_str(needed[i])) != JSON_NONE)
                        continue;
                reader_fail(r, node, "found no \"%s\", which a file needs", needed[i]);
                return error_hint(r->e, "add \"profile\", \"format\" and \"path\"");
        }
        return 0;
}

static int read_file(struct reader *r, size_t node, struct file_settings *f)
{
        f->mode = (mode_t)-1;
        if (reader_object(r, node, &file_keys, f) < 0 || check_needed(r, node) < 0)
                return -1;
        if (f->mode == (mode_t)-1)
                f->mode = f->has_gid ? GROUP_MODE : DEFAULT_MODE;
        if (!(f->mode & NEEDED_MODE) || (f->mode & REFUSED_MODE)) {
                reader_expected(r, reader_at(r, node, "mode"),
                                "a mode by which the agent can read the file, nobody else write and nobody execute it");
                return error_hint(r->e, "set \"0600\", or \"0640\" with a \"group\"");
        }
        if (f->on_rotate_count > 0 && f->on_rotate[0] && f->on_rotate[0][0] == '\0') {
                reader_fail(r, reader_at(r, node, "on_rotate"), "found \"\" as the name of the command");
                return error_hint(r->e, "set the path of a program, or a name in PATH of the agent, and its arguments");
        }
        return 0;
}

// --- one file, one purpose ---

// Links in the directories followed, where they exist already.
static bool is_same_file(const struct reader *r, const char *a, const char *b)
{
        char directory_a[PATH_MAX], directory_b[PATH_MAX], real_a[PATH_MAX], real_b[PATH_MAX];
        if (strcmp(a, b) == 0)
                return true;
        const char *name_a = strrchr(a, '/'), *name_b = strrchr(b, '/');
        size_t n_a = name_a ? (size_t)(name_a - a) : PATH_MAX, n_b = name_b ? (size_t)(name_b - b) : PATH_MAX;
        if (!r->check_files || n_a >= PATH_MAX || n_b >= PATH_MAX || strcmp(name_a, name_b) != 0)
                return false;
        memcpy(directory_a, a, n_a);
        memcpy(directory_b, b, n_b);
        directory_a[n_a] = directory_b[n_b] = '\0';
        return realpath(n_a > 0 ? directory_a : "/", real_a) && realpath(n_b > 0 ? directory_b : "/", real_b) &&
               strcmp(real_a, real_b) == 0;
}

static int check_place(struct reader *r, size_t node, const struct file_settings *list, size_t i)
{
        size_t j = 0;
        while (j < i && !(list[i].path && list[j].path && is_same_file(r, list[i].path, list[j].path)))
                j++;
        if (j == i)
                return 0;
        reader_fail(r, reader_at(r, node, "path"), "found \"%s\", which files[%zu] has already", list[i].path, j);
        return error_hint(r->e, "set a different path for each file");
}

int files_read_all(struct reader *r, size_t node, struct file_settings **ret, size_t *ret_count)
{
        if (json_kind(r->doc, node) != JSON_ARRAY)
                return reader_expected(r, node, "a list of files");
        size_t count = json_length(r->doc, node);
        if (count < 1 || count > FILES_MAX) {
                reader_fail(r, node, "found %zu files, expected 1 to %d", count, FILES_MAX);
                return error_hint(r->e, "remove \"files\" if the agent is to write none");
        }
        struct file_settings *list = arena_array(r->strings, count, sizeof(*list));
        if (!list)
                return reader_no_memory(r);
        size_t i = 0;
        for (size_t at = json_first(r->doc, node); at != JSON_NONE; at = json_next(r->doc, at), i++)
                if ((read_file(r, at, &list[i]) < 0 || check_place(r, at, list, i) < 0) && reader_go_on(r) < 0)
                        return -1;
        *ret = list;
        *ret_count = count;
        return 0;
}

static struct profile *find(const char *name, struct profile *profiles, size_t count)
{
        for (size_t i = 0; i < count; i++)
                if (profiles[i].name && !profiles[i].is_implied && strcmp(profiles[i].name, name) == 0)
                        return &profiles[i];
        return NULL;
}

static const char *other_use(const struct reader *r, const struct settings *settings, const char *path)
{
        if (is_same_file(r, path, r->file))
                return "the configuration file";
        for (size_t i = 0; i < settings->listeners_count; i++) {
                const struct listener_settings *l = &settings->listeners[i];
                if (l->unix_path && is_same_file(r, path, l->unix_path))
                        return "the socket of a listener";
                if (l->authorization_token_file && is_same_file(r, path, l->authorization_token_file))
                        return "the token file of a listener";
        }
        return NULL;
}

static int check(const struct reader *r, size_t at, const struct file_settings *f, const struct settings *settings,
                 struct profile *profiles, size_t profiles_count)
{
        const char *use = f->path ? other_use(r, settings, f->path) : NULL;
        if (use) {
                reader_fail(r, reader_at(r, at, "path"), "found \"%s\", which is %s", f->path, use);
                return error_hint(r->e, "set the path of a file of its own: the agent replaces it");
        }
        struct profile *p = f->profile ? find(f->profile, profiles, profiles_count) : NULL;
        if (p)
                p->on_demand = false; // nobody asks for what is in a file
        if (p || !f->profile)
                return 0;
        reader_fail(r, reader_at(r, at, "profile"), "found \"%s\", which is not a profile", f->profile);
        return error_hint(r->e, "set the name of one of \"profiles\"");
}

int files_check(const struct reader *r, const struct settings *settings, struct profile *profiles,
                size_t profiles_count)
{
        size_t node = json_get(r->doc, JSON_ROOT, SLICE("files"));
        if (node == JSON_NONE || json_kind(r->doc, node) != JSON_ARRAY)
                return 0;
        size_t at = json_first(r->doc, node);
        for (size_t i = 0; i < settings->files_count && at != JSON_NONE; i++, at = json_next(r->doc, at))
                if (check(r, at, &settings->files[i], settings, profiles, profiles_count) < 0 && reader_go_on(r) < 0)
                        return -1;
        return 0;
}
