// SPDX-License-Identifier: Apache-2.0
#include "sidecar/config/include.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/mem/length.h"
#include "sidecar/config/values.h"

#define EXPECT_PATTERNS "an array of files such as [\"tenants.d/*.json\"]"
#define EXPECT_PATTERN "the path of a file, or a pattern such as tenants.d/*.json"
#define DIRECTORIES_MAX 64
#define WILDCARDS "*?["
#define CAPACITY_FIRST 16

void include_free(struct include_list *list)
{
        for (size_t i = 0; i < list->count; i++)
                free(list->files[i].path);
        free(list->files);
        *list = (struct include_list){0};
}

static int add(struct reader *r, size_t node, struct include_list *list, const char *path)
{
        if (list->count == LIMIT_INCLUDE_FILES_N) {
                reader_fail(r, node, "found more than %d files, expected fewer", LIMIT_INCLUDE_FILES_N);
                return error_hint(r->e, "put more profiles into each file");
        }
        if (list->count == list->capacity) {
                size_t capacity = list->capacity ? 2 * list->capacity : CAPACITY_FIRST;
                struct include_file *files = reallocarray(list->files, capacity, sizeof(*files));
                if (!files)
                        return reader_no_memory(r);
                list->files = files;
                list->capacity = capacity;
        }
        struct include_file *file = &list->files[list->count++];
        *file = (struct include_file){.path = strdup(path), .pattern = list->patterns - 1};
        return file->path ? 0 : reader_no_memory(r);
}

static int refuse_directory(struct reader *r, size_t node, const char *directory, int reason)
{
        char text[128];
        reader_fail(r, node, "found the directory \"%s\" (%s), expected one that can be read", directory,
                    strerror_r(reason, text, sizeof(text)));
        return error_hint(r->e, "create it (it may be empty), or let the agent read it");
}

// Adds what matches the last part of `path`, which is cut there.
static int add_matches(struct reader *r, size_t node, struct include_list *list, char *path)
{
        char *slash = strrchr(path, '/');
        const char *pattern = slash + 1;
        char whole[LIMIT_CONFIG_PATH];
        *slash = '\0';
        const char *directory = slash == path ? "/" : path;
        DIR *open = opendir(directory);
        if (!open)
                return errno == ENOMEM ? reader_no_memory(r) : refuse_directory(r, node, directory, errno);
        int result = 0;
        size_t before = list->count;
        for (;;) {
                errno = 0;
                const struct dirent *found = readdir(open);
                if (!found) {
                        if (errno)
                                result = refuse_directory(r, node, directory, errno);
                        break;
                }
                if (fnmatch(pattern, found->d_name, FNM_PERIOD) != 0)
                        continue;
                int n = snprintf(whole, sizeof(whole), "%s/%s", path, found->d_name);
                result = n < (int)sizeof(whole) ? add(r, node, list, whole)
                                                : reader_fail(r, node, "found a file with too long a path");
                if (result < 0)
                        break;
        }
        (void)closedir(open);
        if (result == 0 && list->count == before)
                result = reader_warn(r, node, "empty_include", "correct the pattern, if there are to be files already",
                                     "found no file in %s that matches \"%s\"", directory, pattern);
        return result;
}

static int add_pattern(struct reader *r, size_t node, struct include_list *list)
{
        char path[LIMIT_CONFIG_PATH];
        struct slice text = {NULL, 0};
        if (json_kind(r->doc, node) != JSON_STRING || slice_is_empty(json_raw(r->doc, node)))
                return reader_expected(r, node, EXPECT_PATTERN);
        if (reader_text(r, node, &text) < 0)
                return -1;
        const char *directory = text.p[0] == '/' || strcmp(r->directory, "/") == 0 ? "" : r->directory;
        int n = snprintf(path, sizeof(path), "%s%s%.*s", directory, text.p[0] == '/' ? "" : "/", (int)text.n,
                         (const char *)text.p);
        if (n >= (int)sizeof(path))
                return reader_expected(r, node, "a shorter path");
        const char *wildcard = strpbrk(path + strlen(directory), WILDCARDS); // in what was written
        if (!wildcard)
                return add(r, node, list, path);
        if (!strchr(wildcard, '/'))
                return add_matches(r, node, list, path);
        reader_fail(r, node, "found a wildcard in the name of a directory, expected one in that of a file");
        return error_hint(r->e, "add one pattern for each directory");
}

// --- what is included with more rights ---

static key_read_fn read_path, read_bool;

static const struct key_rule rules[] = {
    {.key = "path", .read = read_path},
    {.key = "allow_process", .read = read_bool, .offset = offsetof(struct include_grant, allow_process)},
    {.key = "allow_directories",
     .read = reader_strings,
     .offset = offsetof(struct include_grant, directories),
     .count_offset = offsetof(struct include_grant, directories_count),
     .is_valid = values_is_any,
     .expected = "the path of a directory",
     .max = DIRECTORIES_MAX},
};

const struct key_table include_keys = {rules, LENGTH(rules), "an element of \"include\"", NULL, 0};

// Read by add_object().
static int read_path(struct reader *r, size_t value, const struct key_rule *rule, void *record)
{
        (void)rule;
        (void)record;
        return json_kind(r->doc, value) == JSON_STRING ? 0 : reader_expected(r, value, EXPECT_PATTERN);
}

static int read_bool(struct reader *r, size_t value, const struct key_rule *rule, void *record)
{
        bool *field = reader_field(record, rule->offset);
        enum json_kind kind = json_kind(r->doc, value);
        *field = kind == JSON_TRUE;
        return kind == JSON_TRUE || kind == JSON_FALSE ? 0 : reader_expected(r, value, "true or false");
}

static int add_object(struct reader *r, size_t node, struct include_list *list)
{
        struct include_grant *grant = &list->grants[list->patterns - 1];
        if (reader_object(r, node, &include_keys, grant) < 0)
                return -1;
        for (size_t i = 0; i < grant->directories_count; i++)
                if (reader_keep_path(r, slice_str(grant->directories[i]), &grant->directories[i]) < 0)
                        return -1;
        size_t path = json_get(r->doc, node, SLICE("path"));
        if (path != JSON_NONE) // one of another type is reported already
                return json_kind(r->doc, path) == JSON_STRING ? add_pattern(r, path, list) : 0;
        reader_fail(r, node, "found no \"path\", expected it");
        return error_hint(r->e, "add \"path\": \"tenants.d/*.json\"");
}

// --- all of them ---

static int add_element(struct reader *r, size_t node, struct include_list *list)
{
        list->grants[list->patterns++] = (struct include_grant){.main_directory = r->directory};
        return json_kind(r->doc, node) == JSON_OBJECT ? add_object(r, node, list) : add_pattern(r, node, list);
}

static int compare_files(const void *a, const void *b)
{
        const struct include_file *x = a, *y = b;
        int order = strcmp(x->path, y->path);
        return order != 0 ? order : (x->pattern > y->pattern) - (x->pattern < y->pattern);
}

static void sort(struct include_list *list)
{
        size_t kept = 0;
        if (list->count > 0)
                qsort(list->files, list->count, sizeof(*list->files), compare_files);
        for (size_t i = 0; i < list->count; i++) {
                if (kept > 0 && strcmp(list->files[kept - 1].path, list->files[i].path) == 0)
                        free(list->files[i].path);
                else
                        list->files[kept++] = list->files[i];
        }
        list->count = kept;
}

int include_find(struct reader *r, size_t node, struct include_list *list)
{
        if (json_kind(r->doc, node) != JSON_ARRAY)
                return reader_expected(r, node, EXPECT_PATTERNS);
        size_t count = json_length(r->doc, node);
        if (count == 0 || count > LIMIT_INCLUDE_PATTERNS_N) {
                reader_fail(r, node, "found %zu patterns, expected 1 to %d", count, LIMIT_INCLUDE_PATTERNS_N);
                return error_hint(r->e, "use one pattern for the files of a directory, such as tenants.d/*.json");
        }
        for (size_t at = json_first(r->doc, node); at != JSON_NONE; at = json_next(r->doc, at))
                if (add_element(r, at, list) < 0 && reader_go_on(r) < 0)
                        return -1;
        sort(list);
        return 0;
}
