// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/status.h"

#include <time.h>
#include <unistd.h>

#include "clients/cli/cli.h"
#include "clients/cli/commands.h"
#include "clients/cli/status_table.h"
#include "proto/wire/api.h"
#include "proto/wire/limits.h"

enum { WATCH_PAUSE_S = 1, WATCH_TIMEOUT_MS = 2000 };

static const char no_status[] = "the agent's answer is no status of profiles";
static const struct slice clear_screen = SLICE_INIT("\033[H\033[J"); // to the top left, and everything from there on

static int put_status(const struct options *o, struct slice json, struct buffer *out)
{
        struct timespec now;
        if (options_has(o, OPTION_JSON)) {
                (void)buffer_put(out, json);
                if (!slice_ends_with(json, SLICE("\n")))
                        (void)buffer_put_byte(out, '\n');
                return out->failed ? -1 : 0;
        }
        (void)clock_gettime(CLOCK_REALTIME, &now);
        return status_table_write(json, now.tv_sec, out);
}

// All at once, so that nothing flickers.
static int print_over(const struct options *o, struct slice before, struct slice json)
{
        struct buffer out;
        buffer_init(&out, LIMIT_HTTP_LIST);
        (void)buffer_put(&out, before);
        int exit_code =
            put_status(o, json, &out) == 0 ? cli_write(buffer_slice(&out)) : cli_say(EXIT_FAILED, no_status, NULL);
        buffer_free(&out);
        return exit_code;
}

int status_print(const struct options *o, struct slice json)
{
        return print_over(o, SLICE(""), json);
}

static int print_once(const struct options *o, const char *path)
{
        return cli_request(o, CLI_QUICK_MS, "GET", path, NULL, status_print);
}

// EXIT_OK also for what may have passed the next time: an agent that restarts will be back.
static int watch_once(const struct options *o, const char *path, struct slice before)
{
        struct keyfob_error error;
        struct keyfob_response response;
        struct keyfob_options options = {.socket = o->values[OPTION_SOCKET], .timeout_ms = WATCH_TIMEOUT_MS};
        int exit_code;
        struct keyfob_client *client = keyfob_connect(&options, &error);
        if (client && keyfob_request(client, "GET", path, NULL, &response, &error) == KEYFOB_OK) {
                exit_code = print_over(o, before, slice_of(response.body, response.body_size));
        } else {
                exit_code = cli_write(before);
                int failure = cli_say_error(&error);
                if (!cli_is_passing(&error))
                        exit_code = failure;
        }
        keyfob_disconnect(client);
        return exit_code;
}

// On a terminal each table takes the place of the last; elsewhere they follow one another.
static int watch(const struct options *o, const char *path)
{
        const struct timespec pause = {.tv_sec = WATCH_PAUSE_S};
        bool is_json = options_has(o, OPTION_JSON);
        bool replaces = !is_json && isatty(STDOUT_FILENO) == 1;
        struct slice before = replaces ? clear_screen : SLICE("");
        for (;;) {
                int exit_code = watch_once(o, path, before);
                if (exit_code != EXIT_OK)
                        return exit_code;
                (void)nanosleep(&pause, NULL);
                if (!replaces && !is_json)
                        before = SLICE("\n");
        }
}

static int run(const struct options *o)
{
        struct buffer path;
        const char *text = "/" API_VERSION "/profiles";
        buffer_init(&path, LIMIT_HTTP_TARGET);
        if (o->arguments_count > 0 || options_has(o, OPTION_PROFILE))
                text = cli_profile_path(cli_profile(o), "", &path);
        int exit_code = EXIT_USAGE;
        if (text)
                exit_code = options_has(o, OPTION_WATCH) ? watch(o, text) : print_once(o, text);
        buffer_free(&path);
        return exit_code;
}

const struct command command_status = {
    .name = "status",
    .summary = "show what the agent holds, until when, what went wrong",
    .help = "usage: keyfob status [PROFILE] [--json] [--watch]\n"
            "\n"
            "Shows each profile's type and state, when its credentials expire, when they\n"
            "will be renewed, and the last error. With PROFILE: only that one, with the\n"
            "certificate that it signs with where it has one, and for a profile of AWS's\n"
            "files or of the default chain where its credentials come from and what was\n"
            "passed over.\n"
            "\n"
            "options:\n"
            "  --json           the status as the agent gives it\n"
            "  --watch          stay, and show it again each second\n"
            "  --profile NAME   the profile, if not given as argument\n"
            "  --socket PATH    the agent's socket\n"
            "  --help           this text\n"
            "\n"
            "examples:\n"
            "  keyfob status\n"
            "  keyfob status --json | python3 -m json.tool\n",
    .accepts = OPTION_BIT(OPTION_JSON) | OPTION_BIT(OPTION_WATCH),
    .arguments_max = 1,
    .run = run,
};
