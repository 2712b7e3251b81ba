// SPDX-License-Identifier: Apache-2.0
#include "sidecar/config/suggest.h"

#define WORD_MAX 64

static size_t least(size_t a, size_t b)
{
        return a < b ? a : b;
}

static uint8_t folded(uint8_t c)
{
        if (c >= 'A' && c <= 'Z')
                return (uint8_t)(c - 'A' + 'a');
        return c == '-' ? '_' : c; // the commonest slip of all
}

// Edit distance with swaps of neighbours, row by row.
static size_t distance(struct slice a, struct slice b)
{
        size_t rows[3][WORD_MAX + 1];
        size_t *before = rows[0], *above = rows[1], *row = rows[2];
        for (size_t j = 0; j <= b.n; j++)
                before[j] = above[j] = j;
        for (size_t i = 1; i <= a.n; i++) {
                row[0] = i;
                for (size_t j = 1; j <= b.n; j++) {
                        size_t cost = folded(a.p[i - 1]) == folded(b.p[j - 1]) ? 0 : 1;
                        row[j] = least(least(above[j] + 1, row[j - 1] + 1), above[j - 1] + cost);
                        if (i > 1 && j > 1 && folded(a.p[i - 1]) == folded(b.p[j - 2]) &&
                            folded(a.p[i - 2]) == folded(b.p[j - 1]))
                                row[j] = least(row[j], before[j - 2] + 1);
                }
                size_t *free_row = before;
                before = above;
                above = row;
                row = free_row;
        }
        return above[b.n];
}

void suggest_consider(struct suggestion *s, const char *candidate)
{
        struct slice other = slice_str(candidate);
        if (s->word.n == 0 || s->word.n > WORD_MAX || other.n == 0 || other.n > WORD_MAX)
                return;
        size_t d = distance(s->word, other);
        size_t longer = s->word.n > other.n ? s->word.n : other.n;
        if (d > (longer + 2) / 3 || d >= longer || (s->best && d >= s->distance))
                return;
        s->best = candidate;
        s->distance = d;
}
