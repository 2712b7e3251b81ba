// SPDX-License-Identifier: Apache-2.0
// The canonical query string: names and values are decoded and encoded again, in whatever form they stand on the wire,
// and then sorted by their encoded form.
#include "sidecar/signing/canonical.h"

#include <stdlib.h>

#include "sidecar/signing/put.h"
#include "sidecar/signing/uri_encode.h"

struct parameter {
        struct slice name, value;
};

enum { PARAMETERS_ON_STACK = 32 };

// Of all pairs, each as put_encoded() writes it: a "&" may need a byte for the "=" that its pair does not have, and so
// may the end.
static size_t encoded_bound(struct slice query)
{
        size_t n = 2;
        for (size_t i = 0; i < query.n; i++)
                n += uri_unreserved[query.p[i]] ? 1 : 3;
        return n;
}

size_t canonical_query_bound(struct slice query, enum canonical_query_form form)
{
        if (query.n == 0)
                return 0;
        return form == CANONICAL_QUERY_ENCODED ? 2 * query.n + 1 : 2 * encoded_bound(query);
}

static int parameter_compare(const void *a, const void *b)
{
        const struct parameter *left = a, *right = b;
        int order = slice_compare(left->name, right->name);
        return order != 0 ? order : slice_compare(left->value, right->value);
}

// Appends "name=value&" for each pair that is not empty.
static uint8_t *put_encoded(uint8_t *p, struct slice query)
{
        while (query.n > 0) {
                struct slice pair = slice_head(query, slice_find(query, '&'));
                size_t name_n = slice_find(pair, '=');
                query = slice_from(query, pair.n + 1);
                if (pair.n == 0)
                        continue;
                p = put_byte(uri_put_recoded(p, slice_head(pair, name_n), uri_unreserved), '=');
                p = put_byte(uri_put_recoded(p, slice_from(pair, name_n + 1), uri_unreserved), '&');
        }
        return p;
}

static size_t count_parameters(struct slice query)
{
        size_t n = 1;
        for (size_t i = 0; i < query.n; i++)
                n += query.p[i] == '&';
        return n;
}

static void split(struct slice query, struct parameter *ret)
{
        for (;; ret++) {
                struct slice pair = slice_head(query, slice_find(query, '&'));
                ret->name = slice_head(pair, slice_find(pair, '='));
                ret->value = slice_from(pair, ret->name.n + 1);
                if (pair.n == query.n)
                        return;
                query = slice_from(query, pair.n + 1);
        }
}

// For a handful: without qsort()'s calls.
static void insertion_sort(struct parameter *list, size_t n)
{
        for (size_t i = 1; i < n; i++) {
                struct parameter moving = list[i];
                size_t at = i;
                for (; at > 0 && parameter_compare(&list[at - 1], &moving) > 0; at--)
                        list[at] = list[at - 1];
                list[at] = moving;
        }
}

static uint8_t *put_parameters(uint8_t *p, const struct parameter *list, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                if (i > 0)
                        p = put_byte(p, '&');
                p = put_slice(p, list[i].name);
                p = put_byte(p, '=');
                p = put_slice(p, list[i].value);
        }
        return p;
}

static uint8_t *put_sorted(uint8_t *p, struct slice query)
{
        size_t n = count_parameters(query);
        if (n <= PARAMETERS_ON_STACK) {
                struct parameter list[PARAMETERS_ON_STACK];
                split(query, list);
                insertion_sort(list, n);
                return put_parameters(p, list, n);
        }
        struct parameter *list = calloc(n, sizeof(*list));
        if (!list)
                return NULL;
        split(query, list);
        qsort(list, n, sizeof(*list), parameter_compare);
        p = put_parameters(p, list, n);
        free(list);
        return p;
}

uint8_t *canonical_query_put(uint8_t *p, struct slice query, enum canonical_query_form form)
{
        if (query.n > 0 && form == CANONICAL_QUERY_WIRE) {
                uint8_t *encoded = p + encoded_bound(query); // behind the result
                const uint8_t *end = put_encoded(encoded, query);
                query = slice_of(encoded, end > encoded ? (size_t)(end - encoded) - 1 : 0); // without the last "&"
        }
        return query.n > 0 ? put_sorted(p, query) : p;
}
