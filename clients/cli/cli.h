// SPDX-License-Identifier: Apache-2.0
// What the commands share: exit codes, messages, output, the way to the agent.
#ifndef CLIENTS_CLI_CLI_H
#define CLIENTS_CLI_CLI_H

#include "clients/c/keyfob.h"
#include "clients/cli/options.h"
#include "proto/mem/buffer.h"

enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_NO_AGENT = 3 };

#define CLI_DEFAULT_PROFILE "default"
#define CLI_QUICK_MS 15000 // for what the agent answers out of its memory, or after its own wait of 10 s
#define CLI_SLOW_MS 75000  // for what goes to AWS first

// "keyfob: …" and "hint: …" on standard error; each gives back the exit code.
int cli_say(int exit_code, const char *what, const char *hint);
int cli_say_error(const struct keyfob_error *error);
// keyfob: what: argument
int cli_say_about(int exit_code, const char *what, const char *argument, const char *hint);
int cli_usage(const char *what, const char *argument, const char *hint);

// What may be different when asked again: an agent that is not there yet, restarts or is busy, credentials to come.
bool cli_is_passing(const struct keyfob_error *error);

// All of it to standard output. EXIT_OK or EXIT_FAILED.
int cli_write(struct slice s);

// The first argument, else --profile, else CLI_DEFAULT_PROFILE.
const char *cli_profile(const struct options *o);

// NULL: said.
struct keyfob_client *cli_connect(const struct options *o, int timeout_ms, int *exit_code);

// What to say to whom gave another name.
extern const char cli_profile_names[];

// "/v1/profiles/{profile}{rest}" as a C string, which lives as long as `path`. NULL when it is no profile's name.
const char *cli_profile_path(const char *profile, const char *rest, struct buffer *path);

// One request on a connection of its own; `consume` reads the answer and gives the exit code.
int cli_request(const struct options *o, int timeout_ms, const char *method, const char *path, const char *body,
                int (*consume)(const struct options *o, struct slice body));

// The same, without a body, for "/v1/profiles/{profile}{rest}" of the profile that the command line names.
int cli_request_profile(const struct options *o, int timeout_ms, const char *method, const char *rest,
                        int (*consume)(const struct options *o, struct slice body));

#endif
