// SPDX-License-Identifier: Apache-2.0
// Buffers, texts, secrets.
#include <string.h>

#include "proto/mem/buffer.h"
#include "proto/mem/secret.h"
#include "proto/mem/secret_pool.h"
#include "proto/mem/text.h"
#include "tests/torture/torture.h"

// A builder checks once, at its end; what it then has is whole or nothing.
static bool buffer_round(const void *arg)
{
        (void)arg;
        struct buffer b, decoded;
        buffer_init(&b, 4096);
        buffer_init(&decoded, 4096);
        torture_begin();
        for (int i = 0; i < 100; i++) {
                (void)buffer_put_str(&b, "abc");
                (void)buffer_put_byte(&b, '-');
                (void)buffer_put_u64(&b, 1234567);
                (void)buffer_printf(&b, ",%d;", 7);
        }
        (void)buffer_printf(&b, "%*d", (int)(4096 - b.n), 7); // to its last byte
        bool is_done = !b.failed;
        (void)text_base64_decode(SLICE("YWJjZGVmZ2hpamtsbW5vcA=="), &decoded);
        torture_end();
        if (is_done) {
                assert_int_equal(b.n, 4096);
                assert_memory_equal(b.p, "abc-1234567,7;abc-", 18);
                assert_int_equal(b.p[4095], '7');
        } else {
                assert_int_equal(buffer_put_byte(&b, 'x'), -1); // sticky
        }
        if (!decoded.failed)
                assert_true(slice_eq(buffer_slice(&decoded), SLICE("abcdefghijklmnop")));
        is_done = is_done && !decoded.failed;
        buffer_reset(&b); // usable again
        assert_int_equal(buffer_put_str(&b, "again"), 0);
        assert_true(slice_eq(buffer_slice(&b), SLICE("again")));
        buffer_free(&b);
        buffer_free(&decoded);
        return is_done;
}

static bool secret_round(const void *arg)
{
        (void)arg;
        struct secret s = {0};
        torture_begin();
        int r = secret_copy(&s, SLICE("wJalrXUtnFEMI"));
        torture_end();
        if (r == 0)
                assert_true(slice_eq(secret_expose(&s), SLICE("wJalrXUtnFEMI")));
        else
                assert_null(s.p);
        secret_clear(&s);
        return r == 0;
}

// More than a slab of each size, and some that are too large for one.
static bool pool_round(const void *arg)
{
        (void)arg;
        enum { SIZES_N = 4, EACH_N = 20 };
        static const size_t sizes[SIZES_N] = {1, 700, 2048, 5000};
        static const uint8_t zeroes[5000];
        void *p[SIZES_N][EACH_N];
        bool is_done = true;
        torture_begin();
        for (size_t i = 0; i < SIZES_N; i++)
                for (size_t j = 0; j < EACH_N; j++)
                        p[i][j] = secret_pool_alloc(sizes[i]);
        torture_end();
        for (size_t i = 0; i < SIZES_N; i++) {
                for (size_t j = 0; j < EACH_N; j++) {
                        is_done = is_done && p[i][j];
                        if (p[i][j]) {
                                assert_memory_equal(p[i][j], zeroes, sizes[i]);
                                memset(p[i][j], 'x', sizes[i]);
                        }
                }
        }
        for (size_t i = 0; i < SIZES_N; i++)
                for (size_t j = 0; j < EACH_N; j++)
                        secret_pool_release(p[i][j], sizes[i]);
        return is_done;
}

static bool wiping_round(const void *arg)
{
        (void)arg;
        torture_begin();
        char *p = wiping_strdup("CANARY-secret");
        char *q = p ? wiping_realloc(p, 100000) : NULL;
        void *zeroed = wiping_calloc(10, 10);
        torture_end();
        bool is_done = q && zeroed;
        if (q)
                assert_string_equal(q, "CANARY-secret");
        else if (p)
                assert_string_equal(p, "CANARY-secret"); // as realloc() leaves it
        wiping_free(q ? q : p);
        wiping_free(zeroed);
        return is_done;
}

int main(void)
{
        static const struct torture_row rows[] = {
            {.name = "buffer", .round = buffer_round},
            {.name = "secret", .round = secret_round},
            {.name = "secret pool", .round = pool_round},
            {.name = "wiping allocator", .round = wiping_round},
        };
        return torture_main(rows, LENGTH(rows));
}
