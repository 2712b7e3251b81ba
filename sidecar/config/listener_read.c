// SPDX-License-Identifier: Apache-2.0
#include "sidecar/config/listener_read.h"

#include <stddef.h>
#include <string.h>

#include "proto/mem/length.h"
#include "proto/wire/api.h"
#include "proto/wire/limits.h"
#include "sidecar/config/listener_check.h"

#define LISTENERS_MAX 64

static key_read_fn read_unix, read_api, read_tcp, read_allow_remote, read_any_time;

static const struct key_rule rules[] = {
    {.key = "unix", .read = read_unix},
    {.key = "mode", .read = reader_mode, .offset = offsetof(struct listener_settings, mode)},
    {.key = "group",
     .read = reader_group,
     .offset = offsetof(struct listener_settings, gid),
     .count_offset = offsetof(struct listener_settings, has_gid)},
    {.key = "tcp", .read = read_tcp},
    {.key = "allow_remote", .read = read_allow_remote},
    {.key = "api", .read = read_api},
    {.key = "any_time", .read = read_any_time},
    {"profile", 0, reader_string, offsetof(struct listener_settings, profile), .is_valid = api_is_profile_name,
     .expected = "the name of a profile"},
    {.key = "authorization_token_file",
     .read = reader_new_path,
     .offset = offsetof(struct listener_settings, authorization_token_file),
     .is_secret = true},
    {.key = "upstream", .read = NULL},
    {.key = "max_body", .read = NULL},
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

static int read_tcp(struct reader *r, size_t value, const struct key_rule *rule, void *record)
{
        struct listener_settings *l = record;
        struct slice text = {NULL, 0};
        (void)rule;
        if (json_kind(r->doc, value) == JSON_STRING && reader_text(r, value, &text) < 0)
                return -1;
        if (inet_address_parse(text, &l->tcp) == 0)
                return 0;
        reader_expected(r, value, "an IP address and a port, such as \"127.0.0.1:9911\" or \"[::1]:9911\"");
        return error_hint(r->e, "names are not looked up; port 0 takes any that is free");
}

static int read_allow_remote(struct reader *r, size_t value, const struct key_rule *rule, void *record)
{
        struct listener_settings *l = record;
        (void)rule;
        return json_boolean(r->doc, value, &l->allow_remote) < 0 ? reader_expected(r, value, "true or false") : 0;
}

static const char *const api_names[] = {"native", "container", "imds", "health"}; // in the order of the bits

const char *listener_api_name(unsigned n)
{
        return n < LENGTH(api_names) ? api_names[n] : NULL;
}

static unsigned find_api(const struct reader *r, size_t node)
{
        for (unsigned n = 0; n < LENGTH(api_names); n++)
                if (json_string_is(r->doc, node, slice_str(api_names[n])))
                        return 1u << n;
        return 0;
}

static int read_api(struct reader *r, size_t value, const struct key_rule *rule, void *record)
{
        struct listener_settings *l = record;
        (void)rule;
        if (json_kind(r->doc, value) != JSON_ARRAY || json_length(r->doc, value) == 0)
                return reader_expected(r, value, "a list such as [\"native\"]");
        for (size_t node = json_first(r->doc, value); node != JSON_NONE; node = json_next(r->doc, node)) {
                unsigned api = find_api(r, node);
                l->apis |= api;
                if (api)
                        continue;
                reader_expected(
                    r, node,
                    "one of the APIs that this version supports: \"native\", \"container\", \"imds\", \"health\"");
                error_hint(r->e, "a listener without \"api\" serves native");
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
        if (json_get(r->doc, node, SLICE("api")) == JSON_NONE && json_get(r->doc, node, SLICE("tcp")) == JSON_NONE)
                l->apis = LISTENER_NATIVE;
        return listener_check(r, node, l);
}

static bool is_same_place(const struct listener_settings *a, const struct listener_settings *b)
{
        if (a->unix_path || b->unix_path)
                return a->unix_path && b->unix_path && strcmp(a->unix_path, b->unix_path) == 0;
        uint16_t port = inet_address_port(&a->tcp);
        return port > 0 && port == inet_address_port(&b->tcp) && inet_address_has_same_host(&a->tcp, &b->tcp);
}

// Each has a place of its own.
static int check_place(struct reader *r, size_t node, const struct listener_settings *list, size_t i)
{
        char address[INET_ADDRESS_SIZE] = "";
        const char *place = list[i].unix_path;
        size_t j = 0;
        while (j < i && !is_same_place(&list[j], &list[i]))
                j++;
        if (j == i)
                return 0;
        if (!place) {
                inet_address_write(&list[i].tcp, address);
                place = address;
        }
        reader_fail(r, reader_at(r, node, list[i].unix_path ? "unix" : "tcp"),
                    "found \"%s\", which listeners[%zu] has already", place, j);
        return error_hint(r->e, "set a different %s for each listener", list[i].unix_path ? "path" : "port");
}

static bool is_there(const char *name, const struct profile *profiles, size_t count)
{
        for (size_t i = 0; i < count; i++)
                if (profiles[i].name && !profiles[i].is_implied && strcmp(profiles[i].name, name) == 0)
                        return true;
        return false;
}

int listener_check_profiles(const struct reader *r, const struct listener_settings *list, size_t count,
                            const struct profile *profiles, size_t profiles_count)
{
        size_t node = json_get(r->doc, JSON_ROOT, SLICE("listeners"));
        if (node == JSON_NONE || json_kind(r->doc, node) != JSON_ARRAY)
                return 0;
        size_t at = json_first(r->doc, node);
        for (size_t i = 0; i < count && at != JSON_NONE; i++, at = json_next(r->doc, at)) {
                if (!list[i].profile || is_there(list[i].profile, profiles, profiles_count))
                        continue;
                reader_fail(r, reader_at(r, at, "profile"), "found \"%s\", which is not a profile", list[i].profile);
                error_hint(r->e, "set the name of one of \"profiles\"");
                if (reader_go_on(r) < 0)
                        return -1;
        }
        return 0;
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
                if ((read_listener(r, at, &list[i]) < 0 || check_place(r, at, list, i) < 0) && reader_go_on(r) < 0)
                        return -1;
        *ret = list;
        *ret_count = count;
        return 0;
}
