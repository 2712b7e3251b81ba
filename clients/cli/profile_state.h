// SPDX-License-Identifier: Apache-2.0
// What the agent's JSON about a profile says: its state, and its last error. `profile` is an object of GET
// /v1/profiles.
#ifndef CLIENTS_CLI_PROFILE_STATE_H
#define CLIENTS_CLI_PROFILE_STATE_H

#include <stdbool.h>

#include "proto/wire/json_read.h"

bool profile_state_is(const struct json_doc *doc, size_t profile, const char *state); // "failed"
bool profile_state_is_held(const struct json_doc *doc, size_t profile);               // it has valid credentials
bool profile_state_is_on_demand(const struct json_doc *doc, size_t profile);
bool profile_state_is_named(const struct json_doc *doc, size_t profile, const char *name);

// Whether it holds nothing, and will not before a user changes something or acts: then waiting does not help.
bool profile_state_needs_user(const struct json_doc *doc, size_t profile);

// Whether nothing is configured for it, so that the agent asks the instance metadata service, in vain more than once:
// that may be late on an instance that starts, and is not there on other machines.
bool profile_state_is_unconfigured(const struct json_doc *doc, size_t profile);

// Prints its last error on standard error, as cli_fail() does. False: it has none.
bool profile_state_print_error(const struct json_doc *doc, size_t profile);

// The first profile of an answer to GET /v1/profiles, whose siblings are the others; JSON_NONE: it has none.
size_t profile_state_first(const struct json_doc *doc);

// Whether any has failed, of an answer to GET /v1/profiles or about one profile.
bool profile_state_has_any_failed(const struct json_doc *doc);

#endif
