// SPDX-License-Identifier: Apache-2.0
#include "sidecar/base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const kind_names[] = {
    [ERROR_NONE] = "none",           [ERROR_CONFIG] = "config",       [ERROR_DENIED] = "denied",
    [ERROR_THROTTLED] = "throttled", [ERROR_TRANSIENT] = "transient", [ERROR_PROTOCOL] = "protocol",
    [ERROR_CANCELLED] = "cancelled", [ERROR_INTERNAL] = "internal",
};
_Static_assert(sizeof(kind_names) / sizeof(kind_names[0]) == ERROR_KIND_COUNT, "a name for every kind");

const char *error_kind_name(enum error_kind kind)
{
        return kind_names[kind];
}

// Control bytes could break a log line or a terminal; a text that was cut says so.
static void clean(char *text, size_t size, int wanted)
{
        static const char ellipsis[] = "…";
        for (char *c = text; *c; c++)
                if ((unsigned char)*c < ' ' || *c == 0x7f)
                        *c = '?';
        if (wanted < 0 || (size_t)wanted < size)
                return;
        size_t end = size - sizeof(ellipsis);
        while (end > 0 && ((unsigned char)text[end] & 0xc0) == 0x80) // not inside a character
                end--;
        memcpy(text + end, ellipsis, sizeof(ellipsis));
}

__attribute__((format(printf, 3, 0))) static void write_text(char *text, size_t size, const char *format,
                                                             va_list arguments)
{
        clean(text, size, vsnprintf(text, size, format, arguments));
}

int error_set(struct error *e, enum error_kind kind, const char *format, ...)
{
        if (!e)
                return -1;
        char message[sizeof(e->message)]; // the arguments may point into *e
        va_list arguments;
        va_start(arguments, format);
        write_text(message, sizeof(message), format, arguments);
        va_end(arguments);
        *e = (struct error){.kind = kind};
        memcpy(e->message, message, sizeof(message));
        return -1;
}

int error_set_errno(struct error *e, enum error_kind kind, const char *format, ...)
{
        int number = errno;
        char message[512];
        va_list arguments;
        va_start(arguments, format);
        write_text(message, sizeof(message), format, arguments);
        va_end(arguments);
        return error_set(e, kind, "%s: %s", message, strerror(number));
}

int error_context(struct error *e, const char *format, ...)
{
        if (!e)
                return -1;
        char context[sizeof(e->message)];
        char message[2 * sizeof(e->message) + 2];
        va_list arguments;
        va_start(arguments, format);
        write_text(context, sizeof(context), format, arguments);
        va_end(arguments);
        int wanted = snprintf(message, sizeof(message), "%s: %s", context, e->message);
        (void)snprintf(e->message, sizeof(e->message), "%.*s", (int)sizeof(e->message) - 1, message);
        clean(e->message, sizeof(e->message), wanted);
        return -1;
}

int error_hint(struct error *e, const char *format, ...)
{
        if (!e)
                return -1;
        va_list arguments;
        va_start(arguments, format);
        write_text(e->hint, sizeof(e->hint), format, arguments);
        va_end(arguments);
        return -1;
}
