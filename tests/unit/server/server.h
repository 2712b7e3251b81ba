// SPDX-License-Identifier: Apache-2.0
// A server on a real socket and a real vault, in one thread with its clients: whoever waits for an answer turns the
// loop. Providers are scripts; the clock is set by hand, and runs 1000 times as fast where it is asked for delays.
#ifndef TESTS_UNIT_SERVER_SERVER_H
#define TESTS_UNIT_SERVER_SERVER_H

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#include "proto/mem/buffer.h"
#include "sidecar/base/clock.h"
#include "sidecar/base/log.h"
#include "sidecar/io/unix_listen.h"
#include "sidecar/server/api_native.h"
#include "sidecar/server/metrics.h"
#include "sidecar/server/server.h"
#include "sidecar/signing/sigv4.h"
#include "sidecar/vault/vault.h"
#include "tests/unit/folder.h"
#include "tests/unit/server/echo.h"
#include "tests/unit/server/scripted.h"

#define NOON_S INT64_C(1788264000) // 2026-09-01T12:00:00Z
#define TEST_TIMEOUT_S 60          // of a test that waits for what should come at once

enum {
        PROFILES_MAX = 4,
        FAST = 1000 // a clock's speed for waits that are to end; at 1, as begun, none does within a test
};

struct fixture {
        uv_loop_t loop;
        int64_t now_ms;
        uint32_t random; // of the vault; 0: the shortest waits
        struct clock clock;
        struct log log;
        struct folder folder;
        char path[96], log_path[96];
        struct metrics *metrics;
        struct signer *signer;
        struct vault *vault;
        struct server *server;
        struct server_profile profiles[PROFILES_MAX];
        struct scripted scripts[PROFILES_MAX];
        size_t profiles_count;
        bool is_ending, is_server_closed, is_vault_closed;
};

static inline int64_t fixture_boot_ms(void *context)
{
        return ((struct fixture *)context)->now_ms;
}

static inline int64_t fixture_wall_ms(void *context)
{
        return ((struct fixture *)context)->now_ms + NOON_S * 1000;
}

static inline uint32_t fixture_random(void *context)
{
        return ((struct fixture *)context)->random;
}

// Of the regions that tests name, in two partitions.
static inline int fixture_sts_url(struct slice region, char *out, size_t out_size)
{
        if (slice_starts_with(region, SLICE("zz-")))
                return -EINVAL;
        return snprintf(out, out_size, "https://sts.%.*s.amazonaws.com%s", (int)region.n, (const char *)region.p,
                        slice_starts_with(region, SLICE("cn-")) ? ".cn" : "") > 0
                   ? 0
                   : -1;
}

static inline void fixture_start(struct fixture *f)
{
        *f = (struct fixture){.now_ms = 1000000};
        struct error e = {0};
        const struct server_listener served = {
            .apis = {&api_native, &echo_api}, .apis_count = 2, .path = "/socket", .any_time = true};
        signal(SIGPIPE, SIG_IGN);
        assert_int_equal(uv_loop_init(&f->loop), 0);
        f->clock = (struct clock){fixture_boot_ms, fixture_wall_ms, 1, f};
        folder_make(&f->folder);
        folder_name(&f->folder, "socket", f->path, sizeof(f->path));
        folder_name(&f->folder, "log", f->log_path, sizeof(f->log_path));
        FILE *log = fopen(f->log_path, "we");
        assert_non_null(log);
        f->log = (struct log){.fd = dup(fileno(log)), .level = LOG_LEVEL_DEBUG, .clock = &f->clock};
        fclose(log);
        f->metrics = metrics_new(&f->loop);
        f->signer = signer_new();
        struct vault_deps vault = {.loop = &f->loop, .clock = &f->clock, .random = fixture_random, .random_context = f};
        f->vault = vault_new(&vault);
        struct server_deps deps = {.loop = &f->loop,
                                   .sts_url = fixture_sts_url,
                                   .clock = &f->clock,
                                   .log = &f->log,
                                   .signer = f->signer,
                                   .metrics = f->metrics,
                                   .run = 0xabc};
        f->server = server_new(&deps);
        assert_true(f->metrics && f->signer && f->vault && f->server);
        struct unix_listen listen = {.path = f->path, .mode = 0600};
        int fd = unix_listen_open(&listen, NULL, &e);
        assert_true(fd >= 0);
        assert_int_equal(server_listen(f->server, fd, &served, &e), 0);
}

// Adds a profile; in alphabetical order. The script may be changed before the loop turns.
static inline struct scripted *fixture_add(struct fixture *f, const char *name, bool on_demand)
{
        assert_true(f->profiles_count < PROFILES_MAX);
        struct scripted *s = &f->scripts[f->profiles_count];
        struct server_profile *p = &f->profiles[f->profiles_count++];
        *s = (struct scripted){.life_s = 3600,
                               .access_key_id = "ASIAEXAMPLEKEYID0001",
                               .token = TOKEN,
                               .loop = &f->loop,
                               .clock = &f->clock};
        struct entry_options options = {.name = name, .on_demand = on_demand};
        *p = (struct server_profile){.name = name, .type = "static", .on_demand = on_demand};
        p->entry = vault_add(f->vault, &options, fake_new(s));
        assert_non_null(p->entry);
        server_set_profiles(f->server, f->profiles, f->profiles_count);
        return s;
}

static inline void turn(struct fixture *f)
{
        uv_run(&f->loop, UV_RUN_NOWAIT);
}

static inline void timeout_check(time_t start, const char *what)
{
        if (time(NULL) - start > TEST_TIMEOUT_S)
                fail_msg("this did not come: %s", what);
}

#define TURN_UNTIL(f, condition)                                                                                       \
        for (time_t start_ = time(NULL); !(condition); timeout_check(start_, #condition))                              \
        turn(f)

// Turns the loop until all that is under way at once has happened.
static inline void settle(struct fixture *f)
{
        for (int i = 0; i < 20; i++)
                turn(f);
}

static inline void fixture_fetch_all(struct fixture *f)
{
        for (size_t i = 0; i < f->profiles_count; i++)
                if (!f->profiles[i].on_demand)
                        TURN_UNTIL(f, entry_generation(f->profiles[i].entry) > 0);
}

static inline void on_server_closed(void *arg)
{
        ((struct fixture *)arg)->is_server_closed = true;
}

static inline void fixture_begin_end(struct fixture *f, int64_t grace_ms)
{
        f->is_ending = true;
        server_close(f->server, grace_ms, on_server_closed, f);
}

static inline void on_vault_closed(void *arg)
{
        ((struct fixture *)arg)->is_vault_closed = true;
}

static inline void fixture_stop(struct fixture *f)
{
        if (!f->is_ending)
                fixture_begin_end(f, 0);
        TURN_UNTIL(f, f->is_server_closed);
        vault_close(f->vault, on_vault_closed, f);
        TURN_UNTIL(f, f->is_vault_closed);
        metrics_close(f->metrics);
        signer_free(f->signer);
        uv_run(&f->loop, UV_RUN_DEFAULT);
        assert_int_equal(uv_loop_close(&f->loop), 0);
        close(f->log.fd);
        unlink(f->log_path);
        unlink(f->path);
        folder_remove(&f->folder);
}

// The log so far; the caller frees the buffer.
static inline void fixture_read_log(const struct fixture *f, struct buffer *out)
{
        buffer_init(out, 1024 * 1024);
        FILE *log = fopen(f->log_path, "re");
        assert_non_null(log);
        uint8_t bytes[4096];
        size_t n;
        while ((n = fread(bytes, 1, sizeof(bytes), log)) > 0)
                (void)buffer_put(out, slice_of(bytes, n));
        fclose(log);
        assert_non_null(buffer_c_str(out));
}

#endif
