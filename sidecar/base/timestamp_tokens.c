// SPDX-License-Identifier: Apache-2.0
#include "sidecar/base/timestamp_tokens.h"

#include <string.h>

enum { TOKENS_MAX = 40, DIGITS_MAX = 8 }; // the first digits of a number decide: no longer one is of use

_Static_assert(TOKENS_SIZE >= TOKENS_MAX + 6, "room to look ahead");

static bool is_digit(uint8_t c)
{
        return c >= '0' && c <= '9';
}

static bool is_letter(uint8_t c)
{
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static size_t count_while(struct slice text, bool (*is_it)(uint8_t c))
{
        size_t n = 0;
        while (n < text.n && is_it(text.p[n]))
                n++;
        return n;
}

// The number that `text` begins with: its digits, and its fraction unless it goes on like a date ("1.12.2026").
static struct token take_number(struct slice text)
{
        size_t n = count_while(text, is_digit);
        struct slice rest = slice_from(text, n);
        size_t more = 0;
        bool is_point = rest.n > 0 && (rest.p[0] == '.' || (rest.p[0] == ',' && n >= 2));
        if (is_point)
                more = count_while(slice_from(rest, 1), is_digit);
        struct slice after = slice_from(rest, 1 + more);
        bool is_dotted = after.n > 1 && after.p[0] == '.' && is_digit(after.p[1]);
        if (more == 0 || is_dotted)
                return (struct token){TOKEN_NUMBER, slice_head(text, n)};
        return (struct token){TOKEN_FRACTION, slice_head(text, n + 1 + more)};
}

bool tokens_split(struct slice text, struct token ret[TOKENS_SIZE])
{
        size_t count = 0;
        bool follows_a_dot = false; // the last number of a date with dots
        while (text.n > 0) {
                struct token t = {TOKEN_MARK, slice_head(text, 1)};
                if (is_letter(text.p[0]))
                        t = (struct token){TOKEN_WORD, slice_head(text, count_while(text, is_letter))};
                else if (is_digit(text.p[0]) && follows_a_dot)
                        t = (struct token){TOKEN_NUMBER, slice_head(text, count_while(text, is_digit))};
                else if (is_digit(text.p[0]))
                        t = take_number(text);
                follows_a_dot =
                    t.kind == TOKEN_MARK && t.text.p[0] == '.' && count > 0 && ret[count - 1].kind == TOKEN_NUMBER;
                if (count == TOKENS_MAX)
                        return false;
                ret[count++] = t;
                text = slice_from(text, t.text.n);
        }
        return true;
}

bool token_is_mark(const struct token *t, const char *of)
{
        return t->kind == TOKEN_MARK && t->text.p[0] != '\0' && strchr(of, t->text.p[0]);
}

bool token_is_word(const struct token *t, const char *word)
{
        return t->kind == TOKEN_WORD && slice_eq_ignore_case(t->text, slice_str(word));
}

int token_number(struct slice digits)
{
        int value = 0;
        for (size_t i = 0; i < digits.n && i < DIGITS_MAX; i++)
                value = value * 10 + (digits.p[i] - '0');
        return value;
}

struct slice token_whole_part(const struct token *t)
{
        return slice_head(t->text, count_while(t->text, is_digit));
}

int token_find_name(const struct token *t, const char *const *names, size_t count)
{
        for (size_t i = 0; t->kind == TOKEN_WORD && i < count; i++) {
                struct slice name = slice_str(names[i]);
                if (slice_eq_ignore_case(t->text, name) || slice_eq_ignore_case(t->text, slice_head(name, 3)))
                        return (int)i;
        }
        return -1;
}
