// SPDX-License-Identifier: Apache-2.0
#include "sidecar/io/http_fields.h"

void http_fields_init(struct http_fields *fields, size_t max)
{
        *fields = (struct http_fields){.count = 0};
        buffer_init(&fields->bytes, max);
}

void http_fields_free(struct http_fields *fields)
{
        buffer_free(&fields->bytes);
        fields->count = 0;
}

void http_fields_reset(struct http_fields *fields)
{
        buffer_reset(&fields->bytes);
        fields->count = 0;
        fields->is_too_large = false;
}

static void lower(uint8_t *p, size_t n)
{
        for (size_t i = 0; i < n; i++)
                if (p[i] >= 'A' && p[i] <= 'Z')
                        p[i] = (uint8_t)(p[i] + ('a' - 'A'));
}

int http_fields_add(struct http_fields *fields, struct slice line)
{
        size_t colon = slice_find(line, ':');
        bool is_folded = line.n > 0 && (line.p[0] == ' ' || line.p[0] == '\t'); // obsolete: RFC 9112, 5.2
        if (colon == 0 || colon == line.n || is_folded || slice_find(line, '\0') < line.n)
                return 0;
        struct slice name = slice_trim(slice_head(line, colon));
        struct slice value = slice_trim(slice_from(line, colon + 1));
        size_t n = name.n + value.n + 2;
        fields->is_too_large = fields->count == HTTP_FIELDS_MAX || n > fields->bytes.max - fields->bytes.n;
        uint8_t *p = fields->is_too_large ? NULL : buffer_reserve(&fields->bytes, n);
        if (!p)
                return -1;
        memcpy(p, name.p, name.n);
        lower(p, name.n);
        p[name.n] = '\0';
        if (value.n > 0)
                memcpy(p + name.n + 1, value.p, value.n);
        p[n - 1] = '\0';
        buffer_commit(&fields->bytes, n);
        fields->count++;
        return 0;
}

static struct slice take_text(struct slice *rest)
{
        struct slice text = slice_head(*rest, slice_find(*rest, '\0'));
        *rest = slice_from(*rest, text.n + 1);
        return text;
}

size_t http_fields_list(const struct http_fields *fields, struct http_field *ret)
{
        struct slice rest = buffer_slice(&fields->bytes);
        for (size_t i = 0; i < fields->count; i++) {
                ret[i].name = take_text(&rest);
                ret[i].value = take_text(&rest);
        }
        return fields->count;
}
