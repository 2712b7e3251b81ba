// SPDX-License-Identifier: Apache-2.0
#include "sidecar/config/aws_header.h"

#include "proto/mem/length.h"
#include "proto/mem/secret.h"
#include "sidecar/config/command_words.h"

enum { SEARCHED_MAX = 256 }; // characters in which the fault of a name is looked for

static bool is_blank(uint8_t c)
{
        return c == ' ' || c == '\t';
}

// NULL in .p: there is no "]".
static struct slice content_of(struct slice line)
{
        size_t end = slice_find(line, ']');
        struct slice rest = slice_trim(slice_from(line, end + 1));
        bool is_end = rest.n == 0 || rest.p[0] == '#' || rest.p[0] == ';';
        for (size_t i = line.n; !is_end && i-- > end;) {
                if (line.p[i] != ']')
                        continue;
                end = i;
                break;
        }
        return end == line.n ? (struct slice){NULL, 0} : slice_trim(slice_of(line.p + 1, end - 1));
}

// In characters from the beginning of the line, the first being 1.
static unsigned place(struct slice line, const uint8_t *at)
{
        unsigned n = 1;
        for (const uint8_t *p = line.p; p < at; p++)
                n += (*p & 0xc0) != 0x80;
        return n;
}

static int make_odd(struct slice line, struct slice content, const uint8_t *at, const char *what, struct arena *strings,
                    struct aws_header *ret)
{
        *ret = (struct aws_header){.kind = AWS_SECTION_ODD, .fault = {.what = what, .at = place(line, at)}};
        ret->name = arena_copy(strings, content);
        return ret->name ? 0 : -1;
}

static size_t count_words(struct slice text, bool *ret_no_memory)
{
        const char *what;
        size_t n = 0;
        char **words = command_words_split(text, &what);
        *ret_no_memory = !words && command_words_are_sound(text);
        while (words && words[n])
                n++;
        wiping_free(words);
        return n;
}

// Where the third word of `content` begins; its end where that is not soon.
static const uint8_t *find_third_word(struct slice content)
{
        size_t most = content.n < SEARCHED_MAX ? content.n : SEARCHED_MAX;
        bool no_memory = false;
        for (size_t n = 1; n <= most; n++)
                if (!is_blank(content.p[n - 1]) && count_words(slice_head(content, n), &no_memory) > 2)
                        return content.p + n - 1;
        return content.p + content.n;
}

static const uint8_t *find_last(struct slice text, const char *of)
{
        for (size_t i = text.n; i-- > 0;)
                if (strchr(of, text.p[i]))
                        return text.p + i;
        return text.p;
}

// "profile NAME": `content` begins with a kind, and a blank.
static int read_named(struct slice line, struct slice content, enum aws_section_kind kind, struct arena *strings,
                      struct aws_header *ret)
{
        const char *what;
        char **words = command_words_split(content, &what);
        if (!words && command_words_are_sound(content))
                return -1;
        if (!words)
                return make_odd(line, content, find_last(content, "'\"\\"), what, strings, ret);
        bool is_one = words[1] && !words[2];
        bool is_empty = is_one && words[1][0] == '\0';
        if (is_one && !is_empty) {
                ret->kind = kind;
                ret->name = arena_copy(strings, slice_str(words[1]));
        }
        bool has_more = words[1] && words[2];
        wiping_free(words);
        if (has_more)
                return make_odd(line, content, find_third_word(content),
                                "a second word begins there: put a name with blanks in quotes", strings, ret);
        return is_one && !is_empty && !ret->name ? -1 : 0;
}

static int read_of_config(struct slice line, struct slice content, struct arena *strings, struct aws_header *ret)
{
        static const struct slice kinds[] = {
            [AWS_SECTION_PROFILE] = SLICE_INIT("profile"),
            [AWS_SECTION_SSO_SESSION] = SLICE_INIT("sso-session"),
            [AWS_SECTION_SERVICES] = SLICE_INIT("services"),
        };
        if (slice_eq(content, SLICE("default"))) {
                ret->is_plain_default = true;
                ret->name = arena_copy(strings, content);
                return ret->name ? 0 : -1;
        }
        for (size_t i = 0; i < LENGTH(kinds); i++) {
                struct slice name = slice_from(content, kinds[i].n);
                if (slice_starts_with(content, kinds[i]) && name.n > 0 && is_blank(name.p[0]))
                        return read_named(line, content, (enum aws_section_kind)i, strings, ret);
        }
        ret->kind = AWS_SECTION_IGNORED;
        ret->name = content.n > 0 ? arena_copy(strings, content) : NULL;
        return content.n > 0 && !ret->name ? -1 : 0;
}

// The name alone, also in quotes. Those of the config file's forms are none.
static int read_of_credentials(struct slice content, struct arena *strings, struct aws_header *ret)
{
        static const struct slice kinds[] = {SLICE_INIT("profile"), SLICE_INIT("sso-session"), SLICE_INIT("services")};
        for (size_t i = 0; i < LENGTH(kinds); i++)
                if (slice_starts_with(content, kinds[i]) && content.n > kinds[i].n && is_blank(content.p[kinds[i].n]))
                        return 0;
        bool is_quoted =
            content.n > 2 && (content.p[0] == '"' || content.p[0] == '\'') && content.p[content.n - 1] == content.p[0];
        if (is_quoted)
                content = slice_of(content.p + 1, content.n - 2);
        if (content.n == 0)
                return 0;
        ret->name = arena_copy(strings, content);
        return ret->name ? 0 : -1;
}

int aws_header_read(enum aws_file file, struct slice line, struct arena *strings, struct aws_header *ret)
{
        struct slice content = content_of(line);
        *ret = (struct aws_header){.kind = AWS_SECTION_PROFILE};
        if (!content.p)
                return make_odd(line, slice_from(line, 1), line.p + line.n, "it has no \"]\"", strings, ret);
        return file == AWS_FILE_CONFIG ? read_of_config(line, content, strings, ret)
                                       : read_of_credentials(content, strings, ret);
}
