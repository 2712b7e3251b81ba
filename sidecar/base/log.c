// SPDX-License-Identifier: Apache-2.0
#include "sidecar/base/log.h"

#include <unistd.h>

#include "proto/mem/buffer.h"
#include "proto/mem/time.h"
#include "sidecar/base/clock.h"

enum { LINE_MAX_BYTES = 16 * 1024, VALUE_MAX_BYTES = 1024 };

static const char *const level_names[] = {"error", "warn", "info", "debug"};

// The same escapes serve logfmt and JSON.
static void put_quoted(struct buffer *line, struct slice value)
{
        static const char hex[] = "0123456789abcdef";
        struct slice text = slice_head(value, VALUE_MAX_BYTES);
        buffer_put_byte(line, '"');
        for (size_t i = 0; i < text.n; i++) {
                uint8_t byte = text.p[i];
                if (byte == '"' || byte == '\\') {
                        buffer_put_byte(line, '\\');
                        buffer_put_byte(line, byte);
                } else if (byte < ' ' || byte == 0x7f) {
                        buffer_put(line, SLICE("\\u00"));
                        buffer_put_byte(line, (uint8_t)hex[byte >> 4]);
                        buffer_put_byte(line, (uint8_t)hex[byte & 15]);
                } else {
                        buffer_put_byte(line, byte);
                }
        }
        if (text.n < value.n)
                buffer_put(line, SLICE("…"));
        buffer_put_byte(line, '"');
}

static bool needs_quotes(struct slice value)
{
        if (value.n == 0 || value.n > VALUE_MAX_BYTES)
                return true;
        for (size_t i = 0; i < value.n; i++)
                if (value.p[i] <= ' ' || value.p[i] >= 0x7f || value.p[i] == '"' || value.p[i] == '\\' ||
                    value.p[i] == '=')
                        return true;
        return false;
}

static void put_pair(const struct log *log, struct buffer *line, const struct log_field *field)
{
        bool is_json = log->format == LOG_FORMAT_JSON;
        if (is_json)
                buffer_put_byte(line, '"');
        buffer_put_str(line, field->key);
        buffer_put_str(line, is_json ? "\":" : "=");
        if (field->type == LOG_INTEGER)
                buffer_put_i64(line, field->integer);
        else if (is_json || needs_quotes(field->string))
                put_quoted(line, field->string);
        else
                buffer_put(line, field->string);
}

void log_emit(const struct log *log, enum log_level level, const char *event, const struct log_field *fields,
              size_t count)
{
        if (level > log->level)
                return;
        char ts[TIME_RFC3339_SIZE] = "";
        (void)time_format_rfc3339(clock_wall_s(log->clock), ts);
        const struct log_field head[] = {LOG_STR("ts", ts), LOG_STR("level", level_names[level]),
                                         LOG_STR("event", event)};
        bool is_json = log->format == LOG_FORMAT_JSON;
        struct buffer line;
        buffer_init(&line, LINE_MAX_BYTES);
        if (is_json)
                buffer_put_byte(&line, '{');
        for (size_t i = 0; i < 3 + count; i++) {
                const struct log_field *field = i < 3 ? &head[i] : &fields[i - 3];
                if (i >= 3 && field->type == LOG_STRING && field->string.n == 0)
                        continue; // nothing to say
                if (i > 0)
                        buffer_put_byte(&line, is_json ? ',' : ' ');
                put_pair(log, &line, field);
        }
        buffer_put_str(&line, is_json ? "}\n" : "\n");
        if (!line.failed)
                (void)!write(log->fd, line.p, line.n); // nobody is left to be told
        buffer_free(&line);
}

int log_parse_level(const char *text, enum log_level *ret)
{
        for (size_t i = 0; i < sizeof(level_names) / sizeof(level_names[0]); i++) {
                if (strcmp(text, level_names[i]) == 0) {
                        *ret = (enum log_level)i;
                        return 0;
                }
        }
        return -1;
}

int log_parse_format(const char *text, enum log_format *ret)
{
        if (strcmp(text, "logfmt") == 0)
                *ret = LOG_FORMAT_LOGFMT;
        else if (strcmp(text, "json") == 0)
                *ret = LOG_FORMAT_JSON;
        else
                return -1;
        return 0;
}
