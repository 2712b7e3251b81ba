// SPDX-License-Identifier: Apache-2.0
// Bytes of secrets are first overwritten where they are, so that the rules do not depend on each other, then each run
// of them shrinks to one mark.
#include "sidecar/providers/masked_text.h"

#include "proto/mem/buffer.h"
#include "proto/mem/length.h"
#include "proto/mem/text.h"

#define MASK 0x01 // cannot be mistaken for text: such bytes are blanks before the rules are applied
#define MARK "***"
#define ELLIPSIS "\xe2\x80\xa6"

enum {
        TEXT_MAX = 16 * 1024,
        SECRET_LENGTH = 40, // of a secret access key; tokens are longer
        JWT_LENGTH = 12,    // of the shortest beginning that is masked
        VALUE_LENGTH = 4    // shorter values of the environment would hide words by chance
};

static bool is_of_run(uint8_t c)
{
        return text_is_alphanumeric(c) || (c != '\0' && strchr("+/=_-%", c));
}

static bool is_of_name(uint8_t c)
{
        return text_is_alphanumeric(c) || c == '_' || c == '-';
}

static void mask(struct buffer *b, size_t from, size_t to)
{
        memset(b->p + from, MASK, to - from);
}

// --- rules ---

static void mask_runs(struct buffer *b)
{
        for (size_t i = 0; i < b->n; i++) {
                size_t from = i;
                while (i < b->n && is_of_run(b->p[i]))
                        i++;
                struct slice run = slice_of(b->p + from, i - from);
                bool is_jwt = run.n >= JWT_LENGTH && slice_starts_with(run, SLICE("eyJ"));
                while (is_jwt && i < b->n && (is_of_run(b->p[i]) || b->p[i] == '.'))
                        i++; // its other parts
                if (run.n >= SECRET_LENGTH || is_jwt)
                        mask(b, from, i);
        }
}

static bool has_word(struct slice name, struct slice word)
{
        for (size_t i = 0; i + word.n <= name.n; i++)
                if (slice_eq_ignore_case(slice_head(slice_from(name, i), word.n), word))
                        return true;
        return false;
}

static bool says_secret(struct slice name)
{
        static const struct slice words[] = {SLICE_INIT("secret"), SLICE_INIT("token"), SLICE_INIT("passw"),
                                             SLICE_INIT("passphrase"), SLICE_INIT("authorization")};
        for (size_t i = 0; i < LENGTH(words); i++)
                if (has_word(name, words[i]))
                        return true;
        return false;
}

static size_t skip_blanks(const struct buffer *b, size_t at)
{
        while (at < b->n && b->p[at] == ' ')
                at++;
        return at;
}

static bool is_quote(const struct buffer *b, size_t at)
{
        return at < b->n && (b->p[at] == '"' || b->p[at] == '\'');
}

// From behind a name: masks its value, if one follows. A colon counts only behind a quoted name, for prose has it too.
static void mask_value(struct buffer *b, size_t at)
{
        bool is_quoted = is_quote(b, at);
        at = skip_blanks(b, at + (is_quoted ? 1 : 0));
        if (at >= b->n || !(b->p[at] == '=' || (is_quoted && b->p[at] == ':')))
                return;
        at = skip_blanks(b, at + 1);
        uint8_t close = is_quote(b, at) ? b->p[at++] : ' ';
        size_t from = at;
        while (at < b->n && b->p[at] != close && (close != ' ' || !strchr(",;&\"'", b->p[at])))
                at++;
        mask(b, from, at);
}

static void mask_named_values(struct buffer *b)
{
        for (size_t i = 0; i < b->n; i++) {
                size_t from = i;
                while (i < b->n && is_of_name(b->p[i]))
                        i++;
                if (i > from && says_secret(slice_of(b->p + from, i - from)))
                        mask_value(b, i);
        }
}

static void mask_all_of(struct buffer *b, struct slice value)
{
        for (size_t i = 0; i + value.n <= b->n; i++)
                if (memcmp(b->p + i, value.p, value.n) == 0)
                        mask(b, i, i + value.n);
}

static void mask_environment(struct buffer *b, char *const *environment)
{
        for (char *const *entry = environment; entry && *entry; entry++) {
                struct slice all = slice_str(*entry);
                struct slice name = slice_head(all, slice_find(all, '='));
                struct slice value = slice_from(all, name.n + 1);
                bool is_key = has_word(name, SLICE("_KEY")) || has_word(name, SLICE("credential"));
                bool is_place = slice_ends_with(name, SLICE("_FILE")) || slice_ends_with(name, SLICE("_PATH"));
                if (value.n >= VALUE_LENGTH && !is_place && (is_key || says_secret(name)))
                        mask_all_of(b, value);
        }
}

// --- the text ---

static void take(struct buffer *b, struct slice text)
{
        text = slice_trim(text.n > TEXT_MAX ? slice_from(text, text.n - TEXT_MAX) : text);
        (void)buffer_put(b, text); // without memory for it the text is empty
        for (size_t i = 0; i < b->n; i++)
                if (b->p[i] <= ' ' || b->p[i] == 0x7f)
                        b->p[i] = ' ';
}

// Blanks and secrets in a row become one.
static void shrink(const struct buffer *from, struct buffer *to)
{
        for (size_t i = 0; i < from->n; i++) {
                uint8_t before = i > 0 ? from->p[i - 1] : 0;
                if (from->p[i] == MASK && before != MASK)
                        (void)buffer_put_str(to, MARK);
                else if (from->p[i] != MASK && !(from->p[i] == ' ' && before == ' '))
                        (void)buffer_put_byte(to, from->p[i]);
        }
}

// The end of the text: from the beginning of a word on, and never from inside a character.
static struct slice tail_of(struct slice text, size_t size, bool *ret_is_cut)
{
        *ret_is_cut = text.n >= size;
        if (!*ret_is_cut)
                return text;
        struct slice tail = slice_from(text, text.n - (size - sizeof(ELLIPSIS)));
        size_t blank = slice_find(tail, ' ');
        if (blank < tail.n / 2)
                tail = slice_from(tail, blank + 1);
        while (tail.n > 0 && (tail.p[0] & 0xc0) == 0x80)
                tail = slice_from(tail, 1);
        return tail;
}

void masked_text(struct slice text, char *const *environment, char *out, size_t size)
{
        struct buffer raw, shown;
        buffer_init(&raw, TEXT_MAX);
        buffer_init(&shown, (size_t)3 * TEXT_MAX);
        take(&raw, text);
        // Values first: a rule that masked half of one would hide the rest from this one.
        mask_environment(&raw, environment);
        mask_named_values(&raw);
        mask_runs(&raw);
        shrink(&raw, &shown);
        if (shown.n > 0)
                text_defuse(shown.p, shown.n);
        bool is_cut;
        struct slice tail = tail_of(slice_trim(buffer_slice(&shown)), size, &is_cut);
        size_t n = is_cut ? sizeof(ELLIPSIS) - 1 : 0;
        memcpy(out, ELLIPSIS, n);
        if (tail.n > 0)
                memcpy(out + n, tail.p, tail.n);
        out[n + tail.n] = '\0';
        buffer_free(&raw);
        buffer_free(&shown);
}
