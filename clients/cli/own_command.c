// SPDX-License-Identifier: Apache-2.0
// The agent runs the command with its own environment, so that all shells get the same credentials. What is looked up
// here is what may differ: the program, by this PATH, and the AWS variables that choose files and a region.
#include "clients/cli/own_command.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clients/c/errors.h"
#include "clients/cli/agent_place.h"
#include "clients/cli/cli.h"
#include "proto/mem/length.h"
#include "proto/wire/json_write.h"

static const char *const passed_on[] = {
    "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_CA_BUNDLE",
};

// Writes the absolute path of the program. False: there is none.
static bool find_program(const char *name, char path[PATH_MAX])
{
        const char *directories = getenv("PATH");
        if (strchr(name, '/'))
                return realpath(name, path) && access(path, X_OK) == 0;
        while (directories && directories[0]) {
                size_t n = strcspn(directories, ":");
                if (directories[0] == '/' &&
                    snprintf(path, PATH_MAX, "%.*s/%s", (int)n, directories, name) < PATH_MAX &&
                    access(path, X_OK) == 0)
                        return true;
                directories += n + (directories[n] == ':');
        }
        return false;
}

static void put_variables(struct buffer *body)
{
        bool is_first = true;
        for (size_t i = 0; i < LENGTH(passed_on); i++) {
                char text[PATH_MAX + 64];
                const char *value = getenv(passed_on[i]);
                if (!value || snprintf(text, sizeof(text), "%s=%s", passed_on[i], value) >= (int)sizeof(text))
                        continue;
                if (is_first)
                        json_put_string(body, SLICE("env"));
                is_first = false;
                json_put_string(body, slice_str(text));
        }
}

static void put_body(const char *program, char *const *command, struct buffer *body)
{
        json_begin_object(body);
        json_key(body, "command");
        json_begin_array(body);
        put_variables(body);
        json_put_string(body, slice_str(program));
        for (size_t i = 1; command[i]; i++)
                json_put_string(body, slice_str(command[i]));
        json_end_array(body);
        json_end_object(body);
}

int own_command_run(const struct options *o, char *const *command,
                    int (*print)(const void *context, struct slice answer))
{
        char socket[LIMIT_UNIX_PATH + 1], program[PATH_MAX];
        struct options own = *o;
        struct buffer body;
        struct keyfob_error error;
        int r = agent_place_socket(o->values[OPTION_SOCKET], socket);
        if (r < 0) {
                (void)errors_from_system(&error, r, "");
                return cli_fail_with(&error);
        }
        if (!find_program(command[0], program))
                return cli_fail(EXIT_FAILED, "give its path, or a name that is in PATH", "no such program: %s",
                                command[0]);
        own.values[OPTION_SOCKET] = socket; // this user's agent, also where another one answers by default
        own.values[OPTION_AUTOSTART] = "";
        buffer_init(&body, LIMIT_HTTP_BODY);
        put_body(program, command, &body);
        const char *text = buffer_c_str(&body);
        int exit_code = !text ? cli_fail(EXIT_USAGE, NULL, "the command is too long")
                              : cli_call(&own, &(struct cli_call){.method = "POST",
                                                                  .path = "/v1/commands?wait=60",
                                                                  .body = slice_str(text),
                                                                  .timeout_ms = CLI_SLOW_MS,
                                                                  .consume = print});
        buffer_free(&body);
        return exit_code;
}
