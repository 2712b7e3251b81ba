// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/cli.h"
#include "clients/cli/commands.h"
#include "clients/cli/status.h"

static int run(const struct options *o)
{
        return cli_request_profile(o, CLI_SLOW_MS, "POST", "/refresh", status_print);
}

const struct command command_refresh = {
    .name = "refresh",
    .summary = "renew a profile's credentials now",
    .help = "usage: keyfob refresh [PROFILE] [--json]\n"
            "\n"
            "Has the agent renew the credentials of a profile now, waits for the outcome,\n"
            "and prints the profile's status. Without PROFILE: \"default\".\n"
            "\n"
            "options:\n"
            "  --json           the status as the agent gives it\n"
            "  --profile NAME   the profile, if not given as argument\n"
            "  --socket PATH    the agent's socket\n"
            "  --help           this text\n"
            "\n"
            "examples:\n"
            "  keyfob refresh irsa\n"
            "  keyfob refresh --json irsa\n",
    .accepts = OPTION_BIT(OPTION_JSON),
    .arguments_max = 1,
    .run = run,
};
