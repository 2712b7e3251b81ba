// SPDX-License-Identifier: Apache-2.0
// What a foreign program wrote to its standard error, made fit for an error of ours: it may hold keys, tokens and the
// environment's passwords, and bytes that a terminal would obey.
#ifndef SIDECAR_PROVIDERS_MASKED_TEXT_H
#define SIDECAR_PROVIDERS_MASKED_TEXT_H

#include "proto/mem/slice.h"

// Writes the last words of `text` (at most 16 KiB) that fit into `out` with their secrets as "***", on one line and in
// UTF-8, NUL-terminated. Secrets are: words of 40 and more letters, digits and + / = _ - % (AWS's secret keys have 40,
// its tokens more), JWTs, values of environment variables with a name of a secret, and values
// after such a name ("secret_access_key=…", "\"SessionToken\": \"…\""). `environment`: NULL-terminated, or
// NULL.
void masked_text(struct slice text, char *const *environment, char *out, size_t size);

#endif
