// SPDX-License-Identifier: Apache-2.0
// Becomes the command, after starting the process that serves its credentials (relay.h).
#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "clients/c/client.h"
#include "clients/cli/aws_files.h"
#include "clients/cli/cli.h"
#include "clients/cli/commands.h"
#include "clients/cli/exec_command.h"
#include "clients/cli/exec_environment.h"
#include "clients/cli/relay.h"
#include "proto/mem/length.h"
#include "proto/mem/time.h"
#include "proto/wire/json_read.h"

enum { EXIT_CANNOT_RUN = 126, EXIT_NOT_FOUND = 127 }; // as of env(1)
enum { REGION_SIZE = 64, VARIABLES_MAX = 24 };

struct variables {
        struct exec_variable list[VARIABLES_MAX];
        size_t count;
};

static void set(struct variables *v, const char *name, const char *value)
{
        v->list[v->count++] = (struct exec_variable){name, value};
}

// --- from the agent ---

// Writes the profile's region, "" without one, to the context.
static int read_region(const void *context, struct slice answer)
{
        char *region = *(char *const *)context;
        struct json_doc doc;
        struct json_fault fault;
        struct buffer b;
        json_doc_init(&doc);
        buffer_init(&b, REGION_SIZE - 1);
        region[0] = '\0';
        if (json_parse(&doc, answer, &fault) == 0) {
                size_t node = json_get(&doc, JSON_ROOT, SLICE("region"));
                if (node != JSON_NONE && json_string(&doc, node, &b) == 0 && b.n > 0) {
                        memcpy(region, b.p, b.n);
                        region[b.n] = '\0';
                }
        }
        buffer_free(&b);
        json_doc_free(&doc);
        return EXIT_OK;
}

static int read_credentials(const void *context, struct slice answer)
{
        struct keyfob_error error;
        struct keyfob_credentials *credentials = *(struct keyfob_credentials *const *)context;
        return client_read_credentials(answer, credentials, &error) == KEYFOB_OK ? EXIT_OK : cli_fail_with(&error);
}

static int get(const struct options *o, const char *rest, int (*consume)(const void *context, struct slice answer),
               const void *context)
{
        return cli_call(o, &(struct cli_call){.method = "GET",
                                              .profile = cli_profile(o),
                                              .rest = rest,
                                              .timeout_ms = CLI_QUICK_MS,
                                              .consume = consume,
                                              .context = context});
}

// --- the two ways to give credentials ---

static void say_until_when(const struct keyfob_credentials *c)
{
        char until[TIME_RFC3339_SIZE], left[TIME_DURATION_SIZE];
        if (c->expires_s == INT64_MAX)
                return;
        time_show(c->expires_s, until);
        time_format_duration(c->expires_s - (int64_t)time(NULL), left);
        (void)cli_fail(EXIT_OK, NULL, "the credentials in the environment are valid until %s (%s) and are not renewed",
                       until, left);
}

static void set_credentials(struct variables *v, const struct keyfob_credentials *c, char expiration[TIME_RFC3339_SIZE])
{
        set(v, "AWS_ACCESS_KEY_ID", c->access_key_id);
        set(v, "AWS_SECRET_ACCESS_KEY", c->secret_access_key);
        set(v, "AWS_SESSION_TOKEN", c->session_token);
        set(v, "AWS_ACCOUNT_ID", c->account_id);
        if (c->expires_s != INT64_MAX && time_format_rfc3339(c->expires_s, expiration) == 0)
                set(v, "AWS_CREDENTIAL_EXPIRATION", expiration);
}

static void set_endpoint(struct variables *v, const struct relay_endpoint *endpoint)
{
        set(v, "AWS_CONTAINER_CREDENTIALS_FULL_URI", endpoint->uri);
        set(v, "AWS_CONTAINER_AUTHORIZATION_TOKEN", endpoint->token);
        for (enum aws_file file = 0; file < AWS_FILES_N; file++)
                if (aws_files_have_default(file))
                        set(v, aws_files_variable(file), "/dev/null");
}

// --- the command ---

static int execute(char *const *command, const struct variables *v)
{
        struct exec_environment environment;
        if (exec_environment_new(environ, v->list, v->count, &environment) < 0)
                return cli_fail(EXIT_FAILED, NULL, "out of memory");
        int cause = exec_command(command, environment.list);
        exec_environment_free(&environment);
        return cli_fail(cause == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_RUN, NULL, "cannot run %s: %s", command[0],
                        strerror(cause));
}

static int run_with_variables(const struct options *o, char *const *command, struct variables v)
{
        struct keyfob_credentials credentials = {0}, *ret = &credentials;
        char expiration[TIME_RFC3339_SIZE];
        int exit_code = get(o, "/credentials", read_credentials, &ret);
        if (exit_code != EXIT_OK)
                return exit_code;
        say_until_when(&credentials);
        set_credentials(&v, &credentials, expiration);
        exit_code = execute(command, &v);
        keyfob_credentials_clear(&credentials);
        return exit_code;
}

static int run_with_endpoint(const struct options *o, char *const *command, size_t command_count, struct variables v)
{
        struct keyfob_credentials credentials = {0}, *ret = &credentials;
        struct relay_endpoint endpoint;
        int exit_code = get(o, "/credentials", read_credentials, &ret); // better no command than one without any
        keyfob_credentials_clear(&credentials);
        if (exit_code != EXIT_OK)
                return exit_code;
        if (relay_start(o->values[OPTION_SOCKET], cli_profile(o), command, command_count, &endpoint) < 0)
                return EXIT_FAILED;
        set_endpoint(&v, &endpoint);
        return execute(command, &v);
}

static int run(const struct options *all)
{
        struct options own = *all; // with the arguments before "--" alone
        char region[REGION_SIZE], *ret = region;
        struct variables v = {.count = 0};
        char *const *command = all->arguments + all->arguments_before_dashes;
        size_t command_count = all->arguments_count - all->arguments_before_dashes;
        const char *outer = getenv(EXEC_MARK);
        own.arguments_count = all->arguments_before_dashes;
        own.values[OPTION_AUTOSTART] = "";
        if (own.arguments_count > 1 || command_count == 0 || command[0][0] == '\0')
                return cli_fail(EXIT_USAGE, "write keyfob exec PROFILE -- COMMAND", "%s%s",
                                own.arguments_count > 1 ? "unexpected argument: " : "no command",
                                own.arguments_count > 1 ? own.arguments[1] : "");
        if (own.arguments_count == 1 && options_has(all, OPTION_PROFILE))
                return cli_fail(EXIT_USAGE, "name it as the argument or with --profile",
                                "the profile is given twice: %s", all->values[OPTION_PROFILE]);
        if (outer && outer[0] && !options_has(all, OPTION_NESTED))
                return cli_fail(EXIT_FAILED, "leave that one first, or add --nested",
                                "already inside of keyfob exec, with the profile %s", outer);
        int exit_code = get(&own, "", read_region, &ret);
        if (exit_code != EXIT_OK)
                return exit_code;
        const char *chosen = options_has(all, OPTION_REGION) ? all->values[OPTION_REGION] : region;
        set(&v, EXEC_MARK, cli_profile(&own));
        if (chosen[0]) { // else what is inherited stays
                set(&v, "AWS_REGION", chosen);
                set(&v, "AWS_DEFAULT_REGION", chosen);
        }
        return options_has(all, OPTION_ENV) ? run_with_variables(&own, command, v)
                                            : run_with_endpoint(&own, command, command_count, v);
}

const struct command command_exec = {
    .name = "exec",
    .summary = "run a command with credentials that are renewed",
    .help = "usage: keyfob exec [PROFILE] [OPTIONS] -- COMMAND [ARGUMENTS]\n"
            "\n"
            "Runs a command whose AWS SDK gets the credentials of a profile, and newer ones\n"
            "before they expire, from an endpoint on 127.0.0.1 that is for this command\n"
            "alone and ends with it. Without PROFILE: $KEYFOB_PROFILE, else \"default\".\n"
            "If no agent answers, one is started for this user, as by keyfob agent start.\n"
            "\n"
            "The command takes the place of keyfob: signals reach it, and its exit status is\n"
            "that of keyfob exec. 126: it cannot be run, 127: it was not found; 1, 2 or 3\n"
            "(see keyfob help) if it was not started for another reason.\n"
            "\n"
            "It does not inherit variables that lead to other credentials (AWS_PROFILE,\n"
            "AWS_ACCESS_KEY_ID, AWS_ROLE_ARN, AWS_BEARER_TOKEN_...). If the profile \"default\"\n"
            "of an AWS file has credentials, which SDKs would take first, that file is hidden\n"
            "from it: AWS_CONFIG_FILE or AWS_SHARED_CREDENTIALS_FILE is /dev/null.\n"
            "\n"
            "options:\n"
            "  --env            for programs that read nothing but variables:\n"
            "                   AWS_ACCESS_KEY_ID and its like, which are not renewed\n"
            "  --region REGION  instead of the profile's\n"
            "  --nested         also inside of another keyfob exec\n" HELP_GLOBAL_OPTIONS
            "  keyfob exec irsa -- aws s3 ls\n"
            "  keyfob exec irsa --env -- terraform plan\n",
    .accepts = OPTION_BIT(OPTION_ENV) | OPTION_BIT(OPTION_REGION) | OPTION_BIT(OPTION_NESTED),
    .arguments_max = SIZE_MAX,
    .run = run,
};
