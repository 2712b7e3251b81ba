// SPDX-License-Identifier: Apache-2.0
#include "sidecar/config/resolution.h"

#include <search.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "proto/mem/length.h"

#define PLACE_SIZE (READER_PATH_LONGEST + 32)
#define TEXT_SIZE 256

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
        r->names = NULL;
        r->has_files = false;
}

bool resolution_is_forgotten(const struct resolution *r, const struct aws_section *s)
{
        static const char *const keys[] = {"region",
                                           "output",
                                           "role_arn",
                                           "source_profile",
                                           "sso_session",
                                           "sso_start_url",
                                           "sso_account_id",
                                           "credential_process",
                                           "credential_source",
                                           "aws_access_key_id",
                                           "login_session",
                                           "web_identity_token_file"};
        if (s->kind != AWS_SECTION_IGNORED || shared_files_find(&r->files, AWS_SECTION_PROFILE, s->name))
                return false;
        for (size_t i = 0; i < LENGTH(keys); i++)
                if (aws_section_get(s, keys[i]))
                        return true;
        return false;
}

// Of sections that AWS tools pass over, those that look like profiles.
static int warn_of_ignored(const struct resolution *r)
{
        char place[PLACE_SIZE], text[TEXT_SIZE];
        for (size_t i = 0; i < r->files.ini.count; i++) {
                const struct aws_section *s = &r->files.ini.sections[i];
                if (!resolution_is_forgotten(r, s))
                        continue;
                const char *blank = strrchr(s->name, ' ');
                (void)snprintf(place, sizeof(place), "%s:%u", r->files.files[s->file].path, s->line);
                (void)snprintf(text, sizeof(text), "found [%.80s], which AWS tools ignore, expected [profile %.80s]",
                               s->name, blank ? blank + 1 : s->name);
                if (reader_warn_of(r->reader, place, "ignored_section", "begin it as [profile NAME]", text) < 0)
                        return -1;
        }
        return 0;
}

int resolution_need_files(struct resolution *r)
{
        if (r->has_files)
                return 0;
        r->has_files = true;
        return shared_files_load(&r->files, r->reader) < 0 ? -1 : warn_of_ignored(r);
}

bool resolution_reuse(struct resolution *r, const char *name)
{
        const struct name_node key = {name, 0};
        struct name_node *const *found = tfind(&key, &r->names, compare);
        if (found && !r->on_demand)
                r->draft->profiles[(*found)->index].on_demand = false;
        return found;
}

int resolution_add(struct resolution *r, const struct profile *p)
{
        struct draft *d = r->draft;
        struct name_node *node = malloc(sizeof(*node));
        if (!node)
                return reader_no_memory(r->reader);
        *node = (struct name_node){p->name, d->count};
        if (!tsearch(node, &r->names, compare)) {
                free(node);
                return reader_no_memory(r->reader);
        }
        struct profile *added = draft_add(d, d->origins[r->owner]);
        if (!added)
                return -1;
        *added = *p;
        added->is_implied = true;
        added->stands_for = d->profiles[r->owner].name;
        added->on_demand = r->on_demand;
        added->declared_type = p->type;
        return 0;
}

int resolution_link(struct resolution *r, const char *name, const char *format, ...)
{
        if (r->links_count == RESOLUTION_LINKS_MAX)
                return error_set(r->reader->e, ERROR_INTERNAL, "the chain of credential sources is too long");
        struct chain_link *link = &r->links[r->links_count];
        if (reader_keep(r->reader, slice_str(name), &link->name) < 0)
                return -1;
        va_list args;
        va_start(args, format);
        int result = reader_keep_print_args(r->reader, &link->outcome, format, args);
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
