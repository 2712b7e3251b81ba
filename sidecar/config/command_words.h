// SPDX-License-Identifier: Apache-2.0
// The words of a command line (credential_process), split as botocore splits them on POSIX, which is Python's
// shlex.split(): quotes and backslashes, and nothing else of a shell: no variables, no "~", no comments.
#ifndef SIDECAR_CONFIG_COMMAND_WORDS_H
#define SIDECAR_CONFIG_COMMAND_WORDS_H

#include <stdbool.h>

#include "proto/mem/must_check.h"
#include "proto/mem/slice.h"

// The words, NULL-terminated, the first of them not empty: one block, to be given back with wiping_free() (words may be
// secrets). Or NULL and *what, a static text ("its last quotation mark is not closed").
MUST_CHECK char **command_words_split(struct slice command, const char **what);

// Whether it can be split, but for memory.
bool command_words_are_sound(struct slice command);

#endif
