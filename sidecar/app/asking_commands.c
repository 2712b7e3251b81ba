// SPDX-License-Identifier: Apache-2.0
#include "sidecar/app/asking_commands.h"

static pid_t find(void *context, pid_t pid)
{
        return running_commands_find(context, pid);
}

static bool may_ask(void *context, pid_t command, const struct server_profile *profile)
{
        return running_commands_may_ask(context, command, profile->profile);
}

struct server_commands asking_commands(struct running_commands *all)
{
        return (struct server_commands){.find = find, .may_ask = may_ask, .context = all};
}
