// SPDX-License-Identifier: Apache-2.0
#include "proto/mem/slice.h"

static uint8_t lower(uint8_t c)
{
        return c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c;
}

bool slice_eq_ignore_case_same_n(struct slice a, struct slice b)
{
        for (size_t i = 0; i < a.n; i++)
                if (a.p[i] != b.p[i] && lower(a.p[i]) != lower(b.p[i]))
                        return false;
        return true;
}

size_t slice_find(struct slice s, uint8_t byte)
{
        const uint8_t *hit = s.n == 0 ? NULL : memchr(s.p, byte, s.n);
        return hit ? (size_t)(hit - s.p) : s.n;
}

static bool is_blank(uint8_t c)
{
        return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct slice slice_trim(struct slice s)
{
        while (s.n > 0 && is_blank(s.p[s.n - 1]))
                s.n--;
        while (s.n > 0 && is_blank(s.p[0])) {
                s.p++;
                s.n--;
        }
        return s;
}

int slice_compare(struct slice a, struct slice b)
{
        size_t n = a.n < b.n ? a.n : b.n;
        int order = n == 0 ? 0 : memcmp(a.p, b.p, n);
        if (order != 0)
                return order;
        return (a.n > b.n) - (a.n < b.n);
}

bool slice_eq_constant_time(struct slice a, struct slice b)
{
        if (a.n != b.n)
                return false;
        // volatile: keeps the compiler from leaving the loop at the first difference
        volatile uint8_t difference = 0;
        for (size_t i = 0; i < a.n; i++)
                difference = (uint8_t)(difference | (a.p[i] ^ b.p[i]));
        return difference == 0;
}
