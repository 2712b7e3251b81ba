// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/wait_reasons.h"

#include "clients/c/errors.h"
#include "clients/cli/cli.h"
#include "proto/mem/buffer.h"
#include "proto/wire/json_read.h"

enum { TEXT_MAX = 64 * 1024 };

static bool is_waited_for(const struct options *o, const struct json_doc *doc, size_t profile)
{
        size_t name = json_get(doc, profile, SLICE("name"));
        size_t on_demand = json_get(doc, profile, SLICE("on_demand"));
        const char *option = o->values[OPTION_PROFILE];
        if (name == JSON_NONE)
                return false;
        if (o->arguments_count == 0 && !option)
                return on_demand == JSON_NONE || json_kind(doc, on_demand) != JSON_TRUE;
        for (size_t i = 0; i < o->arguments_count; i++)
                if (json_string_is(doc, name, slice_str(o->arguments[i])))
                        return true;
        return option && json_string_is(doc, name, slice_str(option));
}

static bool is_held(const struct json_doc *doc, size_t profile)
{
        size_t state = json_get(doc, profile, SLICE("state"));
        return state != JSON_NONE &&
               (json_string_is(doc, state, SLICE("fresh")) || json_string_is(doc, state, SLICE("stale")));
}

// "keyfob: profile irsa: AccessDenied: …", with the hint.
static void print_last_error(const struct json_doc *doc, size_t last_error)
{
        struct buffer detail, hint;
        struct keyfob_error error;
        size_t hint_node = json_get(doc, last_error, SLICE("hint"));
        buffer_init(&detail, TEXT_MAX);
        buffer_init(&hint, TEXT_MAX);
        if (hint_node != JSON_NONE)
                (void)json_string(doc, hint_node, &hint);
        if (json_string(doc, json_get(doc, last_error, SLICE("detail")), &detail) == 0 && buffer_c_str(&detail)) {
                (void)errors_set(&error, KEYFOB_REFUSED, buffer_c_str(&hint), "%s", buffer_c_str(&detail));
                (void)cli_fail_with(&error);
        }
        buffer_free(&hint);
        buffer_free(&detail);
}

void wait_print_reasons(const struct options *o, struct slice json)
{
        struct json_doc doc;
        struct json_fault fault;
        json_doc_init(&doc);
        size_t list = json_parse(&doc, json, &fault) == 0 ? json_get(&doc, JSON_ROOT, SLICE("profiles")) : JSON_NONE;
        size_t profile = list != JSON_NONE && json_kind(&doc, list) == JSON_ARRAY ? json_first(&doc, list) : JSON_NONE;
        for (; profile != JSON_NONE; profile = json_next(&doc, profile)) {
                size_t error = json_get(&doc, profile, SLICE("last_error"));
                bool has_detail = json_get(&doc, error, SLICE("detail")) != JSON_NONE;
                if (has_detail && !is_held(&doc, profile) && is_waited_for(o, &doc, profile))
                        print_last_error(&doc, error);
        }
        json_doc_free(&doc);
}
