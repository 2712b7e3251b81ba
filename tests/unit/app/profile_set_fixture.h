// SPDX-License-Identifier: Apache-2.0
// For tests of the profile_set: the real vault, server and providers, an STS that takes connections and never answers,
// and a count of the settings that live (the linker sends settings_release() here).
#ifndef TESTS_UNIT_APP_PROFILE_SET_FIXTURE_H
#define TESTS_UNIT_APP_PROFILE_SET_FIXTURE_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#include "proto/wire/credentials.h"
#include "sidecar/app/profile_set.h"
#include "sidecar/app/profile_table.h"
#include "sidecar/base/clock.h"
#include "sidecar/base/log.h"
#include "sidecar/config/settings.h"
#include "sidecar/io/http_client.h"
#include "sidecar/io/workers.h"
#include "sidecar/server/metrics.h"
#include "sidecar/server/server.h"
#include "sidecar/server/state.h"
#include "sidecar/signing/sigv4.h"
#include "sidecar/vault/vault.h"
#include "tests/unit/app/settings_text.h"

enum { TEST_TIMEOUT_S = 60 };

static unsigned live_settings;

void __real_settings_release(struct settings *settings);
void __wrap_settings_release(struct settings *settings);

void __wrap_settings_release(struct settings *settings) // in the place of settings_release(), by the linker
{
        if (settings && settings->references == 1)
                live_settings--;
        __real_settings_release(settings);
}

struct fixture {
        uv_loop_t loop;
        struct clock clock;
        struct log log;
        struct metrics *metrics;
        struct signer *signer;
        struct http_client *http;
        struct workers *workers;
        struct vault *vault;
        struct server *server;
        struct profile_set *profile_set;
        int sts; // listens
        char endpoint[64];
        bool is_server_closed, is_vault_closed;
};

static inline uint32_t no_jitter(void *context)
{
        (void)context;
        return 0;
}

static inline void open_sts(struct fixture *h)
{
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t size = sizeof(address);
        h->sts = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_true(h->sts >= 0);
        assert_int_equal(bind(h->sts, (const struct sockaddr *)&address, size), 0);
        assert_int_equal(listen(h->sts, 64), 0);
        assert_int_equal(getsockname(h->sts, (struct sockaddr *)&address, &size), 0);
        snprintf(h->endpoint, sizeof(h->endpoint), "http://127.0.0.1:%u", ntohs(address.sin_port));
}

static inline int set_up(void **state)
{
        struct fixture *h = calloc(1, sizeof(*h));
        assert_non_null(h);
        assert_int_equal(uv_loop_init(&h->loop), 0);
        clock_init_system(&h->clock);
        h->log = (struct log){.fd = -1, .clock = &h->clock};
        h->metrics = metrics_new(&h->loop);
        h->signer = signer_new();
        h->http = http_client_new(
            &(struct http_client_deps){.loop = &h->loop, .clock = &h->clock, .user_agent = "keyfob/test"});
        h->vault = vault_new(&(struct vault_deps){.loop = &h->loop, .clock = &h->clock, .random = no_jitter});
        h->server = server_new(&(struct server_deps){
            .loop = &h->loop, .clock = &h->clock, .log = &h->log, .signer = h->signer, .metrics = h->metrics});
        h->workers = workers_new(&h->loop);
        assert_true(h->metrics && h->signer && h->http && h->workers && h->vault && h->server);
        h->profile_set = profile_set_new(&(struct profile_set_deps){
            .vault = h->vault,
            .server = h->server,
            .providers = {
                .loop = &h->loop, .clock = &h->clock, .http = h->http, .signer = h->signer, .workers = h->workers}});
        assert_non_null(h->profile_set);
        open_sts(h);
        *state = h;
        return 0;
}

static inline void on_vault_closed(void *arg)
{
        struct fixture *h = arg;
        h->is_vault_closed = true;
        http_client_close(h->http, NULL, NULL);
        workers_close(h->workers);
        metrics_close(h->metrics);
}

static inline void on_server_closed(void *arg)
{
        struct fixture *h = arg;
        h->is_server_closed = true;
        vault_close(h->vault, on_vault_closed, h);
}

// In the order of the agent's own end.
static inline int tear_down(void **state)
{
        struct fixture *h = *state;
        server_close(h->server, 0, on_server_closed, h);
        uv_run(&h->loop, UV_RUN_DEFAULT);
        assert_true(h->is_server_closed && h->is_vault_closed);
        profile_set_free(h->profile_set);
        signer_free(h->signer);
        assert_int_equal(uv_loop_close(&h->loop), 0);
        assert_int_equal(live_settings, 0);
        close(h->sts);
        free(h);
        return 0;
}

#define TURN_UNTIL(h, condition)                                                                                       \
        for (time_t start_ = time(NULL); !(condition); timeout_check(start_, #condition))                              \
        uv_run(&(h)->loop, UV_RUN_NOWAIT)

static inline void timeout_check(time_t start, const char *what)
{
        if (time(NULL) - start > TEST_TIMEOUT_S)
                fail_msg("this did not come: %s", what);
}

// --- profiles as JSON members ---

#define BASE(name, id)                                                                                                 \
        "\"" name "\": {\"type\": \"static\", \"access_key_id\": \"" id "\", \"secret_access_key\": \"s\"}"
#define KEY_A "AKIAIOSFODNN7EXAMPLE"
#define KEY_B "AKIAI44QH8DHBEXAMPLE"

static inline void chained(const struct fixture *h, const char *name, const char *source, char out[512])
{
        snprintf(out, 512,
                 "\"%s\": {\"type\": \"assume_role\", \"source_profile\": \"%s\", \"region\": \"us-east-1\","
                 " \"role_arn\": \"arn:aws:iam::111122223333:role/tenant\", \"endpoint_url\": \"%s\"}",
                 name, source, h->endpoint);
}

static inline struct settings *with_profiles(const char *a, const char *b, const char *c)
{
        char text[4096];
        snprintf(text, sizeof(text), "{\"profiles\": {%s%s%s%s%s}}", a, *b ? ", " : "", b, *c ? ", " : "", c);
        live_settings++;
        return settings_of(text);
}

// As a reload does it; the settings are taken over.
static inline int apply_settings(struct fixture *h, struct settings *settings, struct error *e)
{
        struct profile_table *before = NULL, *table = profile_table_new(profile_set_now(h->profile_set), settings);
        assert_non_null(table);
        int r = profile_set_apply(h->profile_set, table, &before, e);
        profile_table_free(r < 0 ? table : before);
        return r;
}

static inline void apply(struct fixture *h, const char *a, const char *b, const char *c)
{
        struct error e = {0};
        if (apply_settings(h, with_profiles(a, b, c), &e) < 0)
                fail_msg("%s", e.message);
}

static inline const struct server_profile *row(const struct fixture *h, const char *name)
{
        return server_find_profile(h->server, slice_str(name));
}

static inline struct entry *entry_of(const struct fixture *h, const char *name)
{
        assert_non_null(row(h, name));
        return row(h, name)->entry;
}

static inline void expect_key(struct fixture *h, const char *name, const char *id)
{
        TURN_UNTIL(h, entry_peek(entry_of(h, name)));
        assert_true(slice_eq(entry_peek(entry_of(h, name))->access_key_id, slice_str(id)));
}

// --- waiters ---

struct asker {
        struct vault_waiter waiter; // first
        unsigned completions;
        struct error error;
};

static inline void on_done(struct vault_waiter *w, struct credentials *c, const struct error *e)
{
        struct asker *a = (struct asker *)w;
        a->completions++;
        a->error = c ? (struct error){0} : *e;
}

static inline void ask(struct asker *a, struct entry *e, enum vault_want want)
{
        *a = (struct asker){.waiter.done = on_done};
        entry_wait(e, want, &a->waiter);
}

static inline void refetch(struct fixture *h, const char *name)
{
        struct asker a;
        ask(&a, entry_of(h, name), VAULT_WANT_REFRESH);
        TURN_UNTIL(h, a.completions > 0);
        assert_int_equal(a.error.kind, ERROR_NONE);
}

// For cmocka: a test with a fixture as its state.
#define WITH_FIXTURE(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

#endif
