// SPDX-License-Identifier: Apache-2.0
// Which events of the vault the server's clients are told, and with what.
#include "sidecar/app/publish.h"

#include <time.h>
#include <uv.h>

#include "proto/mem/length.h"
#include "proto/wire/credentials.h"
#include "sidecar/app/event_log.h"
#include "sidecar/base/clock.h"
#include "sidecar/base/log.h"
#include "sidecar/providers/provider.h"
#include "sidecar/server/metrics.h"
#include "sidecar/server/server.h"
#include "sidecar/server/state.h"
#include "tests/unit/unit.h"

enum { NOON_S = 1788264000, TEST_TIMEOUT_S = 20 };

struct desk {
        uv_loop_t loop;
        struct clock clock;
        struct log log;
        struct metrics *metrics;
        struct event_log event_log;
        struct vault *vault;
        struct server *server;
        struct server_profile row;
        struct provider provider;
        uv_timer_t timer;
};

static int64_t boot_ms(void *context)
{
        (void)context;
        return 1000;
}

static int64_t wall_ms(void *context)
{
        (void)context;
        return NOON_S * INT64_C(1000);
}

static uint32_t no_jitter(void *context)
{
        (void)context;
        return 0;
}

static void on_due(uv_timer_t *timer)
{
        struct desk *d = timer->data;
        struct credentials fields = {.access_key_id = SLICE("ASIAEXAMPLEKEYID0001"),
                                     .secret_access_key = SLICE("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
                                     .issued_s = NOON_S,
                                     .expires_s = NOON_S + 3600};
        provider_finish(&d->provider, credentials_new(&fields), NULL);
}

static int start(struct provider *p, struct error *e)
{
        struct desk *d = (struct desk *)((char *)p - offsetof(struct desk, provider));
        (void)e;
        return uv_timer_start(&d->timer, on_due, 0, 0);
}

static void destroy(struct provider *p)
{
        struct desk *d = (struct desk *)((char *)p - offsetof(struct desk, provider));
        uv_close((uv_handle_t *)&d->timer, NULL);
}

static void set_up(struct desk *d)
{
        static const struct provider_ops ops = {.start = start, .destroy = destroy};
        *d = (struct desk){.clock = {boot_ms, wall_ms, 1, NULL}, .provider = {.ops = &ops}};
        d->log = (struct log){.fd = -1, .clock = &d->clock};
        assert_int_equal(uv_loop_init(&d->loop), 0);
        uv_timer_init(&d->loop, &d->timer);
        d->timer.data = d;
        d->metrics = metrics_new(&d->loop);
        d->event_log = (struct event_log){.log = &d->log, .metrics = d->metrics};
        d->vault = vault_new(&(struct vault_deps){
            .loop = &d->loop, .clock = &d->clock, .random = no_jitter, .observer = event_log_observer(&d->event_log)});
        d->server = server_new(
            &(struct server_deps){.loop = &d->loop, .clock = &d->clock, .log = &d->log, .metrics = d->metrics});
        assert_true(d->metrics && d->vault && d->server);
        d->row = (struct server_profile){.name = "irsa", .type = "static"};
        d->row.entry = vault_add(d->vault, &(struct entry_options){.name = "irsa"}, &d->provider);
        assert_non_null(d->row.entry);
        server_set_profiles(d->server, &d->row, 1);
}

static void tear_down(struct desk *d)
{
        server_close(d->server, 0, NULL, NULL);
        vault_close(d->vault, NULL, NULL);
        uv_run(&d->loop, UV_RUN_DEFAULT);
        event_log_deinit(&d->event_log);
        metrics_close(d->metrics);
        uv_run(&d->loop, UV_RUN_DEFAULT);
        assert_int_equal(uv_loop_close(&d->loop), 0);
}

static void fetch(struct desk *d)
{
        for (time_t begin = time(NULL); entry_generation(d->row.entry) == 0;) {
                uv_run(&d->loop, UV_RUN_NOWAIT);
                assert_true(time(NULL) - begin < TEST_TIMEOUT_S);
        }
}

static void passes_on_what_clients_can_use(void **state)
{
        (void)state;
        static const struct {
                enum vault_event event;
                bool is_told;
                enum event_kind kind;
        } rows[] = {
            {VAULT_ROTATED, true, EVENT_ROTATED},
            {VAULT_REFRESHED, false, 0},
            {VAULT_REFRESH_FAILED, true, EVENT_REFRESH_FAILED},
            {VAULT_EXPIRING, true, EVENT_EXPIRING},
            {VAULT_EXPIRED, true, EVENT_EXPIRED},
            {VAULT_DROPPED, false, 0},
        };
        struct desk d;
        set_up(&d);
        fetch(&d);
        _Static_assert(LENGTH(rows) == VAULT_EVENT_COUNT, "a row for each event");
        for (size_t i = 0; i < LENGTH(rows); i++) {
                const struct error denied = {.kind = ERROR_DENIED};
                bool has_failed = rows[i].event == VAULT_REFRESH_FAILED;
                struct event_place at = event_ring_end(&d.server->events.ring);
                struct event e;
                publish_vault_event(d.server, d.row.entry, rows[i].event, has_failed ? &denied : NULL);
                enum event_next next = event_ring_next(&d.server->events.ring, &at, &e);
                assert_int_equal(next, rows[i].is_told ? EVENT_NEXT_IS : EVENT_NEXT_NONE);
                if (!rows[i].is_told)
                        continue;
                assert_int_equal(e.kind, rows[i].kind);
                assert_int_equal(e.error, has_failed ? ERROR_DENIED : ERROR_NONE);
                assert_int_equal(e.generation, 1);
                assert_int_equal(e.expires_s, NOON_S + 3600);
                assert_int_equal(e.time_s, NOON_S);
                assert_true(slice_eq(e.profile, SLICE("irsa")));
        }
        tear_down(&d);
}

static void does_nothing_without_a_server(void **state)
{
        (void)state;
        struct desk d;
        set_up(&d);
        publish_vault_event(NULL, d.row.entry, VAULT_ROTATED, NULL);
        fetch(&d); // the observer has none yet
        assert_int_equal(d.server->events.ring.last, 0);
        tear_down(&d);
}

static void hears_of_the_vault_through_the_event_log(void **state)
{
        (void)state;
        struct desk d;
        set_up(&d);
        d.event_log.server = d.server;
        fetch(&d);
        assert_int_equal(d.server->events.published[EVENT_ROTATED], 1);
        tear_down(&d);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(passes_on_what_clients_can_use),
            cmocka_unit_test(does_nothing_without_a_server),
            cmocka_unit_test(hears_of_the_vault_through_the_event_log),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
