// SPDX-License-Identifier: Apache-2.0
// The states are those of Python's shlex in POSIX mode with whitespace_split, so that no command means one thing to the
// AWS CLI and another to us.
#include "sidecar/config/command_words.h"

#include "proto/mem/secret.h"

enum state { BETWEEN, IN_WORD, IN_SINGLE, IN_DOUBLE, AFTER_BACKSLASH, AFTER_QUOTED_BACKSLASH };

struct splitter {
        enum state state;
        char **words; // NULL: they are not kept
        size_t count;
        size_t first_n; // bytes of the first word
        char *text;     // where the next byte goes
};

static bool is_blank(uint8_t c)
{
        return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void begin(struct splitter *s)
{
        if (s->state != BETWEEN)
                return;
        if (s->words)
                s->words[s->count] = s->text;
        s->count++;
}

static void put(struct splitter *s, uint8_t c)
{
        if (s->words)
                *s->text++ = (char)c;
        if (s->count == 1 && c != '\0')
                s->first_n++;
}

static void take_unquoted(struct splitter *s, uint8_t c)
{
        if (is_blank(c)) {
                if (s->state == IN_WORD)
                        put(s, '\0');
                s->state = BETWEEN;
                return;
        }
        begin(s);
        if (c == '\'' || c == '"') {
                s->state = c == '"' ? IN_DOUBLE : IN_SINGLE;
        } else if (c == '\\') {
                s->state = AFTER_BACKSLASH;
        } else {
                put(s, c);
                s->state = IN_WORD;
        }
}

static void take(struct splitter *s, uint8_t c)
{
        switch (s->state) {
        case BETWEEN:
        case IN_WORD:
                take_unquoted(s, c);
                break;
        case IN_SINGLE:
                if (c == '\'')
                        s->state = IN_WORD;
                else
                        put(s, c);
                break;
        case IN_DOUBLE:
                if (c == '"')
                        s->state = IN_WORD;
                else if (c == '\\')
                        s->state = AFTER_QUOTED_BACKSLASH;
                else
                        put(s, c);
                break;
        case AFTER_BACKSLASH:
                put(s, c);
                s->state = IN_WORD;
                break;
        case AFTER_QUOTED_BACKSLASH: // it takes effect before these two only
                if (c != '"' && c != '\\')
                        put(s, '\\');
                put(s, c);
                s->state = IN_DOUBLE;
                break;
        }
}

static const char *fault_of(const struct splitter *s)
{
        switch (s->state) {
        case IN_SINGLE:
        case IN_DOUBLE:
                return "its last quotation mark is not closed";
        case AFTER_BACKSLASH:
        case AFTER_QUOTED_BACKSLASH:
                return "a backslash is its last character";
        case BETWEEN:
        case IN_WORD:
                break;
        }
        return s->first_n == 0 ? "it names no command" : NULL;
}

// NULL, or what is wrong.
static const char *split(struct splitter *s, struct slice command)
{
        for (size_t i = 0; i < command.n; i++) {
                if (command.p[i] == '\0')
                        return "there is a NUL in it";
                take(s, command.p[i]);
        }
        return fault_of(s);
}

char **command_words_split(struct slice command, const char **what)
{
        // A word needs a byte, and a blank before the next. No text is longer than its source and a NUL.
        size_t most = command.n / 2 + 1;
        struct splitter s = {.state = BETWEEN};
        s.words = wiping_calloc(1, (most + 1) * sizeof(char *) + command.n + 1);
        *what = "out of memory";
        if (!s.words)
                return NULL;
        s.text = (char *)(s.words + most + 1);
        *what = split(&s, command);
        if (!*what)
                return s.words;
        wiping_free(s.words);
        return NULL;
}

bool command_words_are_sound(struct slice command)
{
        struct splitter s = {.state = BETWEEN};
        return !split(&s, command);
}
