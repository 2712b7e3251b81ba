// SPDX-License-Identifier: Apache-2.0
// Counting is an addition at an index; all text is made when it is asked for.
//
// A turn of the loop lasts from the moment the poll returned to the next poll. The loop notes that moment in whole
// milliseconds, before it calls anybody: a stall is told up to 1 ms too long, never too short.
#include "sidecar/server/metrics.h"

#include <inttypes.h>
#include <stdlib.h>
#include <uv.h>

#include "proto/mem/buffer.h"
#include "proto/mem/length.h"
#include "proto/wire/credentials.h"
#include "sidecar/base/provider_facts.h"
#include "sidecar/server/histogram.h"
#include "sidecar/server/server.h"
#include "sidecar/vault/vault.h"

enum { STATUS_MIN = 100, STATUS_COUNT = 500 };

struct metrics {
        uv_prepare_t prepare; // before each poll
        uv_check_t check;     // after it and its callbacks
        unsigned open;
        bool has_polled;
        uint64_t polled_ms;
        uint64_t stall_max_ns;
        uint64_t requests[STATUS_COUNT]; // by status less STATUS_MIN
        uint64_t signatures, served_expired;
        struct histogram request_durations, refresh_durations, stalls;
};

static const struct histogram_bound request_bounds[] = {
    {10000, "0.00001"},  {25000, "0.000025"}, {50000, "0.00005"},  {100000, "0.0001"},  {250000, "0.00025"},
    {500000, "0.0005"},  {1000000, "0.001"},  {2500000, "0.0025"}, {5000000, "0.005"},  {10000000, "0.01"},
    {25000000, "0.025"}, {50000000, "0.05"},  {100000000, "0.1"},  {250000000, "0.25"}, {1000000000, "1"},
    {2500000000, "2.5"}, {10000000000, "10"}, {30000000000, "30"}, {60000000000, "60"},
};
static const struct histogram_bound refresh_bounds[] = {
    {5000000, "0.005"},  {10000000, "0.01"},  {25000000, "0.025"}, {50000000, "0.05"},  {100000000, "0.1"},
    {250000000, "0.25"}, {500000000, "0.5"},  {1000000000, "1"},   {2500000000, "2.5"}, {5000000000, "5"},
    {10000000000, "10"}, {30000000000, "30"}, {60000000000, "60"},
};
static const struct histogram_bound stall_bounds[] = {
    {1000000, "0.001"},  {2500000, "0.0025"}, {5000000, "0.005"}, {10000000, "0.01"},
    {25000000, "0.025"}, {50000000, "0.05"},  {100000000, "0.1"}, {500000000, "0.5"},
};

_Static_assert(LENGTH(request_bounds) <= HISTOGRAM_BOUNDS_MAX, "more buckets than there is room for");

static void on_check(uv_check_t *handle)
{
        struct metrics *m = handle->data;
        m->has_polled = true;
        m->polled_ms = uv_now(handle->loop);
}

static void on_prepare(uv_prepare_t *handle)
{
        struct metrics *m = handle->data;
        if (!m->has_polled)
                return;
        uint64_t now_ns = uv_hrtime();
        uint64_t then_ns = m->polled_ms * 1000000;
        uint64_t stall_ns = now_ns > then_ns ? now_ns - then_ns : 0;
        histogram_observe(&m->stalls, stall_ns);
        if (stall_ns > m->stall_max_ns)
                m->stall_max_ns = stall_ns;
}

struct metrics *metrics_new(struct uv_loop_s *loop)
{
        struct metrics *m = calloc(1, sizeof(*m));
        if (!m)
                return NULL;
        m->request_durations = (struct histogram){.bounds = request_bounds, .bounds_count = LENGTH(request_bounds)};
        m->refresh_durations = (struct histogram){.bounds = refresh_bounds, .bounds_count = LENGTH(refresh_bounds)};
        m->stalls = (struct histogram){.bounds = stall_bounds, .bounds_count = LENGTH(stall_bounds)};
        (void)uv_prepare_init(loop, &m->prepare); // these cannot fail
        m->prepare.data = m;
        (void)uv_check_init(loop, &m->check);
        m->check.data = m;
        m->open = 2;
        (void)uv_prepare_start(&m->prepare, on_prepare);
        (void)uv_check_start(&m->check, on_check);
        uv_unref((uv_handle_t *)&m->prepare); // measuring keeps no loop alive
        uv_unref((uv_handle_t *)&m->check);
        return m;
}

static void on_closed(uv_handle_t *handle)
{
        struct metrics *m = handle->data;
        if (--m->open == 0)
                free(m);
}

void metrics_close(struct metrics *m)
{
        uv_close((uv_handle_t *)&m->prepare, on_closed);
        uv_close((uv_handle_t *)&m->check, on_closed);
}

void metrics_count_request(struct metrics *m, int status, uint64_t duration_ns)
{
        if (status >= STATUS_MIN && status < STATUS_MIN + STATUS_COUNT)
                m->requests[status - STATUS_MIN]++;
        histogram_observe(&m->request_durations, duration_ns);
}

void metrics_count_signature(struct metrics *m)
{
        m->signatures++;
}

void metrics_count_served_expired(struct metrics *m)
{
        m->served_expired++;
}

void metrics_observe_refresh(struct metrics *m, int64_t duration_ms)
{
        histogram_observe(&m->refresh_durations, duration_ms > 0 ? (uint64_t)duration_ms * 1000000 : 0);
}

// --- text ---

static void put_family(struct buffer *out, const char *name, const char *type, const char *help)
{
        (void)buffer_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

// Name and opening brace, the label `profile` with its value escaped.
static void put_profile(struct buffer *out, const char *name, const char *profile)
{
        (void)buffer_put_str(out, name);
        (void)buffer_put_str(out, "{profile=\"");
        for (const char *at = profile; *at; at++) {
                if (*at == '\\' || *at == '"')
                        (void)buffer_put_byte(out, '\\');
                if (*at == '\n')
                        (void)buffer_put_str(out, "\\n");
                else
                        (void)buffer_put_byte(out, (uint8_t)*at);
        }
        (void)buffer_put_byte(out, '"');
}

static void put_refreshes(struct buffer *out, const char *profile, const char *result, uint64_t count)
{
        put_profile(out, "keyfob_refreshes_total", profile);
        (void)buffer_printf(out, ",result=\"%s\"} %" PRIu64 "\n", result, count);
}

static void write_profiles(const struct server_profile *profiles, unsigned long count, struct buffer *out)
{
        struct entry_status status;
        const char *name = "keyfob_credentials_expiration_timestamp_seconds";
        put_family(out, name, "gauge",
                   "When the credentials held expire; absent when there are none or they never do.");
        for (unsigned long i = 0; i < count; i++) {
                entry_status(profiles[i].entry, &status);
                if (status.expires_s == 0 || status.expires_s == CREDENTIALS_NEVER_EXPIRE)
                        continue;
                put_profile(out, name, profiles[i].name);
                (void)buffer_printf(out, "} %" PRId64 "\n", status.expires_s);
        }
        name = "keyfob_certificate_expiration_timestamp_seconds";
        put_family(out, name, "gauge", "When the certificate that signs for the profile ends; absent without one.");
        for (unsigned long i = 0; i < count; i++) {
                const struct provider_facts *facts = entry_facts(profiles[i].entry);
                if (!facts || !facts->certificate.subject)
                        continue;
                put_profile(out, name, profiles[i].name);
                (void)buffer_printf(out, "} %" PRId64 "\n", facts->certificate.not_after_s);
        }
        name = "keyfob_credentials_generation";
        put_family(out, name, "gauge", "How many credentials the profile has had.");
        for (unsigned long i = 0; i < count; i++) {
                put_profile(out, name, profiles[i].name);
                (void)buffer_printf(out, "} %" PRIu64 "\n", entry_generation(profiles[i].entry));
        }
        put_family(out, "keyfob_refreshes_total", "counter", "Attempts to obtain credentials, by result.");
        for (unsigned long i = 0; i < count; i++) {
                entry_status(profiles[i].entry, &status);
                put_refreshes(out, profiles[i].name, "success", status.successes);
                put_refreshes(out, profiles[i].name, "failure", status.failures);
        }
}

void metrics_write_gauge(struct buffer *out, const char *name, const char *help, uint64_t value)
{
        put_family(out, name, "gauge", help);
        (void)buffer_printf(out, "%s %" PRIu64 "\n", name, value);
}

void metrics_write(const struct metrics *m, const struct server_profile *profiles, unsigned long count,
                   struct buffer *out)
{
        put_family(out, "keyfob_build_info", "gauge", "The running version.");
        (void)buffer_put_str(out, "keyfob_build_info{version=\"" KEYFOB_VERSION "\"} 1\n");
        write_profiles(profiles, count, out);
        histogram_write(&m->refresh_durations, "keyfob_refresh_duration_seconds", "How long refreshes took.", out);
        put_family(out, "keyfob_requests_total", "counter", "Answers, by API and status.");
        for (int i = 0; i < STATUS_COUNT; i++)
                if (m->requests[i] > 0)
                        (void)buffer_printf(out, "keyfob_requests_total{api=\"native\",code=\"%d\"} %" PRIu64 "\n",
                                            STATUS_MIN + i, m->requests[i]);
        histogram_write(&m->request_durations, "keyfob_request_duration_seconds",
                        "From a request's last byte to its answer, waits included.", out);
        put_family(out, "keyfob_signatures_total", "counter", "Requests and URLs signed.");
        (void)buffer_printf(out, "keyfob_signatures_total{algorithm=\"sigv4\"} %" PRIu64 "\n", m->signatures);
        put_family(out, "keyfob_served_expired_total", "counter", "Expired credentials handed out; must stay 0.");
        (void)buffer_printf(out, "keyfob_served_expired_total %" PRIu64 "\n", m->served_expired);
        histogram_write(&m->stalls, "keyfob_loop_stall_seconds", "How long turns of the event loop lasted.", out);
        put_family(out, "keyfob_loop_stall_max_seconds", "gauge", "The longest turn of the event loop.");
        (void)buffer_printf(out, "keyfob_loop_stall_max_seconds %.9f\n", (double)m->stall_max_ns / 1e9);
}
