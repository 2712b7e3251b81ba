// SPDX-License-Identifier: Apache-2.0
// Opens an address in the user's browser, without a shell and without waiting for it.
#ifndef CLIENTS_CLI_BROWSER_H
#define CLIENTS_CLI_BROWSER_H

#include <stdbool.h>
#include <stddef.h>

enum { BROWSER_WORDS_N = 32, BROWSER_TEXT_SIZE = 8192 };

// The words of a command as $BROWSER has it: separated by blanks, with the address for each "%s" ("%%" is "%"), or else
// at the end. `words` ends with NULL and points into `text`. False: too many or too long, or no word.
bool browser_words(const char *command, size_t n, const char *url, char text[BROWSER_TEXT_SIZE],
                   char *words[BROWSER_WORDS_N + 1]);

// Whether the address may be opened: https, in printable ASCII, without a user before the host.
bool browser_may_open(const char *url);

// Starts the first program that can be started: those in $BROWSER (separated by ":"), xdg-open, open. It has no
// terminal. False: there is none, or the address may not be opened.
bool browser_open(const char *url);

#endif
