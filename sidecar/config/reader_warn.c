// SPDX-License-Identifier: Apache-2.0
// Owns what loading finds that is not wrong enough to refuse the configuration.
#include <stdio.h>
#include <string.h>

#include "sidecar/config/json_path.h"
#include "sidecar/config/reader.h"

#define PATH_TEXT 300 // of a JSON path
#define PLACE_SIZE (READER_PATH_LONGEST + 32)

static bool is_known(const struct settings_warnings *all, const char *place, const char *text)
{
        for (size_t i = 0; i < all->count && i < SETTINGS_WARNINGS_MAX; i++)
                if (strcmp(all->list[i].file, place) == 0 && strcmp(all->list[i].text, text) == 0)
                        return true;
        return false;
}

int reader_warn_of(const struct reader *r, const char *place, const char *event, const char *hint, const char *text)
{
        struct settings_warnings *all = r->warnings;
        char *kept_place = NULL, *kept_text = NULL;
        if (!all || is_known(all, place, text))
                return 0;
        if (all->count < SETTINGS_WARNINGS_MAX) {
                if (reader_keep(r, slice_str(place), &kept_place) < 0 ||
                    reader_keep(r, slice_str(text), &kept_text) < 0)
                        return -1;
                all->list[all->count] = (struct settings_warning){event, kept_place, kept_text, hint};
        }
        all->count++;
        return 0;
}

int reader_warn(const struct reader *r, size_t node, const char *event, const char *hint, const char *format, ...)
{
        char text[sizeof(r->e->message)], whole[sizeof(text) + PATH_TEXT], place[PLACE_SIZE];
        struct json_fault at;
        struct buffer path;
        va_list args;
        va_start(args, format);
        (void)vsnprintf(text, sizeof(text), format, args);
        va_end(args);
        if (node == JSON_NONE || !r->doc)
                return reader_warn_of(r, r->file, event, hint, text);
        json_locate(r->doc, node, &at);
        buffer_init(&path, PATH_TEXT);
        json_path(r->doc, node, &path);
        const char *path_text = path.n ? buffer_c_str(&path) : NULL;
        (void)snprintf(place, sizeof(place), "%s:%u:%u", r->file, at.line, at.column);
        (void)snprintf(whole, sizeof(whole), "%s%s%s", path_text ? path_text : "", path_text ? ": " : "", text);
        buffer_free(&path);
        return reader_warn_of(r, place, event, hint, whole);
}
