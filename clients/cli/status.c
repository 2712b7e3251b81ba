// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/status.h"

#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "clients/c/client.h"
#include "clients/cli/cli.h"
#include "clients/cli/commands.h"
#include "clients/cli/profile_state.h"
#include "clients/cli/status_table.h"
#include "proto/wire/limits.h"

enum { WATCH_PAUSE_S = 1, WATCH_TIMEOUT_MS = 2000 };

static const struct slice clear_screen = SLICE_INIT("\033[H\033[J"); // to the top left, and everything from there on

// 0: what reads it is a program, which finds a text on one line.
static size_t columns_of_output(void)
{
        struct winsize size;
        if (isatty(STDOUT_FILENO) != 1)
                return 0;
        bool is_known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
        return is_known ? size.ws_col : STATUS_COLUMNS_MIN;
}

static int put_status(const struct options *o, struct slice json, struct buffer *out)
{
        struct timespec now;
        if (options_has(o, OPTION_JSON)) {
                cli_put_json(out, json);
                if (!slice_ends_with(json, SLICE("\n")))
                        (void)buffer_put_byte(out, '\n');
                return out->failed ? -1 : 0;
        }
        (void)clock_gettime(CLOCK_REALTIME, &now);
        return status_table_write(json, now.tv_sec, columns_of_output(), out);
}

// EXIT_OK, or what is wrong with the profiles.
static int judge(const struct options *o, const struct json_doc *doc)
{
        return options_has(o, OPTION_CHECK) && profile_state_has_any_failed(doc) ? EXIT_FAILED : EXIT_OK;
}

static bool is_empty_list(const struct json_doc *doc)
{
        size_t list = json_get(doc, JSON_ROOT, SLICE("profiles"));
        return list != JSON_NONE && json_kind(doc, list) == JSON_ARRAY && json_length(doc, list) == 0;
}

// One write, so that nothing flickers.
static int write_status(const struct options *o, struct slice before, struct slice json)
{
        struct buffer out;
        buffer_init(&out, LIMIT_HTTP_LIST);
        (void)buffer_put(&out, before);
        int exit_code = put_status(o, json, &out) == 0
                            ? cli_write(buffer_slice(&out))
                            : cli_fail(EXIT_FAILED, NULL, "the agent's answer is not a status of profiles");
        buffer_free(&out);
        return exit_code;
}

static int print_over(const struct options *o, struct slice before, struct slice json)
{
        struct json_doc doc;
        struct json_fault fault;
        int exit_code;
        json_doc_init(&doc);
        bool is_read = json_parse(&doc, json, &fault) == 0;
        if (is_read && is_empty_list(&doc) && !options_has(o, OPTION_JSON))
                exit_code = cli_fail(EXIT_FAILED, CLI_NO_PROFILE_HINT, CLI_NO_PROFILE, (unsigned long)geteuid());
        else
                exit_code = write_status(o, before, json);
        if (is_read && exit_code == EXIT_OK)
                exit_code = judge(o, &doc);
        json_doc_free(&doc);
        return exit_code;
}

int status_print(const void *context, struct slice answer)
{
        return print_over(context, SLICE(""), answer);
}

// EXIT_OK also after a failure that may pass: an agent that restarts comes back.
static int watch_once(const struct options *o, const char *profile, struct slice before)
{
        struct keyfob_error error;
        struct slice answer;
        struct keyfob_options options = {.socket = o->values[OPTION_SOCKET], .timeout_ms = WATCH_TIMEOUT_MS};
        int exit_code;
        struct keyfob_client *client = keyfob_connect(&options, &error);
        if (client && client_call(client, "GET", profile, "", slice_of(NULL, 0), &answer, &error) == KEYFOB_OK) {
                exit_code = print_over(o, before, answer);
        } else {
                exit_code = cli_write(before);
                int failure = cli_fail_with(&error);
                if (!cli_may_retry(&error))
                        exit_code = failure;
        }
        keyfob_disconnect(client);
        return exit_code;
}

// On a terminal each table replaces the last; elsewhere they follow one another.
static int watch(const struct options *o, const char *profile)
{
        const struct timespec pause = {.tv_sec = WATCH_PAUSE_S};
        bool is_json = options_has(o, OPTION_JSON);
        bool replaces = !is_json && isatty(STDOUT_FILENO) == 1;
        struct slice before = replaces ? clear_screen : SLICE("");
        for (;;) {
                int exit_code = watch_once(o, profile, before);
                if (exit_code != EXIT_OK)
                        return exit_code;
                (void)nanosleep(&pause, NULL);
                if (!replaces && !is_json)
                        before = SLICE("\n");
        }
}

static int run(const struct options *o)
{
        const char *profile = o->arguments_count > 0 || options_has(o, OPTION_PROFILE) ? cli_profile(o) : NULL;
        if (options_has(o, OPTION_WATCH) && options_has(o, OPTION_CHECK))
                return cli_fail(EXIT_USAGE, "leave out one of the two", "--check asks once, --watch stays");
        if (options_has(o, OPTION_WATCH))
                return watch(o, profile);
        return cli_call(o, &(struct cli_call){.method = "GET",
                                              .profile = profile,
                                              .rest = "",
                                              .timeout_ms = CLI_QUICK_MS,
                                              .consume = status_print,
                                              .context = o});
}

const struct command command_status = {
    .name = "status",
    .summary = "show each profile: state, expiry, next refresh, error",
    .help = "usage: keyfob status [PROFILE] [--json] [--check | --watch]\n"
            "\n"
            "Shows each profile's type and state, when its credentials expire, when the\n"
            "agent will renew them, and the last error. With PROFILE: only that one, with\n"
            "the certificate that it signs with if it has one and, for a profile from AWS's\n"
            "files or the default chain, the source of its credentials and the sources that\n"
            "were skipped.\n"
            "\n"
            "options:\n"
            "  --json           the status as the agent sends it\n"
            "  --check          exit with 1 if a profile has failed\n"
            "  --watch          stay, and show it again each second\n" HELP_GLOBAL_OPTIONS "  keyfob status\n"
            "  keyfob status --check >/dev/null || echo 'a profile has failed'\n"
            "  keyfob status --json | python3 -m json.tool\n",
    .accepts = OPTION_BIT(OPTION_JSON) | OPTION_BIT(OPTION_CHECK) | OPTION_BIT(OPTION_WATCH),
    .arguments_max = 1,
    .run = run,
};
