// SPDX-License-Identifier: Apache-2.0
// Logs what happens in the vault, counts it in the metrics, and passes it on to clients that listen.
#ifndef SIDECAR_APP_EVENT_LOG_H
#define SIDECAR_APP_EVENT_LOG_H

#include "sidecar/base/log_limiter.h"
#include "sidecar/vault/vault.h"

struct log;
struct metrics;
struct server;
struct settings_warnings;

struct event_log_reported;

struct event_log {
        const struct log *log;
        struct metrics *metrics;
        struct server *server;      // NULL: not yet, or not any more
        bool has_reported_unlocked; // memory_not_locked is logged once
        struct event_log_reported *reported;
        struct log_limiter limiter; // of what clients ask for, by profile
        int64_t limited_ms;         // boot clock: of the last report of lines left out
};

struct vault_observer event_log_observer(struct event_log *event_log);
void event_log_deinit(struct event_log *event_log); // after the vault is closed

// What loading the settings found, a line each.
void event_log_warnings(const struct log *log, const struct settings_warnings *warnings);

// One error as fields of a log line.
void event_log_error(const struct log *log, const char *event, const char *profile, const struct error *e);

#endif
