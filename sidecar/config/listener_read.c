// SPDX-License-Identifier: Apache-2.0
#include "sidecar/config/listener_read.h"

#include <stddef.h>
#include <string.h>

#include "proto/mem/length.h"
#include "proto/wire/limits.h"

#define LISTENERS_MAX 64

static key_read_fn read_unix, read_mode, read_group, read_api, read_any_time;

static const struct key_rule rules[] = {
    {.key = "unix", .read = read_unix},
    {.key = "mode", .read = read_mode},
    {.key = "group", .read = read_group},
    {.key = "api", .read = read_api},
    {.key = "any_time", .read = read_any_time},
    {.key = "tcp", .read = NULL},
    {.key = "profile", .read = NULL},
    {.key = "upstream", .read = NULL},
    {.key = "max_body", .read = NULL},
    {.key = "allow_remote", .read = NULL},
    {.key = "authorization_token_file", .read = NULL},
};

const struct key_table listener_keys = {rules, LENGTH(rules), "a listener", NULL, 0};

static int read_unix(struct reader *r, size_t value, const struct key_rule *rule, void *record)
{
        struct listener_settings *l = record;
        struct slice text = {NULL, 0};
        (void)rule;
        if (json_kind(r->doc, value) != JSON_STRING)
                return reader_expected(r, value, "the path of a socket");
        if (reader_text(r, value, &text) < 0)
                return -1;
        if (text.n == 0 || text.p[text.n - 1] == '/')
                return reader_expected(r, value, "the path of a socket");
        if (reader_keep_path(r, text, &l->unix_path) < 0)
                return -1;
        if (strlen(l->unix_path) <= LIMIT_UNIX_PATH)
                return 0;
        reader_fail(r, value, "found a path of %zu bytes, expected at most %d (\"%s\")", strlen(l->unix_path),
                    LIMIT_UNIX_PATH, l->unix_path);
        return error_hint(r->e, "set a shorter path: the system limits socket paths");
}

static int read_mode(struct reader *r, size_t value, const struct key_rule *rule, void *record)
{
        struct listener_settings *l = record;
        struct slice text = {NULL, 0};
        (void)rule;
        if (json_kind(r->doc, value) == JSON_STRING && reader_text(r, value, &text) < 0)
                return -1;
        if (text.n == 4 && text.p[0] == '0')
                text = slice_from(text, 1);
        mode_t mode = 0;
        bool is_octal = text.n == 3;
        for (size_t i = 0; i < text.n && is_octal; i++) {
                is_octal = text.p[i] >= '0' && text.p[i] <= '7';
                mode = mode * 8 + (mode_t)(text.p[i] - '0');
        }
        if (!is_octal)
                return reader_expected(r, value, "an octal mode in quotes, such as \"0660\"");
        l->mode = mode;
        return 0;
}

static int read_group(struct reader *r, size_t value, const struct key_rule *rule, void *record)
{
        struct listener_settings *l = record;
        struct slice text = {NULL, 0};
        (void)rule;
        if (json_kind(r->doc, value) != JSON_STRING)
                return reader_expected(r, value, "a group's name or number, in quotes");
        if (reader_text(r, value, &text) < 0)
                return -1;
        l->has_gid = true;
        return reader_account(r, value, ACCOUNT_GROUP, text, &l->gid);
}

static int read_api(struct reader *r, size_t value, const struct key_rule *rule, void *record)
{
        (void)rule;
        (void)record;
        if (json_kind(r->doc, value) != JSON_ARRAY || json_length(r->doc, value) == 0)
                return reader_expected(r, value, "a list: [\"native\"]");
        for (size_t node = json_first(r->doc, value); node != JSON_NONE; node = json_next(r->doc, node)) {
                if (json_string_is(r->doc, node, SLICE("native")))
                        continue;
                reader_expected(r, node, "\"native\", the only one that this version supports");
                error_hint(r->e, "remove it: a listener without \"api\" serves native");
                if (reader_go_on(r) < 0)
                        return -1;
        }
        return 0;
}

static int read_any_time(struct reader *r, size_t value, const struct key_rule *rule, void *record)
{
        struct listener_settings *l = record;
        (void)rule;
        return json_boolean(r->doc, value, &l->any_time) < 0 ? reader_expected(r, value, "true or false") : 0;
}

static int read_listener(struct reader *r, size_t node, struct listener_settings *l)
{
        l->mode = LISTENER_DEFAULT_MODE;
        if (reader_object(r, node, &listener_keys, l) < 0)
                return -1;
        if (l->unix_path || json_get(r->doc, node, SLICE("unix")) != JSON_NONE)
                return 0;
        reader_fail(r, node, "found no \"unix\", which a listener needs");
        return error_hint(r->e, "add \"unix\" with the path of the socket");
}

// Each has a path of its own.
static int check_path(struct reader *r, size_t node, const struct listener_settings *list, size_t i)
{
        size_t j = 0;
        while (j < i && !(list[i].unix_path && list[j].unix_path && strcmp(list[j].unix_path, list[i].unix_path) == 0))
                j++;
        if (j == i)
                return 0;
        reader_fail(r, reader_at(r, node, "unix"), "found \"%s\", which listeners[%zu] has already", list[i].unix_path,
                    j);
        return error_hint(r->e, "set a different path for each listener");
}

int listener_read_all(struct reader *r, size_t node, struct listener_settings **ret, size_t *ret_count)
{
        if (json_kind(r->doc, node) != JSON_ARRAY)
                return reader_expected(r, node, "a list of listeners");
        size_t count = json_length(r->doc, node);
        if (count < 1 || count > LISTENERS_MAX) {
                reader_fail(r, node, "found %zu listeners, expected 1 to %d", count, LISTENERS_MAX);
                return error_hint(r->e, "remove \"listeners\" for one at the default path");
        }
        struct listener_settings *list = arena_array(r->strings, count, sizeof(*list));
        if (!list)
                return reader_no_memory(r);
        size_t i = 0;
        for (size_t at = json_first(r->doc, node); at != JSON_NONE; at = json_next(r->doc, at), i++)
                if ((read_listener(r, at, &list[i]) < 0 || check_path(r, at, list, i) < 0) && reader_go_on(r) < 0)
                        return -1;
        *ret = list;
        *ret_count = count;
        return 0;
}
