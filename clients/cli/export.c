// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/export.h"

#include <errno.h>

#include "clients/cli/cli.h"
#include "clients/cli/commands.h"
#include "proto/mem/text.h"
#include "proto/wire/documents.h"

int export_put(const struct export_request *request, struct slice answer, struct buffer *out, int64_t *expires_s)
{
        struct json_doc doc;
        struct json_fault fault = {.what = NULL};
        struct buffer scratch;
        struct credentials fields = {.expires_s = 0};
        const char *what = NULL;
        json_doc_init(&doc);
        buffer_init(&scratch, EXPORT_TEXT_MAX);
        int r = json_parse(&doc, answer, &fault);
        if (r == 0)
                r = documents_read_process(&doc, &scratch, &fields, &what);
        if (r < 0)
                r = cli_fail(EXIT_FAILED, NULL, "the agent's answer is not a credentials document: %s",
                             what ? what : fault.what);
        else if (export_write(request->format, &fields, request->profile, out) < 0)
                r = cli_fail(EXIT_FAILED, NULL, "out of memory");
        *expires_s = fields.expires_s;
        buffer_free(&scratch);
        json_doc_free(&doc);
        return r;
}

struct export_file export_file_of(const struct export_request *request)
{
        return (struct export_file){
            .path = request->file, .mode = 0600, .keeps_others = request->format == EXPORT_CREDENTIALS_FILE};
}

int export_replace_file(const struct export_request *request, struct slice text)
{
        const struct export_file file = export_file_of(request);
        const char *what = NULL;
        int r = export_file_replace(&file, text, &what);
        if (r == 0)
                return EXIT_OK;
        return cli_fail(EXIT_FAILED,
                        "check that its directory exists, this user may write there, and the disk is not full",
                        "file %s: cannot %s: %s", file.path, what, strerror(-r));
}

static int print(const void *context, struct slice answer)
{
        const struct export_request *request = context;
        struct buffer text;
        int64_t expires_s;
        buffer_init(&text, EXPORT_TEXT_MAX);
        int exit_code = export_put(request, answer, &text, &expires_s);
        if (exit_code == EXIT_OK)
                exit_code =
                    request->file ? export_replace_file(request, buffer_slice(&text)) : cli_write(buffer_slice(&text));
        buffer_free(&text);
        return exit_code;
}

static int run(const struct options *o)
{
        struct export_request request = {
            .options = o, .profile = cli_profile(o), .format = EXPORT_JSON, .file = o->values[OPTION_FILE]};
        if (options_has(o, OPTION_FORMAT) &&
            export_format_find(slice_str(o->values[OPTION_FORMAT]), &request.format) < 0)
                return cli_fail(EXIT_USAGE, "use one of " EXPORT_FORMAT_NAMES, "no such format: %s",
                                o->values[OPTION_FORMAT]);
        if (options_has(o, OPTION_WATCH) && !request.file)
                return cli_fail(EXIT_USAGE, "add --file FILE", "--watch keeps a file current, and none is named");
        if (options_has(o, OPTION_WATCH))
                return export_watch(&request);
        return cli_call(o, &(struct cli_call){.method = "GET",
                                              .profile = request.profile,
                                              .rest = "/credentials",
                                              .timeout_ms = CLI_QUICK_MS,
                                              .consume = print,
                                              .context = &request});
}

const struct command command_export = {
    .name = "export",
    .summary = "print credentials for shells and tools, or into a file",
    .help = "usage: keyfob export [PROFILE] [--format FORMAT] [--file FILE [--watch]]\n"
            "\n"
            "Prints the current credentials of a profile. Without PROFILE:\n"
            "$KEYFOB_PROFILE, else \"default\".\n"
            "\n"
            "formats:\n"
            "  env               for sh, bash, zsh: export AWS_ACCESS_KEY_ID='...'\n"
            "  fish              set -gx AWS_ACCESS_KEY_ID '...'\n"
            "  powershell        $Env:AWS_ACCESS_KEY_ID = '...'\n"
            "  json              as credential-process prints them; the default\n"
            "  credentials-file  as ~/.aws/credentials, with the sections [default] and\n"
            "                    [PROFILE]; keep it apart from files that you edit\n"
            "  claude-code       for its setting awsCredentialExport\n"
            "\n"
            "The variables do not renew themselves: AWS_CREDENTIAL_EXPIRATION says until when\n"
            "they are valid. Variables of earlier credentials that these lack are unset.\n"
            "\n"
            "options:\n"
            "  --format FORMAT  one of the above\n"
            "  --file FILE      write FILE (mode 0600) instead; a reader finds the old file\n"
            "                   or the new one, never a part of it\n"
            "  --watch          stay, and write FILE whenever there are new credentials; it\n"
            "                   is removed when they end before others come\n" HELP_GLOBAL_OPTIONS
            "  eval \"$(keyfob export irsa --format env)\"\n"
            "  keyfob export irsa --format fish | source\n"
            "  keyfob export irsa --format powershell | Out-String | Invoke-Expression\n"
            "  keyfob export irsa --format credentials-file --watch --file /run/app/aws\n",
    .accepts = OPTION_BIT(OPTION_FORMAT) | OPTION_BIT(OPTION_FILE) | OPTION_BIT(OPTION_WATCH),
    .arguments_max = 1,
    .run = run,
};
