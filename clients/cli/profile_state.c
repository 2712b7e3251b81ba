// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/profile_state.h"

#include "clients/c/errors.h"
#include "clients/cli/cli.h"
#include "proto/mem/buffer.h"

enum { TEXT_MAX = 64 * 1024, FAILURES_MIN = 2 };

static bool is_text(const struct json_doc *doc, size_t object, const char *key, const char *text)
{
        size_t node = json_get(doc, object, slice_str(key));
        return node != JSON_NONE && json_string_is(doc, node, slice_str(text));
}

bool profile_state_is(const struct json_doc *doc, size_t profile, const char *state)
{
        return is_text(doc, profile, "state", state);
}

bool profile_state_is_held(const struct json_doc *doc, size_t profile)
{
        return profile_state_is(doc, profile, "fresh") || profile_state_is(doc, profile, "stale") ||
               profile_state_is(doc, profile, "expiring");
}

bool profile_state_is_on_demand(const struct json_doc *doc, size_t profile)
{
        size_t node = json_get(doc, profile, SLICE("on_demand"));
        return node != JSON_NONE && json_kind(doc, node) == JSON_TRUE;
}

bool profile_state_is_named(const struct json_doc *doc, size_t profile, const char *name)
{
        return is_text(doc, profile, "name", name);
}

bool profile_state_needs_user(const struct json_doc *doc, size_t profile)
{
        size_t error = json_get(doc, profile, SLICE("last_error"));
        return !profile_state_is_held(doc, profile) &&
               (is_text(doc, error, "kind", "config") || is_text(doc, error, "kind", "interaction"));
}

bool profile_state_is_unconfigured(const struct json_doc *doc, size_t profile)
{
        int64_t failures = 0;
        size_t chain = json_get(doc, profile, SLICE("chain")), count = json_get(doc, profile, SLICE("failures"));
        size_t link = JSON_NONE;
        if (chain == JSON_NONE || json_kind(doc, chain) != JSON_ARRAY || profile_state_is_held(doc, profile))
                return false;
        for (size_t at = json_first(doc, chain); at != JSON_NONE; at = json_next(doc, at))
                link = at;
        return is_text(doc, link, "outcome", "nothing else is configured") && count != JSON_NONE &&
               json_integer(doc, count, &failures) == 0 && failures >= FAILURES_MIN;
}

bool profile_state_print_error(const struct json_doc *doc, size_t profile)
{
        struct buffer detail, hint;
        struct keyfob_error error;
        size_t last_error = json_get(doc, profile, SLICE("last_error"));
        size_t detail_node = json_get(doc, last_error, SLICE("detail"));
        size_t hint_node = json_get(doc, last_error, SLICE("hint"));
        buffer_init(&detail, TEXT_MAX);
        buffer_init(&hint, TEXT_MAX);
        if (hint_node != JSON_NONE)
                (void)json_string(doc, hint_node, &hint);
        bool has_error =
            detail_node != JSON_NONE && json_string(doc, detail_node, &detail) == 0 && buffer_c_str(&detail);
        if (has_error) {
                (void)errors_set(&error, KEYFOB_REFUSED, hint.n > 0 && buffer_c_str(&hint) ? buffer_c_str(&hint) : "",
                                 "%s", buffer_c_str(&detail));
                (void)cli_fail_with(&error);
        }
        buffer_free(&hint);
        buffer_free(&detail);
        return has_error;
}

size_t profile_state_first(const struct json_doc *doc)
{
        size_t list = json_get(doc, JSON_ROOT, SLICE("profiles"));
        return list != JSON_NONE && json_kind(doc, list) == JSON_ARRAY ? json_first(doc, list) : JSON_NONE;
}

bool profile_state_has_any_failed(const struct json_doc *doc)
{
        if (profile_state_is(doc, JSON_ROOT, "failed"))
                return true;
        for (size_t p = profile_state_first(doc); p != JSON_NONE; p = json_next(doc, p))
                if (profile_state_is(doc, p, "failed"))
                        return true;
        return false;
}
