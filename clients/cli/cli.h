// SPDX-License-Identifier: Apache-2.0
// What the commands share: exit codes, messages, output, calls of the agent's API.
#ifndef CLIENTS_CLI_CLI_H
#define CLIENTS_CLI_CLI_H

#include "clients/c/keyfob.h"
#include "clients/cli/options.h"
#include "proto/mem/buffer.h"
#include "proto/mem/must_check.h"

enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_NO_AGENT = 3 };

#define CLI_DEFAULT_PROFILE "default"
// For a user whom every profile's `allow` leaves out; its uid is the argument.
#define CLI_NO_PROFILE "the agent has no profile that uid %lu may use"
#define CLI_NO_PROFILE_HINT "add this uid, or a group of it, to \"allow\" of a profile in the agent's configuration"
#define CLI_QUICK_MS 15000 // for what the agent answers from memory, or after its own wait of 10 s
#define CLI_SLOW_MS 75000  // for what makes the agent call AWS first

// Prints "keyfob: …" and, unless it is NULL or "", "hint: …" on standard error. What a terminal might obey becomes "?".
// Returns exit_code.
__attribute__((format(printf, 3, 4))) int cli_fail(int exit_code, const char *hint, const char *format, ...);

// The same for a failed call; the exit code follows from its status.
int cli_fail_with(const struct keyfob_error *error);

// True when asking again may succeed: no agent yet, one that restarts or is busy, credentials still to come.
bool cli_may_retry(const struct keyfob_error *error);

// Writes to standard output. EXIT_OK, or EXIT_FAILED after a message.
MUST_CHECK int cli_write(struct slice s);
// Appends a document of the agent for a terminal: what may not be shown can only be in its strings, where an escape
// means the same.
void cli_put_json(struct buffer *out, struct slice json);
__attribute__((format(printf, 1, 2))) MUST_CHECK int cli_print(const char *format, ...);

// "90", "90s", "10m", "1h", "2d" as the value of an option; 0 and *ret_s unchanged when it is not given. -1 after a
// message.
MUST_CHECK int cli_duration(const struct options *o, enum option_id id, int64_t *ret_s);

// --profile, else $KEYFOB_PROFILE, else "default"; with the first argument before these.
const char *cli_profile_option(const struct options *o);
const char *cli_profile(const struct options *o);

// Connects as --socket says, to call for `profile` (may be NULL), whose name it checks first. With --autostart, starts
// this user's agent if none answers (agent_start.h). NULL after a message, with *exit_code.
MUST_CHECK struct keyfob_client *cli_connect(const struct options *o, const char *profile, int timeout_ms,
                                             int *exit_code);

struct cli_call {
        const char *method;
        const char *profile; // NULL: of all profiles
        const char *rest;    // of the path, after the profile
        const char *path;    // instead of these two, with a body that a NUL ends; NULL: by these two
        struct slice body;   // p == NULL: no body
        int timeout_ms;
        int (*consume)(const void *context, struct slice answer); // returns the exit code
        const void *context;
};

// Makes one call on a connection of its own. Where it needs an MFA code and there is a terminal, asks for the code
// first and then calls again.
MUST_CHECK int cli_call(const struct options *o, const struct cli_call *call);

#endif
