// SPDX-License-Identifier: Apache-2.0
// Filling in struct keyfob_error. Every function gives back the status that it sets, and takes NULL for no error.
#ifndef CLIENTS_C_ERRORS_H
#define CLIENTS_C_ERRORS_H

#include "clients/c/keyfob.h"
#include "proto/mem/slice.h"

enum keyfob_status errors_set(struct keyfob_error *error, enum keyfob_status status, const char *detail,
                              const char *hint);

enum keyfob_status errors_no_memory(struct keyfob_error *error);

// Connecting, sending or receiving failed with -errno.
enum keyfob_status errors_from_system(struct keyfob_error *error, int r, const char *socket);

// The agent's answer is no success: reads its application/problem+json.
enum keyfob_status errors_from_answer(struct keyfob_error *error, int http_status, struct slice body);

#endif
