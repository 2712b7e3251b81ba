// SPDX-License-Identifier: Apache-2.0
// A whole connection: parser, router, handlers, a real vault with a source that does what the input says. The bytes are
// sent to a server as they are; 0xff and the byte behind it do something else: turn the loop, read answers, reload, let
// the source give or fail, cut the connection. Invariants: those that the server asserts (each request is answered once
// or waits, what a user was charged is given back, all handles close); what it answers is HTTP, and never a secret that
// the peer may not have.
#ifndef TESTS_FUZZ_SERVER_WORLD_H
#define TESTS_FUZZ_SERVER_WORLD_H

#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include "proto/mem/length.h"
#include "proto/wire/credentials.h"
#include "proto/wire/http_whole.h"
#include "sidecar/base/clock.h"
#include "sidecar/base/log.h"
#include "sidecar/providers/provider.h"
#include "sidecar/server/metrics.h"
#include "sidecar/server/server.h"
#include "sidecar/signing/sigv4.h"
#include "sidecar/vault/vault.h"
#include "tests/fuzz/fuzz.h"

#define OPEN_SECRET "open-secret-0123456789"
#define FORBIDDEN_SECRET "forbidden-secret-0123456789"

enum { ESCAPE = 0xff, PROFILES = 3, INPUT_MAX = 256 * 1024, TURNS_MAX = 10000, RECEIVED_MAX = 64 * 1024 * 1024 };

struct source {
        struct provider base;
        struct world *world;
        uv_timer_t timer;
        const char *secret;
        bool is_running;
};

struct world {
        uv_loop_t loop;
        struct clock clock;
        struct log log;
        struct metrics *metrics;
        struct signer *signer;
        struct vault *vault;
        struct server *server;
        struct server_profile tables[2][PROFILES];
        struct source *sources[PROFILES];
        struct allow_rule nobody;
        uid_t nobodys_uid;
        bool fails, is_closed;
        int fd; // the client's end; -1: closed
        struct buffer received;
        bool has_head_request;
};

static int64_t now_ms(void *context)
{
        (void)context;
        return INT64_C(1788264000000);
}

// --- the source ---

static void finish(uv_timer_t *timer)
{
        struct source *s = timer->data;
        if (!s->is_running)
                return;
        s->is_running = false;
        struct error e = {.kind = ERROR_TRANSIENT, .message = "the source failed"};
        struct credentials fields = {.access_key_id = SLICE("ASIAEXAMPLEKEYID0001"),
                                     .secret_access_key = slice_str(s->secret),
                                     .session_token = SLICE("token"),
                                     .issued_s = now_ms(NULL) / 1000,
                                     .expires_s = now_ms(NULL) / 1000 + 3600};
        struct credentials *c = s->world->fails ? NULL : credentials_new(&fields);
        provider_finish(&s->base, c, c ? NULL : &e);
}

static int start(struct provider *base, struct error *e)
{
        struct source *s = (struct source *)base;
        (void)e;
        s->is_running = true;
        return 0;
}

static void cancel(struct provider *base)
{
        struct source *s = (struct source *)base;
        (void)uv_timer_start(&s->timer, finish, 0, 0);
}

static void on_gone(uv_handle_t *handle)
{
        free(handle->data);
}

static void destroy(struct provider *base)
{
        struct source *s = (struct source *)base;
        for (size_t i = 0; i < PROFILES; i++)
                if (s->world->sources[i] == s)
                        s->world->sources[i] = NULL;
        uv_close((uv_handle_t *)&s->timer, on_gone);
}

static struct entry *add(struct world *w, size_t i, const char *name)
{
        static const struct provider_ops ops = {.start = start, .cancel = cancel, .destroy = destroy};
        struct source *s = calloc(1, sizeof(*s));
        must(s);
        s->base.ops = &ops;
        s->world = w;
        s->secret = i == 1 ? FORBIDDEN_SECRET : OPEN_SECRET;
        (void)uv_timer_init(&w->loop, &s->timer);
        s->timer.data = s;
        w->sources[i] = s;
        struct entry *entry = vault_add(w->vault, &(struct entry_options){.name = name, .on_demand = true}, &s->base);
        must(entry);
        return entry;
}

// --- the world ---

static uint32_t no_jitter(void *context)
{
        (void)context;
        return 0;
}

// `listening` is a socket that listens, for `served`; the peer connects to it.
static void set_up(struct world *w, int listening, const struct server_listener *served)
{
        struct error e;
        struct sockaddr_storage address;
        socklen_t n = sizeof(address);
        must(getsockname(listening, (struct sockaddr *)&address, &n) == 0);
        must(uv_loop_init(&w->loop) == 0);
        w->clock = (struct clock){now_ms, now_ms, 1, NULL};
        w->log = (struct log){.fd = -1, .level = LOG_LEVEL_ERROR, .clock = &w->clock};
        w->metrics = metrics_new(&w->loop);
        w->signer = signer_new();
        w->vault = vault_new(&(struct vault_deps){.loop = &w->loop, .clock = &w->clock, .random = no_jitter});
        w->server = server_new(&(struct server_deps){.loop = &w->loop,
                                                     .clock = &w->clock,
                                                     .log = &w->log,
                                                     .signer = w->signer,
                                                     .metrics = w->metrics,
                                                     .run = 7});
        must(w->metrics && w->signer && w->vault && w->server);
        must(server_listen(w->server, listening, served, &e) == 0);
        w->nobodys_uid = getuid() + 1;
        w->nobody = (struct allow_rule){.uids = &w->nobodys_uid, .uids_count = 1, .scopes = ALLOW_ALL};
        static const char *const names[PROFILES] = {"a", "b", "c"};
        for (size_t i = 0; i < PROFILES; i++)
                w->tables[0][i] = w->tables[1][i] = (struct server_profile){
                    .name = names[i], .type = "static", .entry = add(w, i, names[i]), .on_demand = i != 0};
        for (size_t i = 0; i < 2; i++) {
                w->tables[i][1].allow = &w->nobody; // nobody may use b
                w->tables[i][1].allow_count = 1;
        }
        w->tables[1][2].allow = &w->nobody; // the second table: c neither, and a is gone
        w->tables[1][2].allow_count = 1;
        server_set_profiles(w->server, w->tables[0], PROFILES);
        w->fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        int r = w->fd < 0 ? -1 : connect(w->fd, (struct sockaddr *)&address, n);
        must(r == 0 || (w->fd >= 0 && errno == EINPROGRESS)); // on loopback it is made all the same
        const int on = 1;
        (void)setsockopt(w->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)); // else pieces wait; of TCP alone
        buffer_init(&w->received, RECEIVED_MAX);
}

static void turn(struct world *w)
{
        (void)uv_run(&w->loop, UV_RUN_NOWAIT);
}

static void on_closed(void *arg)
{
        ((struct world *)arg)->is_closed = true;
}

static void turn_until_closed(struct world *w)
{
        for (int i = 0; !w->is_closed; i++) {
                must(i < TURNS_MAX);
                (void)uv_run(&w->loop, UV_RUN_ONCE);
        }
        w->is_closed = false;
}

static void tear_down(struct world *w)
{
        server_close(w->server, 0, on_closed, w);
        turn_until_closed(w);
        vault_close(w->vault, on_closed, w);
        turn_until_closed(w);
        metrics_close(w->metrics);
        signer_free(w->signer);
        (void)uv_run(&w->loop, UV_RUN_DEFAULT);
        must(uv_loop_close(&w->loop) == 0);
        buffer_free(&w->received);
}

// --- what the input does ---

static bool receive(struct world *w)
{
        uint8_t bytes[4096];
        ssize_t n = w->fd >= 0 ? recv(w->fd, bytes, sizeof(bytes), 0) : 0;
        if (n <= 0)
                return false;
        must(buffer_put(&w->received, slice_of(bytes, (size_t)n)) == 0);
        return true;
}

static void act(struct world *w, uint8_t what)
{
        switch (what % 8) {
        case 0:
                turn(w);
                break;
        case 1:
                while (receive(w))
                        ;
                break;
        case 2:
        case 3:
                server_set_profiles(w->server, w->tables[what % 2] + what % 2, PROFILES - what % 2);
                break;
        case 4:
        case 5:
                w->fails = what % 2;
                for (size_t i = 0; i < PROFILES; i++)
                        if (w->sources[i])
                                (void)uv_timer_start(&w->sources[i]->timer, finish, 0, 0);
                break;
        case 6:
                if (w->fd >= 0)
                        (void)shutdown(w->fd, SHUT_WR);
                break;
        default:
                if (w->fd >= 0)
                        (void)close(w->fd);
                w->fd = -1;
        }
}

static void send_all(struct world *w, struct slice bytes)
{
        for (int i = 0; bytes.n > 0 && w->fd >= 0 && i < 100; i++) {
                ssize_t n = send(w->fd, bytes.p, bytes.n, MSG_NOSIGNAL);
                bytes = slice_from(bytes, n > 0 ? (size_t)n : 0);
                turn(w);
                if (n < 0 && errno != EAGAIN)
                        return;
        }
}

static void check(const struct world *w)
{
        if (w->received.n == 0)
                return;
        must(!memmem(w->received.p, w->received.n, FORBIDDEN_SECRET, strlen(FORBIDDEN_SECRET)));
        if (w->has_head_request) // whose answers have a length and no body
                return;
        struct http_whole *parser = http_whole_new(HTTP_RESPONSES, RECEIVED_MAX);
        must(parser);
        struct slice rest = buffer_slice(&w->received);
        while (rest.n > 0) {
                enum http_event event = http_whole_next(parser, &rest);
                must(event == HTTP_END || event == HTTP_MORE);
        }
        http_whole_free(parser);
}

// Plays the input, and checks what came back. `on_escape` gets the byte behind each 0xff.
static void run_world(struct world *w, struct slice input, void (*on_escape)(struct world *, uint8_t))
{
        struct slice rest = input;
        w->has_head_request = memmem(input.p, input.n, "HEAD", 4) != NULL;
        while (rest.n > 0) {
                struct slice piece = slice_head(rest, slice_find(rest, ESCAPE));
                rest = slice_from(rest, piece.n + 1);
                send_all(w, piece);
                if (rest.n > 0)
                        on_escape(w, rest.p[0]);
                rest = slice_from(rest, 1);
        }
        for (int i = 0; i < 20; i++) {
                turn(w);
                while (receive(w))
                        ;
        }
        if (w->fd >= 0)
                (void)close(w->fd);
        check(w);
}

// Whether it can be played: what it contains might come back in an error.
static inline bool is_playable(struct slice input)
{
        (void)signal(SIGPIPE, SIG_IGN); // as the agent does
        return input.n > 0 && input.n <= INPUT_MAX && !memmem(input.p, input.n, FORBIDDEN_SECRET, 12);
}

#endif
