// SPDX-License-Identifier: Apache-2.0
// AWS SDKs run this command for each client that a program creates, so that it must start fast.
#include "clients/cli/cli.h"
#include "clients/cli/commands.h"
#include "clients/cli/own_command.h"
#include "proto/wire/documents.h"

enum { DOCUMENT_MAX = 256 * 1024 };

// Prints the answer as it is, after reading it as the SDKs will: half a document, or one without keys, must not reach
// them with exit code 0.
static int print_document(const void *context, struct slice answer)
{
        struct json_doc doc;
        struct json_fault fault = {.what = NULL};
        struct buffer scratch, shown;
        struct credentials fields;
        const char *what = NULL;
        (void)context;
        json_doc_init(&doc);
        buffer_init(&scratch, DOCUMENT_MAX);
        int r = json_parse(&doc, answer, &fault);
        if (r == 0)
                r = documents_read_process(&doc, &scratch, &fields, &what);
        buffer_free(&scratch);
        json_doc_free(&doc);
        if (r < 0)
                return cli_fail(EXIT_FAILED, NULL, "the agent's answer is not a credentials document: %s",
                                what ? what : fault.what);
        buffer_init(&shown, (size_t)6 * DOCUMENT_MAX);
        cli_put_json(&shown, answer);
        int exit_code = shown.failed ? cli_fail(EXIT_FAILED, NULL, "out of memory") : cli_write(buffer_slice(&shown));
        buffer_free(&shown);
        return exit_code;
}

static int run(const struct options *o)
{
        if (o->arguments_count > o->arguments_before_dashes) {
                if (o->arguments_before_dashes > 0 || options_has(o, OPTION_PROFILE))
                        return cli_fail(EXIT_USAGE, "name a profile, or a command after --",
                                        "credential-process takes no profile with a command");
                return own_command_run(o, o->arguments, print_document);
        }
        if (o->arguments_count > 1)
                return cli_fail(EXIT_USAGE, "add --help to see the options", "unexpected argument: %s",
                                o->arguments[1]);
        if (o->arguments_count == 1 && options_has(o, OPTION_PROFILE))
                return cli_fail(EXIT_USAGE, "name it as the argument or with --profile",
                                "the profile is given twice: %s", o->values[OPTION_PROFILE]);
        return cli_call(o, &(struct cli_call){.method = "GET",
                                              .profile = cli_profile(o),
                                              .rest = "/credentials",
                                              .timeout_ms = CLI_QUICK_MS,
                                              .consume = print_document});
}

const struct command command_credential_process = {
    .name = "credential-process",
    .summary = "print credentials for credential_process in ~/.aws/config",
    .help = "usage: keyfob credential-process [PROFILE] [--autostart]\n"
            "       keyfob credential-process -- COMMAND [ARGUMENTS]\n"
            "\n"
            "Prints the current credentials of a profile in the form that AWS SDKs and the\n"
            "AWS CLI expect of a credential process. Without PROFILE:\n"
            "$KEYFOB_PROFILE, else \"default\".\n"
            "\n"
            "With COMMAND: has this user's own agent, which is started if none answers, run\n"
            "any other credential process, and keeps what it prints until that ends.\n"
            "\n"
            "options:\n"
            "  --autostart      start an agent for this user if none answers\n" HELP_GLOBAL_OPTIONS
            "  keyfob credential-process\n"
            "  printf '[profile irsa]\\ncredential_process = %s\\n' \\\n"
            "    'keyfob credential-process irsa --autostart' >> ~/.aws/config\n"
            "  keyfob credential-process -- aws-vault export --format=json work\n",
    .accepts = OPTION_BIT(OPTION_AUTOSTART),
    .arguments_max = SIZE_MAX,
    .run = run,
};
