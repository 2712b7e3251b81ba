// SPDX-License-Identifier: Apache-2.0
// Texts are formatted aside and then moved in, because arguments may point into the error that is being overwritten.
#include "sidecar/base/error.h"

#include "proto/mem/length.h"
#include "proto/mem/text.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define ELLIPSIS "\xe2\x80\xa6" // "…"

static const char *const KIND_NAMES[] = {"none",     "config",    "denied",      "throttled", "transient",
                                         "protocol", "cancelled", "interaction", "internal"};
static_assert(LENGTH(KIND_NAMES) == ERROR_KIND_COUNT, "name every kind");

struct text {
        char p[sizeof(((struct error *)0)->message)];
        bool is_cut;
};

const char *error_kind_name(enum error_kind kind)
{
        return kind < ERROR_KIND_COUNT ? KIND_NAMES[kind] : "unknown";
}

__attribute__((format(printf, 2, 0))) static void text_format(struct text *t, const char *format, va_list args)
{
        int n = vsnprintf(t->p, sizeof(t->p), format, args);
        if (n < 0)
                t->p[0] = '\0';
        t->is_cut = n >= (int)sizeof(t->p);
}

static void text_append(struct text *t, const char *s)
{
        size_t n = strlen(t->p);
        if (snprintf(t->p + n, sizeof(t->p) - n, "%s", s) >= (int)(sizeof(t->p) - n))
                t->is_cut = true;
}

// Moves the text to where it stays. A cut one ends in an ellipsis, and never inside a character. This is where foreign
// text enters errors, so that nothing that a terminal would obey or hide is in them.
static void text_place(const struct text *t, char *to, size_t size)
{
        bool is_cut = snprintf(to, size, "%s", t->p) >= (int)size || t->is_cut;
        size_t n = strlen(to);
        if (is_cut) {
                size_t at = n < size - sizeof(ELLIPSIS) ? n : size - sizeof(ELLIPSIS);
                while (at > 0 && ((unsigned char)to[at] & 0xc0) == 0x80)
                        at--;
                memcpy(to + at, ELLIPSIS, sizeof(ELLIPSIS));
                n = at + sizeof(ELLIPSIS) - 1;
        }
        text_defuse((uint8_t *)to, n);
}

static void overwrite(struct error *e, enum error_kind kind, const struct text *t)
{
        memset(e, 0, sizeof(*e));
        e->kind = kind;
        text_place(t, e->message, sizeof(e->message));
}

int error_set(struct error *e, enum error_kind kind, const char *format, ...)
{
        struct text t;
        va_list args;
        if (!e)
                return -1;
        va_start(args, format);
        text_format(&t, format, args);
        va_end(args);
        overwrite(e, kind, &t);
        return -1;
}

int error_set_errno(struct error *e, enum error_kind kind, const char *format, ...)
{
        int number = errno;
        char room[128];
        struct text t;
        va_list args;
        if (!e)
                return -1;
        va_start(args, format);
        text_format(&t, format, args);
        va_end(args);
        text_append(&t, ": ");
        text_append(&t, strerror_r(number, room, sizeof(room)));
        overwrite(e, kind, &t);
        return -1;
}

int error_context(struct error *e, const char *format, ...)
{
        struct text t;
        va_list args;
        if (!e)
                return -1;
        va_start(args, format);
        text_format(&t, format, args);
        va_end(args);
        if (e->message[0] != '\0') {
                text_append(&t, ": ");
                text_append(&t, e->message);
        }
        text_place(&t, e->message, sizeof(e->message));
        return -1;
}

int error_hint(struct error *e, const char *format, ...)
{
        struct text t;
        va_list args;
        if (!e)
                return -1;
        va_start(args, format);
        text_format(&t, format, args);
        va_end(args);
        text_place(&t, e->hint, sizeof(e->hint));
        return -1;
}
