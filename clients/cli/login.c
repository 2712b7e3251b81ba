// SPDX-License-Identifier: Apache-2.0
// The interactive part of a login: shows what to confirm in a browser, asks for MFA codes, waits. The agent calls AWS.
#include <time.h>
#include <unistd.h>

#include "clients/c/client.h"
#include "clients/cli/browser.h"
#include "clients/cli/cli.h"
#include "clients/cli/commands.h"
#include "clients/cli/profile_state.h"
#include "clients/cli/prompt.h"
#include "proto/wire/api.h"

enum { PAUSE_MAX_S = 5, POLLS_N = 50, POLL_PAUSE_MS = 200 };

// --- the code of an MFA device ---

static int give_code_from_input(struct keyfob_client *client, const char *profile)
{
        char code[PROMPT_CODE_SIZE];
        struct keyfob_login login;
        struct keyfob_error error;
        if (!prompt_read_line(STDIN_FILENO, code))
                return cli_fail(EXIT_FAILED, "write the six digits to it, and a newline",
                                "standard input has no code, or a line that is too long");
        enum keyfob_status status = keyfob_login_begin(client, profile, code, &login, &error);
        explicit_bzero(code, sizeof(code));
        return status == KEYFOB_OK ? EXIT_OK : cli_fail_with(&error);
}

static int give_code(const struct options *o, struct keyfob_client *client, const char *profile)
{
        struct keyfob_error error = {.status = KEYFOB_REFUSED, .detail = "no code was given"};
        if (options_has(o, OPTION_CODE_STDIN))
                return give_code_from_input(client, profile);
        if (!prompt_is_possible())
                return cli_fail(EXIT_FAILED,
                                "run this in a terminal, or write the code to standard input with --code-stdin",
                                "there is no terminal to ask for the MFA code");
        return prompt_for_code(client, profile, &error) ? EXIT_OK : cli_fail_with(&error);
}

// --- the browser ---

static int show(const struct options *o, const struct keyfob_login *login)
{
        bool has_complete = login->verification_uri_complete[0] != 0;
        if (!has_complete && login->verification_uri[0] == 0)
                return cli_fail(EXIT_FAILED, NULL, "the agent's answer has no web address to open");
        const char *address = has_complete ? login->verification_uri_complete : login->verification_uri;
        bool is_open = options_has(o, OPTION_BROWSER) && browser_open(address);
        if (options_has(o, OPTION_BROWSER) && !is_open)
                (void)cli_fail(EXIT_OK, "set BROWSER to a command that opens an https address",
                               "no browser could be started");
        return cli_print("%s:\n\n    %s\n\n"
                         "and confirm that it shows this code:\n\n    %s\n\n"
                         "Waiting for you to confirm ...\n",
                         is_open ? "Your browser opens this address. If it does not, open it yourself"
                                 : "Open this address in a browser",
                         address, login->user_code);
}

static int wait_for_browser(struct keyfob_client *client, const char *profile, struct keyfob_login *login)
{
        struct keyfob_error error;
        while (login->kind == KEYFOB_LOGIN_SSO && login->state == KEYFOB_LOGIN_PENDING) {
                int pause_s = login->interval_s < 1 ? 1 : login->interval_s;
                const struct timespec pause = {.tv_sec = pause_s < PAUSE_MAX_S ? pause_s : PAUSE_MAX_S};
                (void)nanosleep(&pause, NULL);
                if (keyfob_login_status(client, profile, login, &error) != KEYFOB_OK)
                        return cli_fail_with(&error);
        }
        if (login->kind != KEYFOB_LOGIN_SSO) // the login is done, and a code is next
                return EXIT_OK;
        if (login->state == KEYFOB_LOGIN_COMPLETE)
                return login->detail[0] ? cli_fail(EXIT_OK, login->hint, "%s", login->detail) : EXIT_OK;
        if (login->state == KEYFOB_LOGIN_IDLE)
                return cli_fail(EXIT_FAILED, "run `keyfob status`", "the agent no longer knows this login");
        return cli_fail(EXIT_FAILED, login->hint, "%s",
                        login->detail[0] ? login->detail : "the agent gave up the login");
}

static int log_in(const struct options *o, struct keyfob_client *client, const char *profile)
{
        struct keyfob_login login;
        struct keyfob_error error;
        if (keyfob_login_begin(client, profile, NULL, &login, &error) != KEYFOB_OK)
                return cli_fail_with(&error);
        int exit_code = show(o, &login);
        return exit_code == EXIT_OK ? wait_for_browser(client, profile, &login) : exit_code;
}

// --- the command ---

static int do_what_is_needed(const struct options *o, struct keyfob_client *client, const char *profile,
                             const struct keyfob_login *login)
{
        int exit_code = login->kind == KEYFOB_LOGIN_MFA ? give_code(o, client, profile) : log_in(o, client, profile);
        return exit_code == EXIT_OK ? cli_print("%s: logged in\n", login->profile) : exit_code;
}

static bool needs_interaction(const struct keyfob_error *error)
{
        return strcmp(error->code, api_error_text(API_LOGIN_REQUIRED)->code) == 0 ||
               strcmp(error->code, api_error_text(API_MFA_REQUIRED)->code) == 0;
}

// After a login in the browser a code may be needed as well, which the agent knows once the login brought credentials.
static bool needs_code(struct keyfob_client *client, const char *profile, struct keyfob_login *login)
{
        const struct timespec pause = {.tv_nsec = POLL_PAUSE_MS * 1000000L};
        struct keyfob_credentials credentials;
        struct keyfob_error error;
        for (int i = 0; i < POLLS_N; i++) {
                if (keyfob_login_status(client, profile, login, &error) != KEYFOB_OK)
                        return false;
                if (login->kind != KEYFOB_LOGIN_SSO)
                        return login->kind == KEYFOB_LOGIN_MFA && login->state == KEYFOB_LOGIN_IDLE;
                enum keyfob_status status = keyfob_get_credentials(client, profile, &credentials, &error);
                keyfob_credentials_clear(&credentials);
                if (status != KEYFOB_REFUSED || !needs_interaction(&error))
                        return false;
                (void)nanosleep(&pause, NULL);
        }
        return false;
}

// No login is needed, which does not mean that the profile works.
static int report_no_login(struct keyfob_client *client, const char *profile)
{
        struct keyfob_error error;
        struct keyfob_credentials credentials;
        struct slice answer;
        struct json_doc doc;
        struct json_fault fault;
        if (client_call(client, "GET", profile, "", slice_of(NULL, 0), &answer, &error) != KEYFOB_OK)
                return cli_fail_with(&error);
        json_doc_init(&doc);
        bool has_failed = json_parse(&doc, answer, &fault) == 0 && profile_state_is(&doc, JSON_ROOT, "failed") &&
                          profile_state_print_error(&doc, JSON_ROOT);
        json_doc_free(&doc);
        if (has_failed)
                return EXIT_FAILED;
        if (keyfob_get_credentials(client, profile, &credentials, &error) != KEYFOB_OK)
                return cli_fail_with(&error);
        keyfob_credentials_clear(&credentials);
        return cli_print("%s: no login is needed\n", profile);
}

static int run_with(const struct options *o, struct keyfob_client *client, const char *profile)
{
        struct keyfob_login login;
        struct keyfob_error error;
        if (keyfob_login_status(client, profile, &login, &error) != KEYFOB_OK)
                return cli_fail_with(&error);
        if (login.kind == KEYFOB_LOGIN_NONE)
                return report_no_login(client, profile);
        int exit_code = do_what_is_needed(o, client, profile, &login);
        if (exit_code == EXIT_OK && login.kind == KEYFOB_LOGIN_SSO && needs_code(client, profile, &login))
                exit_code = do_what_is_needed(o, client, profile, &login);
        return exit_code;
}

static int run(const struct options *o)
{
        int exit_code = EXIT_FAILED;
        struct keyfob_client *client = cli_connect(o, cli_profile(o), CLI_SLOW_MS, &exit_code);
        if (!client)
                return exit_code;
        exit_code = run_with(o, client, cli_profile(o));
        keyfob_disconnect(client);
        return exit_code;
}

const struct command command_login = {
    .name = "login",
    .summary = "log in to IAM Identity Center, or give an MFA code",
    .help = "usage: keyfob login [PROFILE] [--browser] [--code-stdin]\n"
            "\n"
            "Logs in where a profile needs you: shows the address and the code to confirm in\n"
            "a browser (type sso) and waits until you did, or asks for the code of an MFA\n"
            "device (mfa_serial). For a profile with a source profile it logs in to that one;\n"
            "where both are needed, one follows the other. For a session of \"aws login\" it\n"
            "prints the command to run. Without PROFILE:\n"
            "$KEYFOB_PROFILE, else \"default\".\n"
            "\n"
            "options:\n"
            "  --browser        open the address: with $BROWSER, xdg-open or open\n"
            "  --code-stdin     read the MFA code from standard input, not the terminal\n" HELP_GLOBAL_OPTIONS
            "  keyfob login dev\n"
            "  ykman oath accounts code -s aws | keyfob login admin --code-stdin\n",
    .accepts = OPTION_BIT(OPTION_CODE_STDIN) | OPTION_BIT(OPTION_BROWSER),
    .arguments_max = 1,
    .run = run,
};
