// SPDX-License-Identifier: Apache-2.0
// Filling in struct keyfob_error. Every function returns the status that it sets, and accepts NULL for `error`.
#ifndef CLIENTS_C_ERRORS_H
#define CLIENTS_C_ERRORS_H

#include "clients/c/keyfob.h"
#include "proto/mem/slice.h"

// `hint` may be "". Control characters in the detail become "?".
__attribute__((format(printf, 4, 5))) enum keyfob_status
errors_set(struct keyfob_error *error, enum keyfob_status status, const char *hint, const char *format, ...);

enum keyfob_status errors_no_memory(struct keyfob_error *error);

// Connecting, sending or receiving failed with -errno. `socket` is the path.
enum keyfob_status errors_from_system(struct keyfob_error *error, int r, const char *socket);

// The agent answered with an error status: reads its application/problem+json.
enum keyfob_status errors_from_answer(struct keyfob_error *error, int http_status, struct slice body);

#endif
