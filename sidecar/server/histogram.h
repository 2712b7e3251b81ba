// SPDX-License-Identifier: Apache-2.0
// Counts of durations in buckets.
#ifndef SIDECAR_SERVER_HISTOGRAM_H
#define SIDECAR_SERVER_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

struct buffer;

enum { HISTOGRAM_BOUNDS_MAX = 20 };

struct histogram_bound {
        uint64_t ns;
        const char *seconds; // as in the label
};

struct histogram {
        const struct histogram_bound *bounds; // ascending, static
        size_t bounds_count;
        uint64_t counts[HISTOGRAM_BOUNDS_MAX + 1]; // the last: above every bound
        uint64_t sum_ns;
};

static inline void histogram_observe(struct histogram *h, uint64_t ns)
{
        size_t i = 0;
        while (i < h->bounds_count && ns > h->bounds[i].ns)
                i++;
        h->counts[i]++;
        h->sum_ns += ns;
}

// As Prometheus text.
void histogram_write(const struct histogram *h, const char *name, const char *help, struct buffer *out);

#endif
