// SPDX-License-Identifier: Apache-2.0
// One event a line: a stable event name and typed pairs. No type fits a secret. Only the edges log (app, server,
// vault's observer); everything below returns errors.
#ifndef SIDECAR_BASE_LOG_H
#define SIDECAR_BASE_LOG_H

#include "proto/mem/must_check.h"
#include "proto/mem/slice.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };
enum log_format { LOG_FORMAT_LOGFMT, LOG_FORMAT_JSON };

struct clock;
struct log_file;

struct log {
        int fd;
        enum log_level level; // events above it are dropped
        enum log_format format;
        const struct clock *clock; // for "ts"
        struct log_file *file;     // that `fd` is of, once it is open; NULL: of none with a bound
};

struct log_field {
        const char *key;
        enum { LOG_STRING, LOG_INTEGER } type;
        struct slice string;
        int64_t integer;
};

#define LOG_STR(key, value) ((struct log_field){key, LOG_STRING, slice_str(value), 0})
#define LOG_SLICE(key, value) ((struct log_field){key, LOG_STRING, value, 0})
#define LOG_INT(key, value) ((struct log_field){key, LOG_INTEGER, {0, 0}, (int64_t)(value)})

// Writes one line with one write(2); what a terminal would obey or hide is escaped, values over 1 KiB are cut. A full
// disk or a closed descriptor is ignored, and a line is dropped rather than waited for where its reader is behind.
void log_emit(const struct log *log, enum log_level level, const char *event, const struct log_field *fields,
              size_t count);

#define LOG_EVENT(log, level, event, ...)                                                                              \
        log_emit(log, level, event, (const struct log_field[]){__VA_ARGS__},                                           \
                 sizeof((const struct log_field[]){__VA_ARGS__}) / sizeof(struct log_field))

// "error", "warn", "info", "debug"; "logfmt", "json". 0, or -1.
MUST_CHECK int log_parse_level(const char *text, enum log_level *ret);
MUST_CHECK int log_parse_format(const char *text, enum log_format *ret);

#endif
