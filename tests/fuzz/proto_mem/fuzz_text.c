// SPDX-License-Identifier: Apache-2.0
// Decoders against their encoders: what decodes, encodes back to the same text (or to its normal form); what is
// encoded, decodes to the same bytes.
#include <assert.h>
#include <stdlib.h>

#include "proto/mem/text.h"
#include "proto/mem/time.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_base64(struct slice text, struct buffer *a, struct buffer *b)
{
        buffer_reset(a);
        buffer_reset(b);
        if (text_base64_decode(text, a) == 0) {
                assert(text_base64_encode(buffer_slice(a), b) == 0);
                assert(slice_eq(buffer_slice(b), text));
        } else {
                assert(a->n == 0);
        }
        buffer_reset(a);
        buffer_reset(b);
        assert(text_base64_encode(text, a) == 0 && a->n == (text.n + 2) / 3 * 4);
        assert(text_base64_decode(buffer_slice(a), b) == 0);
        assert(slice_eq(buffer_slice(b), text));
}

static void check_percent(struct slice text, bool keep_slash, struct buffer *a, struct buffer *b)
{
        buffer_reset(a);
        buffer_reset(b);
        assert(text_percent_encode(text, keep_slash, a) == 0);
        for (size_t i = 0; i < a->n; i++)
                assert(text_is_unreserved(a->p[i]) || a->p[i] == '%' || (keep_slash && a->p[i] == '/'));
        assert(text_percent_decode(buffer_slice(a), b) == 0);
        assert(slice_eq(buffer_slice(b), text));
        buffer_reset(b);
        if (text_percent_decode(text, b) == 0)
                assert(b->n <= text.n);
        else
                assert(b->n == 0);
}

static void check_hex(struct slice text)
{
        uint8_t *bytes = malloc(text.n / 2 + 1);
        char *back = malloc(text.n + 1);
        assert(bytes && back);
        if (text_hex_decode(text, bytes) == 0) {
                text_hex_encode(slice_of(bytes, text.n / 2), back);
                assert(slice_eq_ignore_case(slice_of(back, text.n), text));
        }
        free(back);
        free(bytes);
}

static void check_numbers(struct slice text, struct buffer *a)
{
        uint64_t natural = 0;
        int64_t whole = 0;
        buffer_reset(a);
        if (text_parse_u64(text, &natural) == 0) {
                assert(buffer_put_u64(a, natural) == 0);
                assert(slice_ends_with(text, buffer_slice(a))); // but for leading zeros
        }
        buffer_reset(a);
        if (text_parse_i64(text, &whole) == 0 && whole < 0) {
                assert(buffer_put_i64(a, whole) == 0);
                assert(a->p[0] == '-' && slice_ends_with(text, slice_from(buffer_slice(a), 1)));
        }
}

static void check_times(struct slice text)
{
        char rfc3339[TIME_RFC3339_SIZE];
        char amz[TIME_AMZ_SIZE];
        int64_t times[3];
        size_t n = 0;
        n += time_parse_rfc3339(text, &times[n]) == 0;
        n += time_parse_amz(text, &times[n]) == 0;
        n += time_parse_http_date(text, &times[n]) == 0;
        assert(n <= 1); // no text has two meanings
        if (n == 1 && time_format_rfc3339(times[0], rfc3339) == 0) {
                int64_t back = -1;
                assert(time_parse_rfc3339(slice_str(rfc3339), &back) == 0 && back == times[0]);
                assert(time_format_amz(times[0], amz) == 0);
                assert(time_parse_amz(slice_str(amz), &back) == 0 && back == times[0]);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct slice text = slice_of(data, size);
        struct buffer a;
        struct buffer b;
        if (size > 64 * 1024)
                return 0;
        buffer_init(&a, 1 << 20);
        buffer_init(&b, 1 << 20);
        check_base64(text, &a, &b);
        check_percent(text, false, &a, &b);
        check_percent(text, true, &a, &b);
        check_hex(text);
        check_numbers(text, &a);
        check_times(text);
        (void)text_is_utf8(text);
        buffer_free(&a);
        buffer_free(&b);
        return 0;
}
