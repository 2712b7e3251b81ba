// SPDX-License-Identifier: Apache-2.0
// The agent of this user. Which process that is, its socket says: a number in a file could be another process's by now.
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "clients/c/deadline.h"
#include "clients/cli/agent_peer.h"
#include "clients/cli/agent_start.h"
#include "clients/cli/cli.h"
#include "clients/cli/commands.h"
#include "proto/mem/length.h"

enum { STOP_MS = 10000 }; // keyfobd takes 3 s at most

static int start(const struct options *o)
{
        struct keyfob_error error;
        char path[LIMIT_UNIX_PATH + 1];
        if (!agent_start(o->values[OPTION_SOCKET], path, &error))
                return cli_fail_with(&error);
        return cli_print("the agent answers at %s\n", path);
}

static int stop(const struct options *o)
{
        struct agent_peer peer;
        struct keyfob_error error;
        if (!agent_peer_find(o->values[OPTION_SOCKET], &peer, &error))
                return cli_fail_with(&error);
        int r = agent_peer_stop(&peer, deadline_now_ms() + STOP_MS);
        agent_peer_close(&peer);
        if (r < 0)
                return cli_fail(EXIT_FAILED, r == -ETIMEDOUT ? "read its log" : NULL,
                                "cannot stop the agent, pid %ld: %s", (long)peer.pid,
                                r == -ETIMEDOUT ? "it has not ended within 10 s" : strerror(-r));
        return cli_print("the agent has ended, pid %ld\n", (long)peer.pid);
}

static int reload(const struct options *o)
{
        struct agent_peer peer;
        struct keyfob_error error;
        if (!agent_peer_find(o->values[OPTION_SOCKET], &peer, &error))
                return cli_fail_with(&error);
        int r = agent_peer_reload(&peer);
        agent_peer_close(&peer);
        if (r < 0)
                return cli_fail(EXIT_FAILED, NULL, "cannot signal the agent, pid %ld: %s", (long)peer.pid,
                                strerror(-r));
        return cli_print("the agent reads its configuration again, pid %ld\n", (long)peer.pid);
}

static int run(const struct options *o)
{
        static const struct {
                const char *name;
                int (*run)(const struct options *o);
        } verbs[] = {{"start", start}, {"stop", stop}, {"reload", reload}};
        for (size_t i = 0; i < LENGTH(verbs); i++)
                if (strcmp(o->arguments[0], verbs[i].name) == 0)
                        return verbs[i].run(o);
        return cli_fail(EXIT_USAGE, "use start, stop or reload", "agent: unknown word: %s", o->arguments[0]);
}

const struct command command_agent = {
    .name = "agent",
    .summary = "start, stop or reload your own agent",
    .help = "usage: keyfob agent start|stop|reload\n"
            "\n"
            "Starts an agent for this user, in the background, as --autostart does: its\n"
            "configuration is found as keyfobd finds it, or ~/.aws is enough. Does nothing if\n"
            "an agent answers already. `stop` returns once the agent has ended;\n"
            "`reload` has it read its configuration again.\n"
            "\n"
            "The agent logs to a file beside its socket (keyfob.sock.log). All of your shells\n"
            "share it: it does not take over AWS_PROFILE and the keys in AWS_* variables of\n"
            "the one that starts it.\n"
            "\n"
            "options:\n"
            "  --socket PATH    the agent's socket\n"
            "  --help           this text\n"
            "\n"
            "examples:\n"
            "  keyfob agent start\n"
            "  keyfob agent stop\n",
    .arguments_min = 1,
    .arguments_max = 1,
    .run = run,
};
