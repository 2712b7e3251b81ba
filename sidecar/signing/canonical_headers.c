// SPDX-License-Identifier: Apache-2.0
// The canonical headers: lower-case names in order, values with their blanks squeezed (inside quotes too), values of
// one name joined.
#include "sidecar/signing/canonical.h"

#include "sidecar/signing/put.h"
#include "sidecar/signing/scan.h"

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

void canonical_headers_sink(struct canonical_headers *headers)
{
        size_t at = headers->count - 1;
        struct canonical_header added = headers->items[at];
        for (; at > 0 && compare_names(&headers->items[at - 1], &added) > 0; at--)
                headers->items[at] = headers->items[at - 1];
        headers->items[at] = added;
}

size_t canonical_headers_bound(const struct canonical_headers *headers)
{
        return 3 * (headers->bytes + 2 * headers->count);
}

static bool is_blank(uint8_t byte)
{
        return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

enum { CONTROL = 1, BLANK = 2, SPACE = 4 };

static const uint8_t value_class[256] = {
    [0 ... 8] = CONTROL, [11 ... 12] = CONTROL, [14 ... 0x1f] = CONTROL, ['\t'] = BLANK,
    ['\n'] = BLANK,      ['\r'] = BLANK,        [' '] = SPACE,           [0x7f] = CONTROL,
};

bool canonical_value_scan(struct slice value, bool *ret_blanks)
{
        *ret_blanks = false;
        uint8_t seen = 0, before = SPACE; // a space at either end counts as the second in a row
        for (size_t i = 0; i < value.n; i++) {
                uint8_t class = value_class[value.p[i]];
                seen |= class | (uint8_t)((class & before & SPACE) >> 1);
                before = class;
        }
        *ret_blanks = (seen & BLANK) || before == SPACE;
        return !(seen & CONTROL);
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
        if (header->form == CANONICAL_VALUE_BLANKS)
                return put_squeezed(p, header->value);
        return put_slice(p, header->value);
}

uint8_t *canonical_headers_put(uint8_t *p, const struct canonical_headers *headers, uint8_t **names)
{
        for (size_t i = 0; i < headers->count; i++) {
                const struct canonical_header *header = &headers->items[i];
                if (i > 0 && header[-1].order == header->order && compare_names(header - 1, header) == 0) {
                        p[-1] = ','; // in place of the line's end
                } else {
                        if (i > 0)
                                *names = put_byte(*names, ';');
                        p = put_lower_twice(p, names, header->name);
                        p = put_byte(p, ':');
                }
                p = put_value(p, header);
                p = put_byte(p, '\n');
        }
        return p;
}
