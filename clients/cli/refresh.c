// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/cli.h"
#include "clients/cli/commands.h"
#include "clients/cli/status.h"

static int run(const struct options *o)
{
        return cli_call(o, &(struct cli_call){.method = "POST",
                                              .profile = cli_profile(o),
                                              .rest = "/refresh",
                                              .timeout_ms = CLI_SLOW_MS,
                                              .consume = status_print,
                                              .context = o});
}

const struct command command_refresh = {
    .name = "refresh",
    .summary = "renew a profile's credentials now",
    .help = "usage: keyfob refresh [PROFILE] [--json]\n"
            "\n"
            "Renews the credentials of a profile now, waits until that is done, and prints\n"
            "the profile's status. Without PROFILE:\n"
            "$KEYFOB_PROFILE, else \"default\".\n"
            "\n"
            "options:\n"
            "  --json           the status as the agent sends it\n" HELP_GLOBAL_OPTIONS "  keyfob refresh irsa\n"
            "  keyfob refresh --json irsa\n",
    .accepts = OPTION_BIT(OPTION_JSON),
    .arguments_max = 1,
    .run = run,
};
