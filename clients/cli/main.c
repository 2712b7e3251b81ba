// SPDX-License-Identifier: Apache-2.0
// keyfob: the command for people and for AWS config files. Finds the command, checks what it takes, runs it.
#include "clients/cli/cli.h"
#include "clients/cli/commands.h"

static const struct command *const commands[] = {
    &command_credential_process,
    &command_status,
    &command_sign,
    &command_presign,
    &command_wait,
    &command_refresh,
    &command_login,
};

enum { COMMANDS_N = sizeof(commands) / sizeof(commands[0]), LIST_MAX = 4096 };

static const char intro[] = "usage: keyfob COMMAND [ARGUMENTS]\n"
                            "\n"
                            "Fresh AWS credentials and signatures from the keyfob agent (keyfobd).\n"
                            "\n"
                            "commands:\n";
static const char outro[] = "\n"
                            "options of every command:\n"
                            "  --profile NAME   the profile to use\n"
                            "  --socket PATH    the agent's socket; else $KEYFOB_SOCKET,\n"
                            "                   $XDG_RUNTIME_DIR/keyfob/keyfob.sock, /run/keyfob/keyfob.sock\n"
                            "  --help           about the command\n"
                            "\n"
                            "exit codes: 0 done, 1 failed, 2 wrong usage, 3 no agent\n"
                            "\n"
                            "examples:\n"
                            "  keyfob status\n"
                            "  keyfob help credential-process\n";

static const char see_help[] = "`keyfob help` lists the commands";
static const char see_options[] = "add --help to see what it takes";

static void put_line(struct buffer *b, const char *name, const char *summary)
{
        static const char blanks[] = "                     ";
        size_t n = strlen(name);
        (void)buffer_put_str(b, "  ");
        (void)buffer_put_str(b, name);
        (void)buffer_put_str(b, n < sizeof(blanks) ? blanks + n : " ");
        (void)buffer_put_str(b, summary);
        (void)buffer_put_byte(b, '\n');
}

static int print_overview(void)
{
        struct buffer b;
        buffer_init(&b, LIST_MAX);
        (void)buffer_put_str(&b, intro);
        for (size_t i = 0; i < COMMANDS_N; i++)
                put_line(&b, commands[i]->name, commands[i]->summary);
        put_line(&b, "version", "print the version");
        put_line(&b, "help", "this text, or about a command: keyfob help COMMAND");
        (void)buffer_put_str(&b, outro);
        int exit_code = cli_write(buffer_slice(&b));
        buffer_free(&b);
        return exit_code;
}

static const struct command *find(const char *name)
{
        for (size_t i = 0; i < COMMANDS_N; i++)
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
        return cli_usage("no such command", name, see_help);
}

static int print_version(void)
{
        int exit_code = cli_write(SLICE("keyfob "));
        if (exit_code == EXIT_OK)
                exit_code = cli_write(slice_str(keyfob_version()));
        return exit_code == EXIT_OK ? cli_write(SLICE("\n")) : exit_code;
}

static int run_command(const struct command *command, const struct options *o)
{
        unsigned surplus = o->given & ~(command->accepts | OPTIONS_GLOBAL);
        for (unsigned i = 0; surplus != 0 && i < OPTIONS_N; i++)
                if (surplus & OPTION_BIT(i))
                        return cli_usage("this command does not take the option", options_name((enum option)i),
                                         see_options);
        if (o->arguments_count < command->arguments_min)
                return cli_usage("too few arguments for the command", command->name, see_options);
        if (o->arguments_count > command->arguments_max)
                return cli_usage("unexpected argument", o->arguments[command->arguments_max], see_options);
        if (command->arguments_max == 1 && o->arguments_count == 1 && options_has(o, OPTION_PROFILE))
                return cli_usage("the profile is given twice", o->values[OPTION_PROFILE],
                                 "name it as argument or with --profile");
        return command->run(o);
}

int main(int argc, char **argv)
{
        struct options o;
        struct options_fault fault;
        if (options_parse(argc, argv, &o, &fault) < 0)
                return cli_usage(fault.what, fault.argument, o.command && find(o.command) ? see_options : see_help);
        if (options_has(&o, OPTION_VERSION) || (o.command && strcmp(o.command, "version") == 0))
                return print_version();
        if (!o.command)
                return options_has(&o, OPTION_HELP) ? print_overview()
                                                    : cli_usage("a command is missing", NULL, see_help);
        if (strcmp(o.command, "help") == 0)
                return print_help(o.arguments_count > 0 ? o.arguments[0] : NULL);
        if (options_has(&o, OPTION_HELP))
                return print_help(o.command);
        const struct command *command = find(o.command);
        if (!command)
                return cli_usage("no such command", o.command, see_help);
        return run_command(command, &o);
}
