// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/wait_verdict.h"

#include <unistd.h>

#include "clients/cli/cli.h"
#include "clients/cli/profile_state.h"

enum { REASONS_MAX = 10 };

static bool names_any(const struct options *o)
{
        return o->arguments_count > 0 || options_has(o, OPTION_PROFILE);
}

static bool is_waited_for(const struct options *o, const struct json_doc *doc, size_t profile)
{
        if (!names_any(o))
                return !profile_state_is_on_demand(doc, profile);
        for (size_t i = 0; i < o->arguments_count; i++)
                if (profile_state_is_named(doc, profile, o->arguments[i]))
                        return true;
        return options_has(o, OPTION_PROFILE) && profile_state_is_named(doc, profile, o->values[OPTION_PROFILE]);
}

static bool lists(const struct json_doc *doc, const char *name)
{
        for (size_t p = profile_state_first(doc); p != JSON_NONE; p = json_next(doc, p))
                if (profile_state_is_named(doc, p, name))
                        return true;
        return false;
}

static const char *find_unlisted(const struct options *o, const struct json_doc *doc)
{
        for (size_t i = 0; i < o->arguments_count; i++)
                if (!lists(doc, o->arguments[i]))
                        return o->arguments[i];
        return options_has(o, OPTION_PROFILE) && !lists(doc, o->values[OPTION_PROFILE]) ? o->values[OPTION_PROFILE]
                                                                                        : NULL;
}

// How many there were to print.
static size_t print_errors(const struct options *o, const struct json_doc *doc,
                           bool (*is_meant)(const struct json_doc *doc, size_t profile))
{
        size_t count = 0;
        for (size_t p = profile_state_first(doc); p != JSON_NONE; p = json_next(doc, p))
                if (is_waited_for(o, doc, p) && is_meant(doc, p) && ++count <= REASONS_MAX)
                        (void)profile_state_print_error(doc, p);
        if (count > REASONS_MAX)
                (void)cli_fail(EXIT_FAILED, "run `keyfob status` to see all", "… and %zu more", count - REASONS_MAX);
        return count;
}

static bool is_empty(const struct json_doc *doc, size_t profile)
{
        return !profile_state_is_held(doc, profile);
}

static bool has_waited_for(const struct options *o, const struct json_doc *doc)
{
        for (size_t p = profile_state_first(doc); p != JSON_NONE; p = json_next(doc, p))
                if (is_waited_for(o, doc, p))
                        return true;
        return false;
}

// None was named, and none is kept fresh.
static enum wait_verdict judge_none(const struct json_doc *doc)
{
        if (lists(doc, CLI_DEFAULT_PROFILE))
                return WAIT_FOR_DEFAULT;
        if (profile_state_first(doc) != JSON_NONE)
                return WAIT_READY; // all were configured to be fetched when they are asked for
        (void)cli_fail(EXIT_FAILED, CLI_NO_PROFILE_HINT, CLI_NO_PROFILE, (unsigned long)geteuid());
        return WAIT_IN_VAIN;
}

static enum wait_verdict judge(const struct options *o, const struct json_doc *doc, bool is_ready,
                               const char **ret_unlisted)
{
        *ret_unlisted = find_unlisted(o, doc);
        if (!names_any(o) && !has_waited_for(o, doc))
                return judge_none(doc);
        if (is_ready)
                return WAIT_READY;
        if (print_errors(o, doc, profile_state_is_unconfigured) > 0) {
                (void)cli_fail(EXIT_FAILED,
                               "write ~/.aws/config, set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or write a "
                               "configuration for keyfobd",
                               "nothing else is configured");
                return WAIT_IN_VAIN;
        }
        return print_errors(o, doc, profile_state_needs_user) > 0 ? WAIT_IN_VAIN : WAIT_NOT_YET;
}

enum wait_verdict wait_judge(const struct options *o, struct slice json, bool is_ready, const char **ret_unlisted)
{
        struct json_doc doc;
        struct json_fault fault;
        enum wait_verdict verdict = WAIT_NOT_YET;
        *ret_unlisted = NULL;
        json_doc_init(&doc);
        if (json_parse(&doc, json, &fault) == 0)
                verdict = judge(o, &doc, is_ready, ret_unlisted);
        json_doc_free(&doc);
        return verdict;
}

void wait_print_reasons(const struct options *o, struct slice json)
{
        struct json_doc doc;
        struct json_fault fault;
        json_doc_init(&doc);
        if (json_parse(&doc, json, &fault) == 0)
                (void)print_errors(o, &doc, is_empty);
        json_doc_free(&doc);
}
