// SPDX-License-Identifier: Apache-2.0
#include "sidecar/server/histogram.h"

#include <inttypes.h>

#include "proto/mem/buffer.h"

void histogram_write(const struct histogram *h, const char *name, const char *help, struct buffer *out)
{
        uint64_t total = 0;
        (void)buffer_printf(out, "# HELP %s %s\n# TYPE %s histogram\n", name, help, name);
        for (size_t i = 0; i < h->bounds_count; i++) {
                total += h->counts[i];
                (void)buffer_printf(out, "%s_bucket{le=\"%s\"} %" PRIu64 "\n", name, h->bounds[i].seconds, total);
        }
        total += h->counts[h->bounds_count];
        (void)buffer_printf(out, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n", name, total);
        (void)buffer_printf(out, "%s_sum %.9f\n%s_count %" PRIu64 "\n", name, (double)h->sum_ns / 1e9, name, total);
}
