// SPDX-License-Identifier: Apache-2.0
// Counters and histograms, as Prometheus text (exposition format 0.0.4). What exists per profile is read from the
// entries at the time of the question.
#ifndef SIDECAR_SERVER_METRICS_H
#define SIDECAR_SERVER_METRICS_H

#include <stdbool.h>
#include <stdint.h>

struct buffer;
struct metrics;
struct server_profile;
struct uv_loop_s;

// Installs two handles on the loop that measure how long each turn keeps it from polling.
struct metrics *metrics_new(struct uv_loop_s *loop);
// Closes the handles; memory goes from the loop.
void metrics_close(struct metrics *m);

void metrics_count_request(struct metrics *m, int status, uint64_t duration_ns);
void metrics_count_signature(struct metrics *m);
void metrics_count_served_expired(struct metrics *m);
void metrics_observe_refresh(struct metrics *m, int64_t duration_ms);

// All metrics, those of the profiles with them. Failure is the buffer's sticky one.
void metrics_write(const struct metrics *m, const struct server_profile *profiles, unsigned long count,
                   struct buffer *out);

// One more number, for the caller's own.
void metrics_write_gauge(struct buffer *out, const char *name, const char *help, uint64_t value);

#endif
