// SPDX-License-Identifier: Apache-2.0
// The canonical headers: lower-case names in order, values with their blanks squeezed (inside quotes too), values of
// one name joined.
#include "sidecar/signing/canonical.h"

#include "sidecar/signing/put.h"

static uint64_t order_of(struct slice name)
{
        uint64_t order = 0;
        for (size_t i = 0; i < 8; i++)
                order = order << 8 | (i < name.n ? ascii_lower(name.p[i]) : 0);
        return order;
}

static int compare_names(const struct canonical_header *a, const struct canonical_header *b)
{
        if (a->order != b->order)
                return a->order < b->order ? -1 : 1;
        for (size_t i = 8; i < a->name.n && i < b->name.n; i++) {
                int difference = ascii_lower(a->name.p[i]) - ascii_lower(b->name.p[i]);
                if (difference != 0)
                        return difference;
        }
        return (a->name.n > b->name.n) - (a->name.n < b->name.n);
}

int canonical_headers_add(struct canonical_headers *headers, struct slice name, struct slice value,
                          enum canonical_value form)
{
        if (headers->count == CANONICAL_HEADERS_MAX)
                return -1;
        struct canonical_header added = {name, value, form, order_of(name)};
        size_t at = headers->count++;
        for (; at > 0 && compare_names(&headers->items[at - 1], &added) > 0; at--)
                headers->items[at] = headers->items[at - 1];
        headers->items[at] = added;
        headers->bytes += name.n + value.n;
        return 0;
}

bool canonical_headers_has(const struct canonical_headers *headers, struct slice name)
{
        for (size_t i = 0; i < headers->count; i++) {
                if (slice_eq_ignore_case(headers->items[i].name, name))
                        return true;
        }
        return false;
}

size_t canonical_headers_bound(const struct canonical_headers *headers)
{
        return 2 * (headers->bytes + 2 * headers->count);
}

static bool is_blank(uint8_t byte)
{
        return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

// One pass without branches, so that the compiler can take many bytes at a time.
static bool needs_squeezing(struct slice value)
{
        if (value.n == 0)
                return false;
        uint8_t found = is_blank(value.p[0]) || is_blank(value.p[value.n - 1]);
        for (size_t i = 0; i + 1 < value.n; i++)
                found |= (uint8_t)((value.p[i] < ' ') | ((value.p[i] == ' ') & (value.p[i + 1] == ' ')));
        return found;
}

static uint8_t *put_squeezed(uint8_t *p, struct slice value)
{
        const uint8_t *start = p;
        for (size_t i = 0; i < value.n;) {
                while (i < value.n && is_blank(value.p[i]))
                        i++;
                size_t word = i;
                while (i < value.n && !is_blank(value.p[i]))
                        i++;
                if (i > word && p > start)
                        p = put_byte(p, ' ');
                p = put_slice(p, slice_of(value.p + word, i - word));
        }
        return p;
}

static uint8_t *put_value(uint8_t *p, const struct canonical_header *header)
{
        if (header->form == CANONICAL_VALUE_LOWER)
                return put_lower(p, header->value);
        if (header->form == CANONICAL_VALUE_CLEAN || !needs_squeezing(header->value))
                return put_slice(p, header->value);
        return put_squeezed(p, header->value);
}

uint8_t *canonical_headers_put(uint8_t *p, const struct canonical_headers *headers)
{
        for (size_t i = 0; i < headers->count; i++) {
                const struct canonical_header *header = &headers->items[i];
                if (i > 0 && compare_names(header - 1, header) == 0) {
                        p[-1] = ','; // in place of the line's end
                } else {
                        p = put_lower(p, header->name);
                        p = put_byte(p, ':');
                }
                p = put_value(p, header);
                p = put_byte(p, '\n');
        }
        return p;
}

uint8_t *canonical_names_put(uint8_t *p, const struct canonical_headers *headers)
{
        for (size_t i = 0; i < headers->count; i++) {
                if (i > 0 && compare_names(&headers->items[i - 1], &headers->items[i]) == 0)
                        continue;
                if (i > 0)
                        p = put_byte(p, ';');
                p = put_lower(p, headers->items[i].name);
        }
        return p;
}
