// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/status.h"

#include <time.h>
#include <unistd.h>

#include "clients/cli/cli.h"
#include "clients/cli/commands.h"
#include "clients/cli/status_table.h"
#include "proto/wire/api.h"
#include "proto/wire/limits.h"

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

int status_print(const struct options *o, struct slice json)
{
        struct buffer out;
        buffer_init(&out, LIMIT_HTTP_LIST);
        int exit_code = put_status(o, json, &out) == 0
                            ? cli_write(buffer_slice(&out))
                            : cli_say(EXIT_FAILED, "the agent's answer is no status of profiles", NULL);
        buffer_free(&out);
        return exit_code;
}

static int print_once(const struct options *o, const char *path)
{
        return cli_request(o, CLI_QUICK_MS, "GET", path, NULL, status_print);
}

// On a terminal each table takes the place of the last; elsewhere they follow one another.
static int watch(const struct options *o, const char *path)
{
        const struct timespec pause = {.tv_sec = 1};
        bool is_terminal = isatty(STDOUT_FILENO) == 1;
        for (;;) {
                int exit_code = is_terminal ? cli_write(clear_screen) : EXIT_OK;
                if (exit_code == EXIT_OK)
                        exit_code = print_once(o, path);
                if (exit_code != EXIT_OK && exit_code != EXIT_NO_AGENT) // an agent that restarts will be back
                        return exit_code;
                (void)nanosleep(&pause, NULL);
                if (!is_terminal && !options_has(o, OPTION_JSON) && cli_write(SLICE("\n")) != EXIT_OK)
                        return EXIT_FAILED;
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
    .summary = "show what the agent holds, until when, and what went wrong",
    .help = "usage: keyfob status [PROFILE] [--json] [--watch]\n"
            "\n"
            "Shows each profile's type and state, when its credentials expire, when they\n"
            "will be renewed, and the last error. With PROFILE: only that one.\n"
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
