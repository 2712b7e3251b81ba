// SPDX-License-Identifier: Apache-2.0
#include "sidecar/app/journal.h"

#include "proto/mem/secret.h"
#include "proto/mem/time.h"
#include "proto/wire/credentials.h"
#include "sidecar/base/log.h"
#include "sidecar/server/metrics.h"

static void tell_error(const struct log *log, enum log_level level, const char *event, const char *profile,
                       const struct error *e)
{
        LOG_EVENT(log, level, event, LOG_STR("profile", profile), LOG_STR("kind", error_kind_name(e->kind)),
                  LOG_STR("error", e->message), LOG_STR("hint", e->hint), LOG_STR("upstream_code", e->upstream.code),
                  LOG_STR("upstream_request_id", e->upstream.request_id));
}

void journal_error(const struct log *log, const char *event, const char *profile, const struct error *e)
{
        bool is_severe = e->kind == ERROR_CONFIG || e->kind == ERROR_INTERNAL;
        tell_error(log, is_severe ? LOG_LEVEL_ERROR : LOG_LEVEL_WARN, event, profile, e);
}

// What waits for a person is looked at often, and told once.
static void tell_failure(const struct journal *j, struct entry *entry, const struct error *e)
{
        struct entry_status status;
        entry_status(entry, &status);
        if (e->kind == ERROR_INTERACTION && status.failures_in_row > 1)
                tell_error(j->log, LOG_LEVEL_DEBUG, "refresh_failed", entry_name(entry), e);
        else
                journal_error(j->log, "refresh_failed", entry_name(entry), e);
}

static void tell_success(struct journal *j, const char *event, struct entry *entry, int64_t duration_ms)
{
        struct entry_status status;
        char expiration[TIME_RFC3339_SIZE] = "never";
        entry_status(entry, &status);
        if (status.expires_s != CREDENTIALS_NEVER_EXPIRE)
                (void)time_format_rfc3339(status.expires_s, expiration);
        LOG_EVENT(j->log, LOG_LEVEL_INFO, event, LOG_STR("profile", entry_name(entry)),
                  LOG_INT("generation", status.generation), LOG_STR("expiration", expiration),
                  LOG_INT("duration_ms", duration_ms));
        if (secret_lock_failures() > 0 && !j->has_told_unlocked) {
                j->has_told_unlocked = true;
                LOG_EVENT(j->log, LOG_LEVEL_WARN, "memory_not_locked",
                          LOG_STR("hint", "secrets may be swapped out: raise the limit of locked memory "
                                          "(LimitMEMLOCK=, ulimit -l) or turn swap off"));
        }
}

static void on_event(void *context, struct entry *entry, enum vault_event event, int64_t duration_ms,
                     const struct error *e)
{
        struct journal *j = context;
        switch (event) {
        case VAULT_ROTATED:
                metrics_observe_refresh(j->metrics, duration_ms);
                tell_success(j, "rotated", entry, duration_ms);
                break;
        case VAULT_REFRESHED: // nothing is new
                metrics_observe_refresh(j->metrics, duration_ms);
                tell_success(j, "refreshed", entry, duration_ms);
                break;
        case VAULT_REFRESH_FAILED:
                metrics_observe_refresh(j->metrics, duration_ms);
                tell_failure(j, entry, e);
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

struct vault_observer journal_observer(struct journal *journal)
{
        return (struct vault_observer){.event = on_event, .context = journal};
}
