// SPDX-License-Identifier: Apache-2.0
// Lines are built on the stack, so that the event "out of memory" needs none. A pair that no longer fits is left out
// whole.
#include "sidecar/base/log.h"

#include <assert.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "proto/mem/length.h"
#include "proto/mem/text.h"
#include "proto/mem/time.h"
#include "sidecar/base/clock.h"
#include "sidecar/base/log_file.h"

#define ELLIPSIS SLICE("\xe2\x80\xa6")              // "…"
#define REPLACEMENT_CHARACTER SLICE("\xef\xbf\xbd") // U+FFFD

enum {
        VALUE_MAX = 1024,      // bytes of a value before it is cut
        LINE_MAX_SIZE = 16384, // of which END_SIZE are kept for the end of the line
        END_SIZE = 2
};

static const char *const LEVEL_NAMES[] = {"error", "warn", "info", "debug"};
static_assert(LENGTH(LEVEL_NAMES) == LOG_LEVEL_DEBUG + 1, "name every level");

struct line {
        size_t n;
        bool is_full;
        enum log_format format;
        char p[LINE_MAX_SIZE];
};

static void put(struct line *line, struct slice s)
{
        if (s.n > sizeof(line->p) - END_SIZE - line->n)
                line->is_full = true;
        if (line->is_full || s.n == 0)
                return;
        memcpy(line->p + line->n, s.p, s.n);
        line->n += s.n;
}

static void put_escaped(struct line *line, struct slice character)
{
        char text[TEXT_ESCAPE_SIZE];
        switch (character.n == 1 ? character.p[0] : 0) {
        case '"':
                put(line, SLICE("\\\""));
                return;
        case '\\':
                put(line, SLICE("\\\\"));
                return;
        case '\n':
                put(line, SLICE("\\n"));
                return;
        case '\r':
                put(line, SLICE("\\r"));
                return;
        case '\t':
                put(line, SLICE("\\t"));
                return;
        default:
                (void)text_json_escape(character, text);
                put(line, slice_str(text));
        }
}

// Inside quotes. Both formats share JSON's escapes, so that one decoder reads either.
static void put_text(struct line *line, struct slice s)
{
        while (s.n > 0) {
                size_t n = text_utf8_sequence(s);
                struct slice character = slice_head(s, n);
                if (n == 0) {
                        put(line, REPLACEMENT_CHARACTER);
                        n = 1;
                } else if (text_shown_sequence(s) == 0 || s.p[0] == '"' || s.p[0] == '\\') {
                        put_escaped(line, character);
                } else {
                        put(line, character);
                }
                s = slice_from(s, n);
        }
}

// At most VALUE_MAX bytes, and whole characters.
static struct slice cut(struct slice s)
{
        if (s.n <= VALUE_MAX)
                return s;
        size_t n = VALUE_MAX;
        while (n > VALUE_MAX - 4 && (s.p[n] & 0xc0) == 0x80)
                n--;
        return slice_head(s, n);
}

static bool is_bare(struct slice s)
{
        for (size_t i = 0; i < s.n; i++)
                if (!text_is_unreserved(s.p[i]) && !memchr(":/@+,%*", s.p[i], sizeof(":/@+,%*") - 1))
                        return false;
        return s.n > 0;
}

static void put_key(struct line *line, const char *key)
{
        bool is_json = line->format == LOG_FORMAT_JSON;
        put(line, line->n == 0 ? SLICE("") : is_json ? SLICE(",") : SLICE(" "));
        put(line, line->n == 0 && is_json ? SLICE("{") : SLICE(""));
        put(line, is_json ? SLICE("\"") : SLICE(""));
        put(line, slice_str(key));
        put(line, is_json ? SLICE("\":") : SLICE("="));
}

static void put_string(struct line *line, const char *key, struct slice value)
{
        struct slice kept = cut(value);
        put_key(line, key);
        if (line->format == LOG_FORMAT_LOGFMT && is_bare(kept) && kept.n == value.n) {
                put(line, kept);
                return;
        }
        put(line, SLICE("\""));
        put_text(line, kept);
        put(line, kept.n < value.n ? ELLIPSIS : SLICE(""));
        put(line, SLICE("\""));
}

static void put_integer(struct line *line, const char *key, int64_t value)
{
        char digits[24];
        (void)snprintf(digits, sizeof(digits), "%lld", (long long)value);
        put_key(line, key);
        put(line, slice_str(digits));
}

static void put_field(struct line *line, const struct log_field *field)
{
        size_t before = line->n;
        if (field->type == LOG_INTEGER)
                put_integer(line, field->key, field->integer);
        else
                put_string(line, field->key, field->string);
        if (line->is_full) {
                line->n = before;
                line->is_full = false;
        }
}

// RFC 3339 with milliseconds. A clock outside the years 1970 to 9999 leaves the pair out.
static void put_time(struct line *line, const struct clock *clock)
{
        char text[TIME_RFC3339_SIZE + sizeof("999Z")];
        int64_t ms = clock->wall_ms(clock->context);
        if (ms < 0 || time_format_rfc3339(ms / 1000, text) < 0)
                return;
        size_t end = strlen(text) - 1; // the "Z"
        (void)snprintf(text + end, sizeof(text) - end, ".%03dZ", (int)(ms % 1000));
        put_field(line, &LOG_STR("ts", text));
}

void log_emit(const struct log *log, enum log_level level, const char *event, const struct log_field *fields,
              size_t count)
{
        if (level > log->level)
                return;
        struct line line;
        line.n = 0;
        line.is_full = false;
        line.format = log->format;
        put_time(&line, log->clock);
        put_field(&line, &LOG_STR("level", LEVEL_NAMES[level]));
        put_field(&line, &LOG_STR("event", event));
        for (size_t i = 0; i < count; i++)
                put_field(&line, &fields[i]);
        if (line.format == LOG_FORMAT_JSON)
                line.p[line.n++] = '}'; // put() has left room
        line.p[line.n++] = '\n';
        // Whoever reads the log may be gone or slow; the agent's work does not depend on it. A pipe that is ready takes
        // PIPE_BUF bytes at once, which is more than any event has.
        struct pollfd reader = {.fd = log->fd, .events = POLLOUT};
        if (poll(&reader, 1, 0) != 0)
                (void)!write(log->fd, line.p, line.n);
        if (log->file && log->file->fd == log->fd)
                log_file_wrote(log->file, line.n);
}

int log_parse_level(const char *text, enum log_level *ret)
{
        for (size_t i = 0; i < LENGTH(LEVEL_NAMES); i++) {
                if (strcmp(text, LEVEL_NAMES[i]) == 0) {
                        *ret = (enum log_level)i;
                        return 0;
                }
        }
        return -1;
}

int log_parse_format(const char *text, enum log_format *ret)
{
        bool is_json = strcmp(text, "json") == 0;
        if (!is_json && strcmp(text, "logfmt") != 0)
                return -1;
        *ret = is_json ? LOG_FORMAT_JSON : LOG_FORMAT_LOGFMT;
        return 0;
}
