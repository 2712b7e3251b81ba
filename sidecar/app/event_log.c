// SPDX-License-Identifier: Apache-2.0
#include "sidecar/app/event_log.h"

#include <stdlib.h>
#include <string.h>

#include "proto/mem/secret.h"
#include "proto/mem/time.h"
#include "proto/wire/credentials.h"
#include "sidecar/app/publish.h"
#include "sidecar/base/clock.h"
#include "sidecar/base/log.h"
#include "sidecar/base/provider_facts.h"
#include "sidecar/config/warnings.h"
#include "sidecar/server/metrics.h"

enum { DAY_S = 86400, CERTIFICATE_AHEAD_S = 30 * DAY_S };

// The last report about a profile's certificate; only profiles whose certificate is about to expire have one.
struct event_log_reported {
        struct event_log_reported *next;
        int64_t time_s;
        bool is_expired; // as reported
        bool is_intermediate;
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

void event_log_warnings(const struct log *log, const struct settings_warnings *warnings)
{
        for (size_t i = 0; i < warnings->count && i < SETTINGS_WARNINGS_MAX; i++) {
                const struct settings_warning *w = &warnings->list[i];
                LOG_EVENT(log, LOG_LEVEL_WARN, w->event, LOG_STR("file", w->file), LOG_STR("error", w->text),
                          LOG_STR("hint", w->hint));
        }
        if (warnings->count > SETTINGS_WARNINGS_MAX)
                LOG_EVENT(log, LOG_LEVEL_WARN, "more_warnings",
                          LOG_INT("warnings", warnings->count - SETTINGS_WARNINGS_MAX));
}

// An entry that waits for a user is retried often: only the first failure is a warning.
static void report_failure(const struct event_log *l, struct entry *entry, const struct error *e)
{
        struct entry_status status;
        entry_status(entry, &status);
        if (e->kind == ERROR_INTERACTION && status.failures_in_row > 1)
                report_error(l->log, LOG_LEVEL_DEBUG, "refresh_failed", entry_name(entry), e);
        else
                event_log_error(l->log, "refresh_failed", entry_name(entry), e);
}

static void report_success(struct event_log *l, const char *event, struct entry *entry, int64_t duration_ms)
{
        struct entry_status status;
        char expiration[TIME_RFC3339_SIZE] = "never";
        entry_status(entry, &status);
        if (status.expires_s != CREDENTIALS_NEVER_EXPIRE)
                time_show(status.expires_s, expiration);
        LOG_EVENT(l->log, LOG_LEVEL_INFO, event, LOG_STR("profile", entry_name(entry)),
                  LOG_INT("generation", status.generation), LOG_STR("expiration", expiration),
                  LOG_INT("duration_ms", duration_ms));
        if (secret_lock_failures() > 0 && !l->has_reported_unlocked) {
                l->has_reported_unlocked = true;
                LOG_EVENT(l->log, LOG_LEVEL_WARN, "memory_not_locked",
                          LOG_STR("hint",
                                  "raise the limit of locked memory (LimitMEMLOCK=, ulimit -l) or disable swap: "
                                  "secrets may be swapped out"));
        }
}

static void report_expiring(const struct event_log *l, struct entry *entry)
{
        struct entry_status status;
        char expiration[TIME_RFC3339_SIZE] = "";
        entry_status(entry, &status);
        time_show(status.expires_s, expiration);
        LOG_EVENT(l->log, LOG_LEVEL_WARN, "expiring", LOG_STR("profile", entry_name(entry)),
                  LOG_INT("generation", status.generation), LOG_STR("expiration", expiration),
                  LOG_STR("hint", status.last_error
                                      ? "check the last refresh_failed event: the credentials are served until 5 s "
                                        "before their end"
                                      : "the source has given no newer credentials; these are served until 5 s before "
                                        "their end, and the source is asked again then"));
}

// NULL: out of memory.
static struct event_log_reported *reported_of(struct event_log *l, const char *name, bool is_intermediate)
{
        struct event_log_reported *found = l->reported;
        size_t n = strlen(name) + 1;
        while (found && (found->is_intermediate != is_intermediate || strcmp(found->name, name) != 0))
                found = found->next;
        if (found)
                return found;
        found = calloc(1, sizeof(*found) + n);
        if (!found)
                return NULL;
        memcpy(found->name, name, n);
        found->next = l->reported;
        found->time_s = INT64_MIN / 2;
        found->is_intermediate = is_intermediate;
        l->reported = found;
        return found;
}

// A certificate that a profile signs with or sends, and when it ends.
struct ending {
        const char *subject, *serial; // NULL serial: an intermediate
        int64_t end_s;
        const char *hint;
};

// Once a day at most, and at once when it has expired. It is checked at each refresh, which sessions of at most twelve
// hours need twice a day.
static void report_ending(struct event_log *l, struct entry *entry, const struct ending *of)
{
        int64_t now_s = entry_now_s(entry);
        char end[TIME_RFC3339_SIZE];
        if (!of->subject || of->end_s - now_s > CERTIFICATE_AHEAD_S)
                return;
        bool is_expired = of->end_s < now_s;
        struct event_log_reported *last = reported_of(l, entry_name(entry), !of->serial);
        if (!last || time_format_rfc3339(of->end_s, end) < 0 ||
            (last->is_expired == is_expired && now_s - last->time_s < DAY_S))
                return;
        last->time_s = now_s;
        last->is_expired = is_expired;
        LOG_EVENT(l->log, is_expired ? LOG_LEVEL_ERROR : LOG_LEVEL_WARN,
                  is_expired ? "certificate_expired" : "certificate_expiring", LOG_STR("profile", entry_name(entry)),
                  LOG_STR("subject", of->subject), LOG_STR("serial", of->serial ? of->serial : ""),
                  LOG_STR("not_after", end), LOG_STR("hint", of->hint));
}

static void report_certificate(struct event_log *l, struct entry *entry)
{
        const struct provider_facts *facts = entry_facts(entry);
        if (!facts || !facts->certificate.subject)
                return;
        report_ending(l, entry,
                      &(struct ending){facts->certificate.subject, facts->certificate.serial,
                                       facts->certificate.not_after_s,
                                       "replace the certificate and its key: the agent notices when the files change"});
        report_ending(l, entry,
                      &(struct ending){facts->certificate.intermediate, NULL, facts->certificate.intermediate_ends_s,
                                       "put the renewed intermediate into the chain: the agent notices when the files "
                                       "change"});
}

// A new certificate is in the files, but it cannot be used. A refresh that fails reports that itself.
static void report_certificate_problem(const struct event_log *l, struct entry *entry)
{
        const struct provider_facts *facts = entry_facts(entry);
        if (facts && facts->certificate.problem)
                LOG_EVENT(l->log, LOG_LEVEL_WARN, "certificate_not_replaced", LOG_STR("profile", entry_name(entry)),
                          LOG_STR("serial", facts->certificate.serial), LOG_STR("error", facts->certificate.problem),
                          LOG_STR("hint",
                                  "correct the files: until then the certificate with this serial is used while "
                                  "it is valid"));
}

// The login has succeeded all the same.
static void report_login(const struct event_log *l, struct entry *entry)
{
        struct login_status status;
        entry_login_status(entry, &status);
        if (status.state == LOGIN_COMPLETE && status.error)
                LOG_EVENT(l->log, LOG_LEVEL_WARN, "token_not_written", LOG_STR("profile", entry_name(entry)),
                          LOG_STR("error", status.error->message), LOG_STR("hint", status.error->hint));
}

static void report_left_out(void *arg, const struct log_limiter_slot *slot);

void event_log_deinit(struct event_log *l)
{
        if (l->log)
                log_limiter_report(&l->limiter, report_left_out, l);
        while (l->reported) {
                struct event_log_reported *next = l->reported->next;
                free(l->reported);
                l->reported = next;
        }
}

// --- what clients ask for without end ---

static void report_left_out(void *arg, const struct log_limiter_slot *slot)
{
        const struct event_log *l = arg;
        LOG_EVENT(l->log, LOG_LEVEL_WARN, "log_lines_dropped", LOG_STR("of", slot->event),
                  LOG_INT("lines", slot->dropped));
}

static uint32_t number_of(const char *name)
{
        uint32_t hash = 2166136261; // FNV-1a
        for (; *name; name++)
                hash = (hash ^ (uint8_t)*name) * 16777619;
        return hash;
}

// A client that may can have a profile refreshed and dropped as often as it likes.
static bool may_log(struct event_log *l, struct entry *entry, enum vault_event event)
{
        static const char *const limited[VAULT_EVENT_COUNT] = {[VAULT_ROTATED] = "rotated",
                                                               [VAULT_REFRESHED] = "refreshed",
                                                               [VAULT_REFRESH_FAILED] = "refresh_failed",
                                                               [VAULT_DROPPED] = "dropped"};
        int64_t now_ms = clock_boot_ms(l->log->clock);
        if (now_ms - l->limited_ms >= LOG_LIMITER_EVERY_MS) {
                l->limited_ms = now_ms;
                log_limiter_report(&l->limiter, report_left_out, l);
        }
        return !limited[event] || !entry_was_asked_for(entry) ||
               log_limiter_admits(&l->limiter, limited[event], number_of(entry_name(entry)), now_ms);
}

static void on_event(void *context, struct entry *entry, enum vault_event event, int64_t duration_ms,
                     const struct error *e)
{
        struct event_log *l = context;
        if (event == VAULT_ROTATED || event == VAULT_REFRESHED || event == VAULT_REFRESH_FAILED)
                metrics_observe_refresh(l->metrics, duration_ms);
        publish_vault_event(l->server, entry, event, e);
        bool is_logged = may_log(l, entry, event);
        switch (event) {
        case VAULT_ROTATED:
        case VAULT_REFRESHED:
                if (is_logged)
                        report_success(l, event == VAULT_ROTATED ? "rotated" : "refreshed", entry, duration_ms);
                report_certificate(l, entry); // once a day
                if (is_logged) {
                        report_certificate_problem(l, entry);
                        report_login(l, entry);
                }
                break;
        case VAULT_REFRESH_FAILED:
                if (is_logged)
                        report_failure(l, entry, e);
                report_certificate(l, entry);
                break;
        case VAULT_EXPIRING:
                report_expiring(l, entry);
                break;
        case VAULT_EXPIRED:
                LOG_EVENT(l->log, LOG_LEVEL_ERROR, "expired", LOG_STR("profile", entry_name(entry)),
                          LOG_STR("hint",
                                  "check the last refresh_failed event: nothing is served for this profile until "
                                  "a refresh succeeds"));
                break;
        case VAULT_DROPPED:
                if (is_logged)
                        LOG_EVENT(l->log, LOG_LEVEL_INFO, "dropped", LOG_STR("profile", entry_name(entry)));
                break;
        case VAULT_EVENT_COUNT:
                break;
        }
}

struct vault_observer event_log_observer(struct event_log *event_log)
{
        return (struct vault_observer){.event = on_event, .context = event_log};
}
