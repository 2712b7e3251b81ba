// SPDX-License-Identifier: Apache-2.0
#include "sidecar/config/included.h"

#include <stdlib.h>
#include <string.h>

#include "proto/mem/length.h"
#include "proto/wire/limits.h"
#include "sidecar/base/file.h"
#include "sidecar/base/file_trust.h"
#include "sidecar/config/include.h"

struct document {
        struct reader_place place; // points to the rest
        char *file, *directory;
        struct buffer text;
        struct json_doc doc;
};

struct included {
        struct include_list files;
        struct document *documents; // as many as there are files; the first `count` are in use
        size_t count, bytes;
};

static const struct key_rule rules[] = {
    {"$schema", 0, reader_nothing, .expected = "the address of the schema, a string"},
    {.key = "profiles", .read = draft_read_profiles},
};

const struct key_table included_keys = {rules, LENGTH(rules), "an included file", NULL, 0};

static int open_document(struct draft *d, struct included *all, const struct include_file *file)
{
        const char *path = file->path;
        struct reader *r = d->reader;
        struct document *document = &all->documents[all->count++];
        const char *slash = strrchr(path, '/');
        json_doc_init(&document->doc);
        buffer_init(&document->text, LIMIT_CONFIG_FILE);
        document->file = strdup(path);
        document->directory = strndup(path, slash == path ? 1 : (size_t)(slash - path));
        if (!document->file || !document->directory)
                return reader_no_memory(r);
        if (r->check_files && file_trust_check(r->trust, path, "included file", r->e) < 0)
                return -1;
        if (file_read(path, "included file", &document->text, r->e) < 0)
                return -1;
        all->bytes += document->text.n;
        if (all->bytes > LIMIT_INCLUDE_TOTAL) {
                error_set(r->e, ERROR_CONFIG, "%s: found more than %d bytes in all included files, expected fewer",
                          path, LIMIT_INCLUDE_TOTAL);
                return error_hint(r->e,
                                  "remove files that do not belong there, or split the profiles among several agents");
        }
        document->place = (struct reader_place){document->file, document->directory, &document->doc,
                                                &all->files.grants[file->pattern]};
        d->place = &document->place;
        reader_move(r, d->place);
        return reader_parse(r, buffer_slice(&document->text));
}

static int read_document(struct draft *d, struct included *all, const struct include_file *file)
{
        size_t before = d->count;
        if (open_document(d, all, file) < 0 || reader_object(d->reader, JSON_ROOT, &included_keys, d) < 0)
                return -1;
        if (d->count > before || json_get(d->reader->doc, JSON_ROOT, SLICE("profiles")) != JSON_NONE)
                return 0;
        reader_fail(d->reader, JSON_ROOT, "found no \"profiles\", which an included file needs");
        return error_hint(d->reader->e, "add \"profiles\": {\"NAME\": {\"type\": \"assume_role\", …}}");
}

static int read_all(struct draft *d, struct included *all)
{
        if (include_find(d->reader, d->include, &all->files) < 0)
                return -1;
        if (all->files.count == 0)
                return 0;
        all->documents = calloc(all->files.count, sizeof(*all->documents));
        if (!all->documents)
                return reader_no_memory(d->reader);
        int result = 0;
        for (size_t i = 0; i < all->files.count && result == 0; i++) {
                result = read_document(d, all, &all->files.files[i]);
                if (result < 0)
                        result = reader_go_on(d->reader);
        }
        d->place = &d->main;
        reader_move(d->reader, d->place);
        return result;
}

int included_read(struct draft *d, struct included **ret)
{
        *ret = calloc(1, sizeof(**ret));
        return *ret ? read_all(d, *ret) : reader_no_memory(d->reader);
}

void included_free(struct included *all)
{
        if (!all)
                return;
        for (size_t i = 0; i < all->count; i++) {
                free(all->documents[i].file);
                free(all->documents[i].directory);
                buffer_free(&all->documents[i].text);
                json_doc_free(&all->documents[i].doc);
        }
        free(all->documents);
        include_free(&all->files);
        free(all);
}
