// SPDX-License-Identifier: Apache-2.0
// AWS SDKs run this for each new client that they make: nothing here that is not needed.
#include "clients/cli/cli.h"
#include "clients/cli/commands.h"
#include "proto/wire/documents.h"

enum { DOCUMENT_MAX = 256 * 1024 };

// Prints the answer as it came, but only after reading it as the SDKs will: half a document, or one without keys, must
// not reach them with exit code 0.
static int print_document(const struct options *o, struct slice body)
{
        struct json_doc doc;
        struct json_fault fault = {.what = NULL};
        struct buffer scratch;
        struct credentials fields;
        const char *what = NULL;
        (void)o;
        json_doc_init(&doc);
        buffer_init(&scratch, DOCUMENT_MAX);
        int r = json_parse(&doc, body, &fault);
        if (r == 0)
                r = documents_read_process(&doc, &scratch, &fields, &what);
        buffer_free(&scratch);
        json_doc_free(&doc);
        if (r < 0)
                return cli_say(EXIT_FAILED, "the agent's answer is no credential document", what ? what : fault.what);
        return cli_write(body);
}

static int run(const struct options *o)
{
        return cli_request_profile(o, CLI_QUICK_MS, "GET", "/credentials", print_document);
}

const struct command command_credential_process = {
    .name = "credential-process",
    .summary = "print credentials for credential_process in ~/.aws/config",
    .help = "usage: keyfob credential-process [PROFILE]\n"
            "\n"
            "Prints the current credentials of a profile as AWS SDKs and the AWS CLI expect\n"
            "them from a credential process. Without PROFILE: \"default\".\n"
            "\n"
            "options:\n"
            "  --profile NAME   the profile, if not given as argument\n"
            "  --socket PATH    the agent's socket\n"
            "  --help           this text\n"
            "\n"
            "examples:\n"
            "  keyfob credential-process\n"
            "  printf '[profile irsa]\\ncredential_process = %s\\n' \\\n"
            "    'keyfob credential-process irsa' >> ~/.aws/config\n",
    .accepts = 0,
    .arguments_max = 1,
    .run = run,
};
