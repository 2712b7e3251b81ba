// SPDX-License-Identifier: Apache-2.0
#include "sidecar/app/event_log.h"

#include <stdlib.h>
#include <string.h>

#include "proto/mem/secret.h"
#include "proto/mem/time.h"
#include "proto/wire/credentials.h"
#include "sidecar/base/log.h"
#include "sidecar/base/provider_facts.h"
#include "sidecar/server/metrics.h"

enum { DAY_S = 86400, CERTIFICATE_AHEAD_S = 30 * DAY_S };

// When what was said last of a profile's certificate. There are as many as profiles whose certificate nears its end.
struct event_log_reported {
        struct event_log_reported *next;
        int64_t time_s;
        bool has_ended; // what was said
        char name[];
};

static void report_error(const struct log *log, enum log_level level, const char *event, const char *profile,
                         const struct error *e)
{
        LOG_EVENT(log, level, event, LOG_STR("profile", profile), LOG_STR("kind", error_kind_name(e->kind)),
                  LOG_STR("error", e->message), LOG_STR("hint", e->hint), LOG_STR("upstream_code", e->upstream.code),
                  LOG_STR("upstream_request_id", e->upstream.request_id));
}

void event_log_error(const struct log *log, const char *event, const char *profile, const struct error *e)
{
        bool is_severe = e->kind == ERROR_CONFIG || e->kind == ERROR_INTERNAL;
        report_error(log, is_severe ? LOG_LEVEL_ERROR : LOG_LEVEL_WARN, event, profile, e);
}

// What waits for a person is looked at often, and told once.
static void report_failure(const struct event_log *j, struct entry *entry, const struct error *e)
{
        struct entry_status status;
        entry_status(entry, &status);
        if (e->kind == ERROR_INTERACTION && status.failures_in_row > 1)
                report_error(j->log, LOG_LEVEL_DEBUG, "refresh_failed", entry_name(entry), e);
        else
                event_log_error(j->log, "refresh_failed", entry_name(entry), e);
}

static void report_success(struct event_log *j, const char *event, struct entry *entry, int64_t duration_ms)
{
        struct entry_status status;
        char expiration[TIME_RFC3339_SIZE] = "never";
        entry_status(entry, &status);
        if (status.expires_s != CREDENTIALS_NEVER_EXPIRE)
                (void)time_format_rfc3339(status.expires_s, expiration);
        LOG_EVENT(j->log, LOG_LEVEL_INFO, event, LOG_STR("profile", entry_name(entry)),
                  LOG_INT("generation", status.generation), LOG_STR("expiration", expiration),
                  LOG_INT("duration_ms", duration_ms));
        if (secret_lock_failures() > 0 && !j->has_reported_unlocked) {
                j->has_reported_unlocked = true;
                LOG_EVENT(j->log, LOG_LEVEL_WARN, "memory_not_locked",
                          LOG_STR("hint", "secrets may be swapped out: raise the limit of locked memory "
                                          "(LimitMEMLOCK=, ulimit -l) or turn swap off"));
        }
}

// NULL: out of memory.
static struct event_log_reported *reported_of(struct event_log *j, const char *name)
{
        struct event_log_reported *told = j->told;
        size_t n = strlen(name) + 1;
        while (told && strcmp(told->name, name) != 0)
                told = told->next;
        if (told)
                return told;
        told = calloc(1, sizeof(*told) + n);
        if (!told)
                return NULL;
        memcpy(told->name, name, n);
        told->next = j->told;
        told->time_s = INT64_MIN / 2;
        j->told = told;
        return told;
}

// Once a day at most, and when it has ended at once. Nobody asks more often than credentials are renewed, which with
// sessions of at most twelve hours is twice a day.
static void report_certificate(struct event_log *j, struct entry *entry)
{
        const struct provider_facts *facts = entry_facts(entry);
        int64_t now_s = entry_now_s(entry);
        char end[TIME_RFC3339_SIZE];
        if (!facts || !facts->certificate.subject || facts->certificate.not_after_s - now_s > CERTIFICATE_AHEAD_S)
                return;
        bool has_ended = facts->certificate.not_after_s < now_s;
        struct event_log_reported *told = reported_of(j, entry_name(entry));
        if (!told || time_format_rfc3339(facts->certificate.not_after_s, end) < 0 ||
            (told->has_ended == has_ended && now_s - told->time_s < DAY_S))
                return;
        told->time_s = now_s;
        told->has_ended = has_ended;
        LOG_EVENT(j->log, has_ended ? LOG_LEVEL_ERROR : LOG_LEVEL_WARN,
                  has_ended ? "certificate_expired" : "certificate_expiring", LOG_STR("profile", entry_name(entry)),
                  LOG_STR("subject", facts->certificate.subject), LOG_STR("serial", facts->certificate.serial),
                  LOG_STR("not_after", end),
                  LOG_STR("hint", "replace certificate and key; the files are read anew by themselves"));
}

// What was put in its place cannot be used. A failure says it by itself.
static void report_certificate_problem(const struct event_log *j, struct entry *entry)
{
        const struct provider_facts *facts = entry_facts(entry);
        if (facts && facts->certificate.problem)
                LOG_EVENT(j->log, LOG_LEVEL_WARN, "certificate_not_replaced", LOG_STR("profile", entry_name(entry)),
                          LOG_STR("serial", facts->certificate.serial), LOG_STR("error", facts->certificate.problem),
                          LOG_STR("hint", "until the files are right, the certificate of this serial is used while it "
                                          "is valid"));
}

// A login is good all the same.
static void report_login(const struct event_log *j, struct entry *entry)
{
        struct login_status status;
        entry_login_status(entry, &status);
        if (status.state == LOGIN_COMPLETE && status.error)
                LOG_EVENT(j->log, LOG_LEVEL_WARN, "token_not_written", LOG_STR("profile", entry_name(entry)),
                          LOG_STR("error", status.error->message), LOG_STR("hint", status.error->hint));
}

void event_log_deinit(struct event_log *j)
{
        while (j->told) {
                struct event_log_reported *next = j->told->next;
                free(j->told);
                j->told = next;
        }
}

static void on_event(void *context, struct entry *entry, enum vault_event event, int64_t duration_ms,
                     const struct error *e)
{
        struct event_log *j = context;
        switch (event) {
        case VAULT_ROTATED:
                metrics_observe_refresh(j->metrics, duration_ms);
                report_success(j, "rotated", entry, duration_ms);
                report_certificate(j, entry);
                report_certificate_problem(j, entry);
                report_login(j, entry);
                break;
        case VAULT_REFRESHED: // nothing is new
                metrics_observe_refresh(j->metrics, duration_ms);
                report_success(j, "refreshed", entry, duration_ms);
                report_certificate(j, entry);
                report_certificate_problem(j, entry);
                report_login(j, entry);
                break;
        case VAULT_REFRESH_FAILED:
                metrics_observe_refresh(j->metrics, duration_ms);
                report_failure(j, entry, e);
                report_certificate(j, entry);
                break;
        case VAULT_EXPIRED:
                LOG_EVENT(j->log, LOG_LEVEL_ERROR, "expired", LOG_STR("profile", entry_name(entry)),
                          LOG_STR("hint", "nothing is served for this profile until a refresh succeeds; see the last "
                                          "refresh_failed"));
                break;
        case VAULT_DROPPED:
                LOG_EVENT(j->log, LOG_LEVEL_INFO, "dropped", LOG_STR("profile", entry_name(entry)));
                break;
        case VAULT_EVENT_COUNT:
                break;
        }
}

struct vault_observer event_log_observer(struct event_log *event_log)
{
        return (struct vault_observer){.event = on_event, .context = event_log};
}
