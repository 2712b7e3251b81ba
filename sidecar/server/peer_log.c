// SPDX-License-Identifier: Apache-2.0
#include "sidecar/server/peer_log.h"

#include "sidecar/base/clock.h"
#include "sidecar/server/state.h"

static void report(void *arg, const struct log_limiter_slot *slot)
{
        const struct server *s = arg;
        bool is_shared = slot->uid == LOG_LIMITER_OTHERS;
        const struct log_field fields[] = {LOG_STR("of", slot->event), LOG_INT("lines", slot->dropped),
                                           LOG_INT("uid", slot->uid)};
        log_emit(s->deps.log, LOG_LEVEL_WARN, "log_lines_dropped", fields, is_shared ? 2 : 3);
}

static void on_report_due(uv_timer_t *timer)
{
        struct server *s = timer->data;
        log_limiter_report(&s->log_limiter, report, s);
}

void peer_log_emit(struct server *s, uid_t uid, enum log_level level, const char *event, const struct log_field *fields,
                   size_t count)
{
        uv_handle_t *handle = (uv_handle_t *)&s->log_report;
        if (level > s->deps.log->level)
                return;
        if (log_limiter_admits(&s->log_limiter, event, uid, clock_boot_ms(s->deps.clock)))
                log_emit(s->deps.log, level, event, fields, count);
        else if (!uv_is_active(handle) && !uv_is_closing(handle))
                (void)uv_timer_start(&s->log_report, on_report_due, clock_real_ms(s->deps.clock, LOG_LIMITER_EVERY_MS),
                                     0);
}

void peer_log_init(struct server *s)
{
        (void)uv_timer_init(s->deps.loop, &s->log_report); // cannot fail
        s->log_report.data = s;
        s->open++;
}

static void on_closed(uv_handle_t *handle)
{
        server_release(handle->data);
}

void peer_log_close(struct server *s)
{
        log_limiter_report(&s->log_limiter, report, s);
        uv_close((uv_handle_t *)&s->log_report, on_closed);
}
