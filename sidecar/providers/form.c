// SPDX-License-Identifier: Apache-2.0
#include "sidecar/providers/form.h"

#include "proto/mem/text.h"

static void form_begin(struct buffer *out)
{
        if (out->n > 0)
                (void)buffer_put_byte(out, '&');
}

static void form_put_value(struct buffer *out, struct slice value)
{
        for (;;) {
                size_t blank = slice_find(value, ' ');
                (void)text_percent_encode(slice_head(value, blank), false, out);
                if (blank == value.n)
                        return;
                (void)buffer_put_byte(out, '+');
                value = slice_from(value, blank + 1);
        }
}

void form_put(struct buffer *out, const char *name, struct slice value)
{
        form_begin(out);
        (void)buffer_printf(out, "%s=", name);
        form_put_value(out, value);
}

void form_put_i64(struct buffer *out, const char *name, int64_t value)
{
        form_begin(out);
        (void)buffer_printf(out, "%s=", name);
        (void)buffer_put_i64(out, value);
}

void form_put_optional(struct buffer *out, const char *name, const char *value)
{
        if (value && value[0] != '\0')
                form_put(out, name, slice_str(value));
}

void form_put_member(struct buffer *out, const char *list, size_t number, const char *suffix, struct slice value)
{
        form_begin(out);
        (void)buffer_printf(out, "%s.member.%zu%s=", list, number, suffix);
        form_put_value(out, value);
}
