// SPDX-License-Identifier: Apache-2.0
// keyfob: the command for users and for AWS config files. Finds the command, checks its options, runs it.
#include "clients/cli/cli.h"
#include "clients/cli/commands.h"
#include "proto/mem/buffer.h"
#include "proto/mem/length.h"

static const struct command *const commands[] = {
    &command_credential_process,
    &command_export,
    &command_status,
    &command_sign,
    &command_presign,
    &command_token,
    &command_events,
    &command_wait,
    &command_refresh,
    &command_login,
    &command_logout,
    &command_sso,
    &command_exec,
    &command_agent,
};

enum { LIST_MAX = 4096 };

static const char intro[] = "usage: keyfob COMMAND [ARGUMENTS]\n"
                            "\n"
                            "Fresh AWS credentials and signatures from the keyfob agent (keyfobd).\n"
                            "\n"
                            "commands:\n";
static const char outro[] = "  version              print the version\n"
                            "  help                 this text; help COMMAND: about a command\n"
                            "\n"
                            "options of every command:\n"
                            "  --profile NAME   the profile; else $KEYFOB_PROFILE where a command takes one\n"
                            "  --socket PATH    the agent's socket; else $KEYFOB_SOCKET,\n"
                            "                   $XDG_RUNTIME_DIR/keyfob/keyfob.sock, /run/keyfob/keyfob.sock\n"
                            "  --help           about the command\n"
                            "\n"
                            "exit codes: 0 ok, 1 failed, 2 wrong usage, 3 no agent\n"
                            "\n"
                            "examples:\n"
                            "  keyfob status\n"
                            "  keyfob help credential-process\n";

static const char see_help[] = "run `keyfob help` to list the commands";
static const char see_options[] = "add --help to see the options";

static int print_overview(void)
{
        struct buffer b;
        buffer_init(&b, LIST_MAX);
        (void)buffer_put_str(&b, intro);
        for (size_t i = 0; i < LENGTH(commands); i++)
                (void)buffer_printf(&b, "  %-20s %s\n", commands[i]->name, commands[i]->summary);
        (void)buffer_put_str(&b, outro);
        int exit_code = cli_write(buffer_slice(&b));
        buffer_free(&b);
        return exit_code;
}

static const struct command *find(const char *name)
{
        for (size_t i = 0; i < LENGTH(commands); i++)
                if (strcmp(commands[i]->name, name) == 0)
                        return commands[i];
        return NULL;
}

static int print_help(const char *name)
{
        const struct command *command = name ? find(name) : NULL;
        if (command)
                return cli_write(slice_str(command->help));
        if (!name || strcmp(name, "help") == 0 || strcmp(name, "version") == 0)
                return print_overview();
        return cli_fail(EXIT_USAGE, see_help, "no such command: %s", name);
}

static int run_command(const struct command *command, const struct options *o)
{
        for (unsigned i = 0; i < OPTIONS_N; i++)
                if (options_has(o, i) && !(OPTION_BIT(i) & (command->accepts | OPTIONS_GLOBAL)))
                        return cli_fail(EXIT_USAGE, see_options, "%s does not take the option --%s", command->name,
                                        options_name(i));
        if (o->arguments_count < command->arguments_min)
                return cli_fail(EXIT_USAGE, see_options, "too few arguments for %s", command->name);
        if (o->arguments_count > command->arguments_max)
                return cli_fail(EXIT_USAGE, see_options, "unexpected argument: %s",
                                o->arguments[command->arguments_max]);
        if (command->arguments_min == 0 && command->arguments_max == 1 && o->arguments_count == 1 &&
            options_has(o, OPTION_PROFILE))
                return cli_fail(EXIT_USAGE, "name it as the argument or with --profile",
                                "the profile is given twice: %s", o->values[OPTION_PROFILE]);
        return command->run(o);
}

int main(int argc, char **argv)
{
        struct options o;
        struct options_fault fault;
        if (options_parse(argc, argv, &o, &fault) < 0)
                return cli_fail(EXIT_USAGE, o.command && find(o.command) ? see_options : see_help, "%s: %s", fault.what,
                                fault.argument);
        if (options_has(&o, OPTION_VERSION) || (o.command && strcmp(o.command, "version") == 0))
                return cli_print("keyfob %s\n", keyfob_version());
        if (!o.command)
                return options_has(&o, OPTION_HELP) ? print_overview()
                                                    : cli_fail(EXIT_USAGE, see_help, "no command given");
        if (strcmp(o.command, "help") == 0)
                return print_help(o.arguments_count > 0 ? o.arguments[0] : NULL);
        if (options_has(&o, OPTION_HELP))
                return print_help(o.command);
        const struct command *command = find(o.command);
        if (!command)
                return cli_fail(EXIT_USAGE, see_help, "no such command: %s", o.command);
        return run_command(command, &o);
}
