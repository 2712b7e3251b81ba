// SPDX-License-Identifier: Apache-2.0
#include "sidecar/config/resolution.h"

#include <search.h>
#include <stdarg.h>
#include <stdlib.h>

#define TEXT_MAX ((size_t)16 * 1024)
#define FIRST_IMPLIED 8

struct name_node {
        const char *name;
        size_t index;
};

static int compare(const void *a, const void *b)
{
        const struct name_node *x = a, *y = b;
        return strcmp(x->name, y->name);
}

void resolution_free(struct resolution *r)
{
        if (r->has_files)
                shared_files_free(&r->files);
        tdestroy(r->names, free);
        free(r->implied);
        r->names = NULL;
        r->implied = NULL;
        r->has_files = false;
}

int resolution_need_files(struct resolution *r)
{
        if (r->has_files)
                return 0;
        r->has_files = true;
        return shared_files_load(&r->files, r->env, r->working_directory, r->reader->e);
}

bool resolution_reuse(struct resolution *r, const char *name)
{
        const struct name_node key = {name, 0};
        struct name_node *const *found = tfind(&key, &r->names, compare);
        if (found && !r->on_demand)
                r->implied[(*found)->index].profile.on_demand = false;
        return found;
}

int resolution_add(struct resolution *r, const struct profile *p)
{
        if (r->implied_count == r->implied_capacity) {
                size_t capacity = r->implied_capacity ? 2 * r->implied_capacity : FIRST_IMPLIED;
                struct implied *grown = realloc(r->implied, capacity * sizeof(*grown));
                if (!grown)
                        return reader_no_memory(r->reader);
                r->implied = grown;
                r->implied_capacity = capacity;
        }
        struct name_node *node = malloc(sizeof(*node));
        if (!node)
                return reader_no_memory(r->reader);
        *node = (struct name_node){p->name, r->implied_count};
        if (!tsearch(node, &r->names, compare)) {
                free(node);
                return reader_no_memory(r->reader);
        }
        struct implied *added = &r->implied[r->implied_count++];
        *added = (struct implied){.profile = *p, .owner = r->owner};
        added->profile.is_implied = true;
        added->profile.on_demand = r->on_demand;
        added->profile.declared_type = p->type;
        return 0;
}

__attribute__((format(printf, 3, 0))) static int keep(struct resolution *r, char **ret, const char *format,
                                                      va_list args)
{
        char *text = NULL;
        int n = vasprintf(&text, format, args);
        if (n < 0)
                return reader_no_memory(r->reader);
        int result = reader_keep(r->reader, slice_head(slice_str(text), TEXT_MAX), ret);
        free(text);
        return result;
}

int resolution_print(struct resolution *r, char **ret, const char *format, ...)
{
        va_list args;
        va_start(args, format);
        int result = keep(r, ret, format, args);
        va_end(args);
        return result;
}

int resolution_link(struct resolution *r, const char *name, const char *format, ...)
{
        if (r->links_count == RESOLUTION_LINKS_MAX)
                return error_set(r->reader->e, ERROR_INTERNAL, "a chain of too many links");
        struct chain_link *link = &r->links[r->links_count];
        if (reader_keep(r->reader, slice_str(name), &link->name) < 0)
                return -1;
        va_list args;
        va_start(args, format);
        int result = keep(r, &link->outcome, format, args);
        va_end(args);
        if (result == 0)
                r->links_count++;
        return result;
}

int resolution_keep_links(struct resolution *r, struct profile *p)
{
        p->chain = arena_array(r->reader->strings, r->links_count, sizeof(*p->chain));
        if (!p->chain)
                return reader_no_memory(r->reader);
        memcpy(p->chain, r->links, r->links_count * sizeof(*p->chain));
        p->chain_count = r->links_count;
        return 0;
}

int resolution_keep_path(struct resolution *r, const char *path, char **ret)
{
        struct reader here = *r->reader;
        here.directory = r->working_directory;
        return reader_keep_path(&here, slice_str(path), ret);
}

int resolution_keep_secret(struct resolution *r, const char *text, struct secret *ret)
{
        char *copy = arena_copy(r->reader->secrets, slice_str(text));
        if (!copy)
                return reader_no_memory(r->reader);
        *ret = (struct secret){(uint8_t *)copy, strlen(copy)};
        return 0;
}
