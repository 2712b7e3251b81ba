// SPDX-License-Identifier: Apache-2.0
// Ends logins. The agent removes the cached token, has it revoked and drops the credentials.
#include "clients/c/client.h"
#include "clients/cli/cli.h"
#include "clients/cli/commands.h"
#include "proto/wire/json_read.h"

enum { NAMES_MAX = 4 * 1024 * 1024 };

// The log-out is done, but AWS may not have revoked the token.
static int report(const char *profile, struct slice answer)
{
        struct json_doc doc;
        struct json_fault fault;
        struct buffer detail;
        json_doc_init(&doc);
        buffer_init(&detail, LIMIT_HTTP_REPLY);
        size_t error = json_parse(&doc, answer, &fault) == 0 ? json_get(&doc, JSON_ROOT, SLICE("error")) : JSON_NONE;
        if (error != JSON_NONE && json_kind(&doc, error) == JSON_OBJECT) {
                size_t text = json_get(&doc, error, SLICE("detail"));
                const char *shown =
                    text != JSON_NONE && json_string(&doc, text, &detail) == 0 ? buffer_c_str(&detail) : NULL;
                (void)cli_fail(
                    EXIT_OK, "the token is valid for others until it ends: end the session in the access portal",
                    "the token was removed here, but not revoked: %s", shown ? shown : "no reason was given");
        }
        buffer_free(&detail);
        json_doc_free(&doc);
        return cli_print("%s: logged out\n", profile);
}

static int log_out(struct keyfob_client *client, const char *profile)
{
        struct slice answer;
        struct keyfob_error error;
        if (client_call(client, "DELETE", profile, "/login", slice_of(NULL, 0), &answer, &error) != KEYFOB_OK)
                return cli_fail_with(&error);
        return report(profile, answer);
}

// --- all of them ---

// The names of all profiles, each with a NUL. False: the answer has none.
static bool read_names(struct slice answer, struct buffer *names)
{
        struct json_doc doc;
        struct json_fault fault;
        json_doc_init(&doc);
        size_t list = json_parse(&doc, answer, &fault) == 0 ? json_get(&doc, JSON_ROOT, SLICE("profiles")) : JSON_NONE;
        bool is_good = list != JSON_NONE && json_kind(&doc, list) == JSON_ARRAY;
        for (size_t i = is_good ? json_first(&doc, list) : JSON_NONE; is_good && i != JSON_NONE;
             i = json_next(&doc, i)) {
                size_t name = json_kind(&doc, i) == JSON_OBJECT ? json_get(&doc, i, SLICE("name")) : JSON_NONE;
                is_good = name != JSON_NONE && json_string(&doc, name, names) == 0 && buffer_put_byte(names, 0) == 0;
        }
        json_doc_free(&doc);
        return is_good;
}

// Where the login is that profile's own; the others follow it.
static bool has_own_login(const struct keyfob_login *login, const char *name)
{
        return login->kind != KEYFOB_LOGIN_NONE && strcmp(login->profile, name) == 0;
}

static int log_out_all(struct keyfob_client *client)
{
        struct slice answer;
        struct keyfob_error error;
        struct keyfob_login login;
        struct buffer names;
        int exit_code = EXIT_OK;
        size_t count = 0;
        if (client_call(client, "GET", NULL, "", slice_of(NULL, 0), &answer, &error) != KEYFOB_OK)
                return cli_fail_with(&error);
        buffer_init(&names, NAMES_MAX);
        if (!read_names(answer, &names))
                exit_code = cli_fail(EXIT_FAILED, NULL, "the agent's answer is not a list of profiles");
        for (size_t at = 0; exit_code == EXIT_OK && at < names.n; at += strlen((const char *)names.p + at) + 1) {
                const char *name = (const char *)names.p + at;
                if (keyfob_login_status(client, name, &login, &error) != KEYFOB_OK) {
                        if (error.status != KEYFOB_REFUSED) // the peer may not log in to all that it sees
                                exit_code = cli_fail_with(&error);
                } else if (has_own_login(&login, name)) {
                        count++;
                        exit_code = log_out(client, name);
                }
        }
        buffer_free(&names);
        return exit_code == EXIT_OK && count == 0 ? cli_print("no profile needs a login\n") : exit_code;
}

static int run(const struct options *o)
{
        int exit_code = EXIT_FAILED;
        bool is_all = options_has(o, OPTION_ALL);
        if (is_all && (o->arguments_count > 0 || options_has(o, OPTION_PROFILE)))
                return cli_fail(EXIT_USAGE, "give one of them", "a profile and --all exclude each other");
        struct keyfob_client *client = cli_connect(o, is_all ? NULL : cli_profile(o), CLI_SLOW_MS, &exit_code);
        if (!client)
                return exit_code;
        exit_code = is_all ? log_out_all(client) : log_out(client, cli_profile(o));
        keyfob_disconnect(client);
        return exit_code;
}

const struct command command_logout = {
    .name = "logout",
    .summary = "end a login: revoke its token, drop the credentials",
    .help =
        "usage: keyfob logout [PROFILE | --all]\n"
        "\n"
        "Ends the login that a profile needs (or its source profile): removes the token\n"
        "from the cache that the AWS CLI and the SDKs share, has IAM Identity Center\n"
        "revoke it, and drops the credentials from the agent's memory, also those of\n"
        "the profiles that share the login. Without PROFILE: \"default\".\n"
        "\n"
        "options:\n"
        "  --all            all logins of the profiles that you may use\n" HELP_GLOBAL_OPTIONS "  keyfob logout dev\n"
        "  keyfob logout --all\n",
    .accepts = OPTION_BIT(OPTION_ALL),
    .arguments_max = 1,
    .run = run,
};
