// SPDX-License-Identifier: Apache-2.0
// Counters and histograms, as Prometheus text (exposition format 0.0.4). The values of each profile are read from its
// entry when a peer requests them.
#ifndef SIDECAR_SERVER_METRICS_H
#define SIDECAR_SERVER_METRICS_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/mem/must_check.h"
#include "sidecar/server/cursor.h"

struct buffer;
struct metrics;
struct peer;
struct request_counts;
struct server;
struct uv_loop_s;

// Installs two handles on the loop that measure how long each turn keeps it from polling.
MUST_CHECK struct metrics *metrics_new(struct uv_loop_s *loop);
// Closes the handles; the loop frees the memory after that.
void metrics_close(struct metrics *m);

// The counts of the API with that name, created by the first call. NULL: out of memory.
MUST_CHECK struct request_counts *metrics_add_api(struct metrics *m, const char *name);
void metrics_count_request(struct metrics *m, struct request_counts *counts, int status, uint64_t duration_ns);
enum signature_algorithm { SIGNATURE_SIGV4, SIGNATURE_SIGV4A, SIGNATURE_ALGORITHMS_N };
void metrics_count_signature(struct metrics *m, enum signature_algorithm algorithm);
void metrics_count_served_expired(struct metrics *m);
void metrics_observe_refresh(struct metrics *m, int64_t duration_ms);

// Appends the metrics that are not about a profile. On failure, the buffer's `failed` is set.
void metrics_write_totals(const struct metrics *m, struct buffer *out);

// A position in the text of all metrics, which is made in pieces. Zeroed, it is at the beginning. Only peers that may
// see a profile get its lines.
struct metrics_place {
        size_t section;
        bool is_inside; // its head is written
        struct cursor profiles;
};

// Appends the next few lines. False: that was the last. On failure, the buffer's `failed` is set.
MUST_CHECK bool metrics_write_next(const struct server *s, const struct peer *peer, struct metrics_place *at,
                                   struct buffer *out);

#endif
