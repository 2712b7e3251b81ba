// SPDX-License-Identifier: Apache-2.0
// For timestamp.c alone: text cut into words (letters), numbers and single characters.
#ifndef SIDECAR_BASE_TIMESTAMP_TOKENS_H
#define SIDECAR_BASE_TIMESTAMP_TOKENS_H

#include <stdbool.h>

#include "proto/mem/must_check.h"
#include "proto/mem/slice.h"

enum token_kind { TOKEN_END, TOKEN_WORD, TOKEN_NUMBER, TOKEN_FRACTION, TOKEN_MARK };

struct token {
        enum token_kind kind;
        struct slice text; // of a fraction: digits, a point or a comma, digits
};

enum { TOKENS_SIZE = 48 };

// Into `ret`, which is all zeros: six ends follow at the least. False: too many.
MUST_CHECK bool tokens_split(struct slice text, struct token ret[TOKENS_SIZE]);

bool token_is_mark(const struct token *t, const char *of);   // one of these characters
bool token_is_word(const struct token *t, const char *word); // whatever the case

// The value of digits, of eight at most; and the digits of a token before a point.
int token_number(struct slice digits);
struct slice token_whole_part(const struct token *t);

// Index in `names` of a word that is that name, or its first three letters; -1: none.
int token_find_name(const struct token *t, const char *const *names, size_t count);

#endif
