// SPDX-License-Identifier: Apache-2.0
// What a person does for a profile. The agent does the rest: this shows, waits, and asks for codes.
#include <time.h>
#include <unistd.h>

#include "clients/cli/cli.h"
#include "clients/cli/commands.h"
#include "clients/cli/prompt.h"
#include "proto/mem/length.h"
#include "proto/wire/api.h"

enum { OUTPUT_MAX = 8 * 1024, PAUSE_MAX_S = 5, LOOKS_N = 50, POLL_PAUSE_MS = 200 };

static int print(const char *const parts[], size_t count)
{
        struct buffer b;
        buffer_init(&b, OUTPUT_MAX);
        for (size_t i = 0; i < count; i++)
                (void)buffer_put_str(&b, parts[i]);
        int exit_code = cli_write(buffer_slice(&b));
        buffer_free(&b);
        return exit_code;
}

// --- the code of an MFA device ---

static int take_code_from_input(struct keyfob_client *client, const char *profile)
{
        char code[PROMPT_CODE_SIZE];
        struct keyfob_login login;
        struct keyfob_error error;
        if (!prompt_read_line(STDIN_FILENO, code))
                return cli_say(EXIT_FAILED, "standard input has no code", "write the six digits to it, and a newline");
        enum keyfob_status status = keyfob_login_begin(client, profile, code, &login, &error);
        explicit_bzero(code, sizeof(code));
        return status == KEYFOB_OK ? EXIT_OK : cli_say_error(&error);
}

static int take_code(const struct options *o, struct keyfob_client *client, const char *profile)
{
        struct keyfob_error error = {.status = KEYFOB_REFUSED, .detail = "no code was given"};
        if (options_has(o, OPTION_CODE_STDIN))
                return take_code_from_input(client, profile);
        if (!prompt_is_possible())
                return cli_say(EXIT_FAILED, "there is no terminal to ask for the code of the MFA device",
                               "run this in a terminal, or write the code to standard input with --code-stdin");
        return prompt_for_code(client, profile, &error) ? EXIT_OK : cli_say_error(&error);
}

// --- the browser ---

static int show(const struct keyfob_login *login)
{
        bool has_complete = login->verification_uri_complete[0] != 0;
        const char *const text[] = {"Open this address in a browser:\n\n    ",
                                    has_complete ? login->verification_uri_complete : login->verification_uri,
                                    "\n\nand confirm that it shows this code:\n\n    ", login->user_code,
                                    "\n\nWaiting for that ...\n"};
        return print(text, LENGTH(text));
}

static int wait_for_browser(struct keyfob_client *client, const char *profile, struct keyfob_login *login)
{
        struct keyfob_error error;
        while (login->kind == KEYFOB_LOGIN_SSO && login->state == KEYFOB_LOGIN_PENDING) {
                int pause_s = login->interval_s < 1 ? 1 : login->interval_s;
                const struct timespec pause = {.tv_sec = pause_s < PAUSE_MAX_S ? pause_s : PAUSE_MAX_S};
                (void)nanosleep(&pause, NULL);
                if (keyfob_login_status(client, profile, login, &error) != KEYFOB_OK)
                        return cli_say_error(&error);
        }
        if (login->kind != KEYFOB_LOGIN_SSO) // it is what comes next
                return EXIT_OK;
        if (login->state == KEYFOB_LOGIN_COMPLETE)
                return login->detail[0] ? cli_say(EXIT_OK, login->detail, login->hint) : EXIT_OK;
        if (login->state == KEYFOB_LOGIN_IDLE)
                return cli_say(EXIT_FAILED, "the login is over, whatever came of it", "see: keyfob status");
        return cli_say(EXIT_FAILED, login->detail[0] ? login->detail : "the login was given up by the agent",
                       login->hint);
}

static int log_in(struct keyfob_client *client, const char *profile)
{
        struct keyfob_login login;
        struct keyfob_error error;
        if (keyfob_login_begin(client, profile, NULL, &login, &error) != KEYFOB_OK)
                return cli_say_error(&error);
        int exit_code = show(&login);
        return exit_code == EXIT_OK ? wait_for_browser(client, profile, &login) : exit_code;
}

// --- the command ---

static int do_what_is_needed(const struct options *o, struct keyfob_client *client, const char *profile,
                             const struct keyfob_login *login)
{
        const char *const done[] = {login->profile, ": logged in\n"};
        int exit_code = login->kind == KEYFOB_LOGIN_MFA ? take_code(o, client, profile) : log_in(client, profile);
        return exit_code == EXIT_OK ? print(done, 2) : exit_code;
}

static bool needs_interaction(const struct keyfob_error *error)
{
        return strcmp(error->code, api_error_text(API_LOGIN_REQUIRED)->code) == 0 ||
               strcmp(error->code, api_error_text(API_MFA_REQUIRED)->code) == 0;
}

// After a login: a code may be needed, too, which the agent knows once the login has brought credentials.
static bool needs_code(struct keyfob_client *client, const char *profile, struct keyfob_login *login)
{
        const struct timespec pause = {.tv_nsec = POLL_PAUSE_MS * 1000000L};
        struct keyfob_credentials credentials;
        struct keyfob_error error;
        for (int i = 0; i < LOOKS_N; i++) {
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

static int run_with(const struct options *o, struct keyfob_client *client, const char *profile)
{
        struct keyfob_login login;
        struct keyfob_error error;
        if (keyfob_login_status(client, profile, &login, &error) != KEYFOB_OK)
                return cli_say_error(&error);
        const char *const nobody[] = {profile, ": no login is needed\n"};
        if (login.kind == KEYFOB_LOGIN_NONE)
                return print(nobody, 2);
        int exit_code = do_what_is_needed(o, client, profile, &login);
        if (exit_code == EXIT_OK && login.kind == KEYFOB_LOGIN_SSO && needs_code(client, profile, &login))
                exit_code = do_what_is_needed(o, client, profile, &login);
        return exit_code;
}

static int run(const struct options *o)
{
        int exit_code = EXIT_FAILED;
        const char *profile = cli_profile(o);
        if (!api_is_profile_name(slice_str(profile)))
                return cli_usage("no profile can have this name", profile, cli_profile_names);
        struct keyfob_client *client = cli_connect(o, CLI_SLOW_MS, &exit_code);
        if (!client)
                return exit_code;
        exit_code = run_with(o, client, profile);
        keyfob_disconnect(client);
        return exit_code;
}

const struct command command_login = {
    .name = "login",
    .summary = "log in to IAM Identity Center, or give an MFA code",
    .help = "usage: keyfob login [PROFILE] [--code-stdin]\n"
            "\n"
            "Does what takes a person before a profile has credentials: shows the address\n"
            "and the code to confirm in a browser (type sso) and waits until that is done,\n"
            "or asks for the code of an MFA device (mfa_serial). A profile that stands on\n"
            "another one logs in to that; where both are needed, one comes after the other.\n"
            "For a session of \"aws login\" it tells the command to run. Without PROFILE:\n"
            "\"default\".\n"
            "\n"
            "options:\n"
            "  --code-stdin     read the MFA code from standard input, not the terminal\n"
            "  --profile NAME   the profile, if not given as argument\n"
            "  --socket PATH    the agent's socket\n"
            "  --help           this text\n"
            "\n"
            "examples:\n"
            "  keyfob login dev\n"
            "  ykman oath accounts code -s aws | keyfob login admin --code-stdin\n",
    .accepts = OPTION_BIT(OPTION_CODE_STDIN),
    .arguments_max = 1,
    .run = run,
};
