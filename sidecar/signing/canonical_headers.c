// SPDX-License-Identifier: Apache-2.0
// The canonical headers: lower-case names in order, values with their blanks squeezed (inside quotes too), values of
// one name joined.
#include "sidecar/signing/canonical.h"

#include <endian.h>

#include "sidecar/signing/put.h"

// Names are ASCII, so that eight bytes can be brought to lower case as one number.
static uint64_t order_of(struct slice name)
{
        const uint64_t each = 0x0101010101010101u;
        uint64_t word = 0;
        memcpy(&word, name.p, name.n < 8 ? name.n : 8);
        uint64_t from_a = word + (0x80 - 'A') * each, beyond_z = word + (0x7f - 'Z') * each;
        word |= ((from_a & ~beyond_z) & 0x80 * each) >> 2;
        return be64toh(word);
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

// Without branches, so that the compiler can take many bytes at a time.
bool canonical_value_look(struct slice value, bool *ret_blanks)
{
        uint8_t control = 0, blanks = 0;
        if (value.n == 0)
                return true;
        for (size_t i = 0; i + 1 < value.n; i++) {
                uint8_t byte = value.p[i];
                bool white = (byte == '\t') | (byte == '\r') | (byte == '\n');
                control |= (uint8_t)(((byte < ' ') & !white) | (byte == 0x7f));
                blanks |= (uint8_t)(white | ((byte == ' ') & (value.p[i + 1] == ' ')));
        }
        uint8_t last = value.p[value.n - 1];
        *ret_blanks = blanks || is_blank(value.p[0]) || is_blank(last);
        return !control && (last >= ' ' || is_blank(last)) && last != 0x7f;
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
        if (header->form == CANONICAL_VALUE_BLANKS)
                return put_squeezed(p, header->value);
        return put_slice(p, header->value);
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
