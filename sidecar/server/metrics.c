// SPDX-License-Identifier: Apache-2.0
// Counting only adds to an array element; the text is made when a peer requests it.
//
// A turn of the loop lasts from the moment the poll returned to the next poll. The loop notes that moment in whole
// milliseconds, before it runs callbacks: a stall is measured up to 1 ms too long, never too short.
#include "sidecar/server/metrics.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "proto/mem/buffer.h"
#include "proto/mem/length.h"
#include "proto/wire/credentials.h"
#include "sidecar/base/file_status.h"
#include "sidecar/base/provider_facts.h"
#include "sidecar/server/access.h"
#include "sidecar/server/histogram.h"
#include "sidecar/server/state.h"
#include "sidecar/vault/vault.h"

enum { STATUS_MIN = 100, STATUS_COUNT = 500 };

struct request_counts {
        struct request_counts *next;
        const char *api;
        uint64_t by_status[STATUS_COUNT]; // index: status - STATUS_MIN
};

struct metrics {
        uv_prepare_t prepare; // before each poll
        uv_check_t check;     // after it and its callbacks
        unsigned open;
        bool has_polled;
        uint64_t polled_ms;
        uint64_t stall_max_ns;
        struct request_counts *requests;
        uint64_t signatures[SIGNATURE_ALGORITHMS_N], served_expired;
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
        uv_unref((uv_handle_t *)&m->prepare); // must not keep the loop alive
        uv_unref((uv_handle_t *)&m->check);
        return m;
}

static void on_closed(uv_handle_t *handle)
{
        struct metrics *m = handle->data;
        if (--m->open > 0)
                return;
        struct request_counts *next;
        for (struct request_counts *counts = m->requests; counts; counts = next) {
                next = counts->next;
                free(counts);
        }
        free(m);
}

void metrics_close(struct metrics *m)
{
        uv_close((uv_handle_t *)&m->prepare, on_closed);
        uv_close((uv_handle_t *)&m->check, on_closed);
}

struct request_counts *metrics_add_api(struct metrics *m, const char *name)
{
        struct request_counts **link = &m->requests;
        for (; *link; link = &(*link)->next)
                if (strcmp((*link)->api, name) == 0)
                        return *link;
        struct request_counts *counts = calloc(1, sizeof(*counts));
        if (counts) {
                counts->api = name;
                *link = counts;
        }
        return counts;
}

void metrics_count_request(struct metrics *m, struct request_counts *counts, int status, uint64_t duration_ns)
{
        if (status >= STATUS_MIN && status < STATUS_MIN + STATUS_COUNT)
                counts->by_status[status - STATUS_MIN]++;
        histogram_observe(&m->request_durations, duration_ns);
}

void metrics_count_signature(struct metrics *m, enum signature_algorithm algorithm)
{
        m->signatures[algorithm]++;
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

// A label with its value escaped, after what is before it.
static void put_label(struct buffer *out, const char *before, const char *label, const char *value)
{
        (void)buffer_put_str(out, before);
        (void)buffer_put_str(out, label);
        (void)buffer_put_str(out, "=\"");
        for (const char *at = value; *at; at++) {
                if (*at == '\\' || *at == '"')
                        (void)buffer_put_byte(out, '\\');
                if (*at == '\n')
                        (void)buffer_put_str(out, "\\n");
                else
                        (void)buffer_put_byte(out, (uint8_t)*at);
        }
        (void)buffer_put_byte(out, '"');
}

// Name and opening brace, the label `profile`.
static void put_profile(struct buffer *out, const char *name, const char *profile)
{
        (void)buffer_put_str(out, name);
        put_label(out, "{", "profile", profile);
}

// --- lines about a profile ---

static void put_expiration(const char *name, const struct server_profile *p, struct buffer *out)
{
        struct entry_status status;
        entry_status(p->entry, &status);
        if (status.expires_s == 0 || status.expires_s == CREDENTIALS_NEVER_EXPIRE)
                return;
        put_profile(out, name, p->name);
        (void)buffer_printf(out, "} %" PRId64 "\n", status.expires_s);
}

static void put_certificate(const char *name, const struct server_profile *p, struct buffer *out)
{
        const struct provider_facts *facts = entry_facts(p->entry);
        if (!facts || !facts->certificate.subject)
                return;
        put_profile(out, name, p->name);
        (void)buffer_printf(out, "} %" PRId64 "\n", facts->certificate.not_after_s);
}

static void put_intermediate(const char *name, const struct server_profile *p, struct buffer *out)
{
        const struct provider_facts *facts = entry_facts(p->entry);
        if (!facts || !facts->certificate.intermediate)
                return;
        put_profile(out, name, p->name);
        (void)buffer_printf(out, "} %" PRId64 "\n", facts->certificate.intermediate_ends_s);
}

static void put_generation(const char *name, const struct server_profile *p, struct buffer *out)
{
        put_profile(out, name, p->name);
        (void)buffer_printf(out, "} %" PRIu64 "\n", entry_generation(p->entry));
}

static void put_refreshes(const char *name, const struct server_profile *p, struct buffer *out)
{
        struct entry_status status;
        entry_status(p->entry, &status);
        put_profile(out, name, p->name);
        (void)buffer_printf(out, ",result=\"success\"} %" PRIu64 "\n", status.successes);
        put_profile(out, name, p->name);
        (void)buffer_printf(out, ",result=\"failure\"} %" PRIu64 "\n", status.failures);
}

static void put_served_expiring(const char *name, const struct server_profile *p, struct buffer *out)
{
        struct entry_status status;
        entry_status(p->entry, &status);
        put_profile(out, name, p->name);
        (void)buffer_printf(out, "} %" PRIu64 "\n", status.served_expiring);
}

static void put_file_current(const char *name, const struct server_profile *p, struct buffer *out)
{
        for (const struct file_status *f = p->files; f; f = f->next) {
                put_profile(out, name, p->name);
                put_label(out, ",", "file", f->path);
                (void)buffer_printf(out, "} %d\n", f->is_current);
        }
}

static void put_file_writes(const char *name, const struct server_profile *p, struct buffer *out)
{
        for (const struct file_status *f = p->files; f; f = f->next) {
                put_profile(out, name, p->name);
                put_label(out, ",", "file", f->path);
                (void)buffer_printf(out, ",result=\"success\"} %" PRIu64 "\n", f->writes);
                put_profile(out, name, p->name);
                put_label(out, ",", "file", f->path);
                (void)buffer_printf(out, ",result=\"failure\"} %" PRIu64 "\n", f->failures);
        }
}

static const struct section {
        const char *name, *type, *help;
        void (*put)(const char *name, const struct server_profile *p, struct buffer *out);
} sections[] = {
    {"keyfob_credentials_expiration_timestamp_seconds", "gauge",
     "When the credentials held expire; absent when there are none or they never do.", put_expiration},
    {"keyfob_certificate_expiration_timestamp_seconds", "gauge",
     "When the profile's certificate expires; absent without one.", put_certificate},
    {"keyfob_certificate_intermediate_expiration_timestamp_seconds", "gauge",
     "When the first of the intermediates that are sent with it ends; absent without any.", put_intermediate},
    {"keyfob_credentials_generation", "gauge", "How many credentials the profile has had.", put_generation},
    {"keyfob_refreshes_total", "counter", "Attempts to obtain credentials, by result.", put_refreshes},
    {"keyfob_served_expiring_total", "counter",
     "Answers with credentials in their last minute, as the source gave no newer ones.", put_served_expiring},
    {"keyfob_file_current", "gauge", "Whether the file holds the credentials that the profile holds.",
     put_file_current},
    {"keyfob_file_writes_total", "counter", "Attempts to write or remove the file, by result.", put_file_writes},
};

// --- the rest ---

static void put_requests(const struct metrics *m, struct buffer *out)
{
        put_family(out, "keyfob_requests_total", "counter", "Answers, by API and status.");
        for (const struct request_counts *counts = m->requests; counts; counts = counts->next)
                for (int i = 0; i < STATUS_COUNT; i++)
                        if (counts->by_status[i] > 0)
                                (void)buffer_printf(out, "keyfob_requests_total{api=\"%s\",code=\"%d\"} %" PRIu64 "\n",
                                                    counts->api, STATUS_MIN + i, counts->by_status[i]);
}

static void put_number(struct buffer *out, const char *name, const char *type, const char *help, uint64_t value)
{
        put_family(out, name, type, help);
        (void)buffer_printf(out, "%s %" PRIu64 "\n", name, value);
}

void metrics_write_totals(const struct metrics *m, struct buffer *out)
{
        put_family(out, "keyfob_build_info", "gauge", "The running version.");
        (void)buffer_put_str(out, "keyfob_build_info{version=\"" KEYFOB_VERSION "\"} 1\n");
        histogram_write(&m->refresh_durations, "keyfob_refresh_duration_seconds", "Duration of refreshes.", out);
        put_requests(m, out);
        histogram_write(&m->request_durations, "keyfob_request_duration_seconds",
                        "Time from a request's last byte to its answer, including waits.", out);
        put_family(out, "keyfob_signatures_total", "counter", "Requests, URLs and messages signed.");
        (void)buffer_printf(out, "keyfob_signatures_total{algorithm=\"sigv4\"} %" PRIu64 "\n",
                            m->signatures[SIGNATURE_SIGV4]);
        (void)buffer_printf(out, "keyfob_signatures_total{algorithm=\"sigv4a\"} %" PRIu64 "\n",
                            m->signatures[SIGNATURE_SIGV4A]);
        put_number(out, "keyfob_served_expired_total", "counter", "Expired credentials handed out; must stay 0.",
                   m->served_expired);
        histogram_write(&m->stalls, "keyfob_loop_stall_seconds", "Duration of the event loop's turns.", out);
        put_family(out, "keyfob_loop_stall_max_seconds", "gauge", "The longest turn of the event loop.");
        (void)buffer_printf(out, "keyfob_loop_stall_max_seconds %.9f\n", (double)m->stall_max_ns / 1e9);
}

bool metrics_write_next(const struct server *s, const struct peer *peer, struct metrics_place *at, struct buffer *out)
{
        if (at->section == LENGTH(sections)) {
                metrics_write_totals(s->deps.metrics, out);
                events_write_metrics(&s->events, out);
                put_number(out, "keyfob_connections", "gauge", "Open connections of the socket API.",
                           s->connections_count);
                return false;
        }
        const struct section *section = &sections[at->section];
        if (!at->is_inside)
                put_family(out, section->name, section->type, section->help);
        at->is_inside = true;
        const struct server_profile *p = cursor_next(&at->profiles, s);
        if (p && access_may_see(p, peer))
                section->put(section->name, p, out);
        else if (!p)
                *at = (struct metrics_place){.section = at->section + 1};
        return true;
}
