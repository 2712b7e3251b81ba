// SPDX-License-Identifier: Apache-2.0
// A server on a real socket and a real vault, in one thread with its clients: whoever waits for an answer turns the
// loop. Providers are scripts; the clock is set by hand, and runs 1000 times as fast where it is asked for delays.
#ifndef TESTS_UNIT_SERVER_FIXTURE_H
#define TESTS_UNIT_SERVER_FIXTURE_H

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#include "proto/mem/buffer.h"
#include "proto/wire/credentials.h"
#include "proto/wire/http.h"
#include "proto/wire/json_read.h"
#include "sidecar/base/clock.h"
#include "sidecar/base/log.h"
#include "sidecar/io/unix_listen.h"
#include "sidecar/server/connection.h"
#include "sidecar/server/metrics.h"
#include "sidecar/server/server.h"
#include "sidecar/server/state.h"
#include "sidecar/signing/sigv4.h"
#include "sidecar/vault/vault.h"
#include "tests/unit/unit.h"

#define NOON_S INT64_C(1788264000) // 2026-09-01T12:00:00Z
#define PATIENCE_S 20              // of a test that waits for what should come at once
#define SECRET "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
#define TOKEN "IQoJb3JpZ2luX2VjEXAMPLE//token+with/special=chars=="

enum { PROFILES_MAX = 4, ANSWER_MAX = 4 * 1024 * 1024 };

// --- a provider that does as it is told ---

enum script { SCRIPT_GIVE, SCRIPT_FAIL, SCRIPT_HANG };

struct fake_provider {
        struct provider base;
        struct scripted *script;
        uv_timer_t timer;
        bool is_cancelled;
};

struct scripted {
        enum script script;
        int64_t life_s; // 0: they never expire
        const char *access_key_id, *token;
        struct error error; // with SCRIPT_FAIL
        unsigned starts;
        struct fake_provider *provider;
        struct fixture *fixture;
};

struct fixture {
        uv_loop_t loop;
        int64_t now_ms;
        struct clock clock;
        struct log log;
        char folder[64], path[96], log_path[96];
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

static inline struct credentials *script_credentials(const struct scripted *s)
{
        int64_t now_s = NOON_S + s->fixture->now_ms / 1000;
        struct credentials fields = {.access_key_id = slice_str(s->access_key_id),
                                     .secret_access_key = SLICE(SECRET),
                                     .session_token = slice_str(s->token),
                                     .issued_s = now_s,
                                     .expires_s = s->life_s ? now_s + s->life_s : CREDENTIALS_NEVER_EXPIRE};
        struct credentials *c = credentials_new(&fields);
        assert_non_null(c);
        return c;
}

static inline void fake_finish(uv_timer_t *timer)
{
        struct fake_provider *p = timer->data;
        struct error cancelled = {.kind = ERROR_CANCELLED, .message = "cancelled"};
        if (p->is_cancelled)
                provider_finish(&p->base, NULL, &cancelled);
        else if (p->script->script == SCRIPT_GIVE)
                provider_finish(&p->base, script_credentials(p->script), NULL);
        else
                provider_finish(&p->base, NULL, &p->script->error);
}

static inline int fake_start(struct provider *base, struct error *e)
{
        struct fake_provider *p = (struct fake_provider *)base;
        (void)e;
        p->script->starts++;
        p->is_cancelled = false;
        if (p->script->script != SCRIPT_HANG)
                uv_timer_start(&p->timer, fake_finish, 0, 0);
        return 0;
}

static inline void fake_cancel(struct provider *base)
{
        struct fake_provider *p = (struct fake_provider *)base;
        p->is_cancelled = true;
        uv_timer_start(&p->timer, fake_finish, 0, 0);
}

static inline void fake_gone(uv_handle_t *handle)
{
        free(handle->data);
}

static inline void fake_destroy(struct provider *base)
{
        struct fake_provider *p = (struct fake_provider *)base;
        p->script->provider = NULL;
        uv_close((uv_handle_t *)&p->timer, fake_gone);
}

// Ends a call that hangs, by the script as it is now.
static inline void script_release(struct scripted *s)
{
        assert_non_null(s->provider);
        uv_timer_start(&s->provider->timer, fake_finish, 0, 0);
}

static inline struct provider *fake_new(struct scripted *s)
{
        static const struct provider_ops ops = {fake_start, fake_cancel, fake_destroy};
        struct fake_provider *p = calloc(1, sizeof(*p));
        assert_non_null(p);
        p->base.ops = &ops;
        p->script = s;
        s->provider = p;
        uv_timer_init(&s->fixture->loop, &p->timer);
        p->timer.data = p;
        return &p->base;
}

// --- the server ---

static inline uint32_t no_jitter(void *context)
{
        (void)context;
        return 0;
}

static inline void fixture_start(struct fixture *f)
{
        *f = (struct fixture){.now_ms = 1000000};
        struct error e = {0};
        signal(SIGPIPE, SIG_IGN);
        assert_int_equal(uv_loop_init(&f->loop), 0);
        f->clock = (struct clock){fixture_boot_ms, fixture_wall_ms, 1000, f};
        memcpy(f->folder, "/tmp/keyfob-test-XXXXXX", sizeof("/tmp/keyfob-test-XXXXXX"));
        assert_non_null(mkdtemp(f->folder));
        snprintf(f->path, sizeof(f->path), "%s/socket", f->folder);
        snprintf(f->log_path, sizeof(f->log_path), "%s/log", f->folder);
        FILE *log = fopen(f->log_path, "we");
        assert_non_null(log);
        f->log = (struct log){.fd = dup(fileno(log)), .level = LOG_LEVEL_DEBUG, .clock = &f->clock};
        fclose(log);
        f->metrics = metrics_new(&f->loop);
        f->signer = signer_new();
        struct vault_deps vault = {.loop = &f->loop, .clock = &f->clock, .random = no_jitter};
        f->vault = vault_new(&vault);
        struct server_deps deps = {
            .loop = &f->loop, .clock = &f->clock, .log = &f->log, .signer = f->signer, .metrics = f->metrics};
        f->server = server_new(&deps);
        assert_true(f->metrics && f->signer && f->vault && f->server);
        struct unix_listen listen = {.path = f->path, .mode = 0600};
        int fd = unix_listen_open(&listen, NULL, &e);
        assert_true(fd >= 0);
        assert_int_equal(server_listen(f->server, fd, &e), 0);
}

// Adds a profile; in alphabetical order. The script may be changed before the loop turns.
static inline struct scripted *fixture_add(struct fixture *f, const char *name, bool on_demand)
{
        assert_true(f->profiles_count < PROFILES_MAX);
        struct scripted *s = &f->scripts[f->profiles_count];
        struct server_profile *p = &f->profiles[f->profiles_count++];
        *s = (struct scripted){.life_s = 3600, .access_key_id = "ASIAEXAMPLEKEYID0001", .token = TOKEN, .fixture = f};
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

static inline void patience_check(time_t start, const char *what)
{
        if (time(NULL) - start > PATIENCE_S)
                fail_msg("this did not come: %s", what);
}

#define TURN_UNTIL(f, condition)                                                                                       \
        for (time_t start_ = time(NULL); !(condition); patience_check(start_, #condition))                             \
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
        rmdir(f->folder);
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

// --- a client ---

struct client {
        struct fixture *f;
        int fd;
        struct http_parser *parser;
        struct buffer received;
        struct buffer body; // of the last answer, with a NUL
        struct buffer head; // of the last answer: its header lines, with a NUL
        int status;
        bool is_at_end;
};

static inline struct client client_open(struct fixture *f)
{
        struct client c = {.f = f, .fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        assert_true(c.fd >= 0);
        memcpy(address.sun_path, f->path, strlen(f->path) + 1);
        assert_int_equal(connect(c.fd, (struct sockaddr *)&address, sizeof(address)), 0);
        c.parser = http_parser_new(HTTP_RESPONSES, ANSWER_MAX);
        assert_non_null(c.parser);
        buffer_init(&c.received, ANSWER_MAX);
        buffer_init(&c.body, ANSWER_MAX);
        buffer_init(&c.head, ANSWER_MAX);
        return c;
}

static inline void client_close(struct client *c)
{
        close(c->fd);
        http_parser_free(c->parser);
        buffer_free(&c->received);
        buffer_free(&c->body);
        buffer_free(&c->head);
}

static inline void client_send_bytes(struct client *c, struct slice bytes)
{
        time_t start = time(NULL);
        while (bytes.n > 0) {
                ssize_t n = send(c->fd, bytes.p, bytes.n, MSG_NOSIGNAL);
                if (n > 0)
                        bytes = slice_from(bytes, (size_t)n);
                else
                        turn(c->f);
                patience_check(start, "room to send");
        }
}

static inline void client_send(struct client *c, const char *text)
{
        client_send_bytes(c, slice_str(text));
}

// Takes what has arrived. False: nothing has.
static inline bool client_receive(struct client *c)
{
        uint8_t bytes[65536];
        ssize_t n = recv(c->fd, bytes, sizeof(bytes), 0);
        if (n == 0 || (n < 0 && errno != EAGAIN))
                c->is_at_end = true;
        if (n <= 0)
                return false;
        assert_int_equal(buffer_put(&c->received, slice_of(bytes, (size_t)n)), 0);
        return true;
}

static inline bool client_parse(struct client *c)
{
        size_t taken = 0;
        struct slice all = buffer_slice(&c->received);
        enum http_parse result = HTTP_MORE;
        while (result == HTTP_MORE && all.n > 0) {
                result = http_parser_feed(c->parser, all, &taken);
                assert_true(result == HTTP_MORE || result == HTTP_DONE);
                all = slice_from(all, taken);
        }
        if (result == HTTP_DONE) {
                const struct http_message *m = http_message(c->parser);
                c->status = m->status;
                buffer_reset(&c->body);
                (void)buffer_put(&c->body, m->body);
                assert_non_null(buffer_c_str(&c->body));
                buffer_reset(&c->head);
                for (size_t i = 0; i < m->headers_count; i++) {
                        (void)buffer_put(&c->head, m->headers[i].name);
                        (void)buffer_put_str(&c->head, ": ");
                        (void)buffer_put(&c->head, m->headers[i].value);
                        (void)buffer_put_byte(&c->head, '\n');
                }
                assert_non_null(buffer_c_str(&c->head));
        }
        buffer_consume(&c->received, c->received.n - all.n);
        return result == HTTP_DONE;
}

// Turns the loop until there is one whole answer; returns its status.
static inline int client_answer(struct client *c)
{
        time_t start = time(NULL);
        while (!client_parse(c)) {
                while (!client_receive(c)) {
                        if (c->is_at_end)
                                fail_msg("the connection ended before an answer");
                        turn(c->f);
                        patience_check(start, "an answer");
                }
        }
        return c->status;
}

// Turns the loop until the server has closed, and nothing came before that.
static inline void client_expect_end(struct client *c)
{
        time_t start = time(NULL);
        while (!c->is_at_end) {
                assert_false(client_receive(c));
                turn(c->f);
                patience_check(start, "the end of the connection");
        }
}

static inline int client_ask(struct client *c, const char *request)
{
        client_send(c, request);
        return client_answer(c);
}

static inline int client_get(struct client *c, const char *target)
{
        char request[1024];
        snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", target);
        return client_ask(c, request);
}

static inline int client_post(struct client *c, const char *target, const char *body)
{
        struct buffer request;
        buffer_init(&request, ANSWER_MAX);
        (void)buffer_printf(&request, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n", target,
                            strlen(body));
        (void)buffer_put_str(&request, body);
        client_send_bytes(c, buffer_slice(&request));
        buffer_free(&request);
        return client_answer(c);
}

static inline bool client_head_has(const struct client *c, const char *line)
{
        return strstr((const char *)c->head.p, line) != NULL;
}

static inline bool client_body_has(const struct client *c, const char *text)
{
        return c->body.n > 0 && strstr((const char *)c->body.p, text) != NULL;
}

static inline const char *client_body(const struct client *c)
{
        return c->body.n > 0 ? (const char *)c->body.p : "";
}

#define ASSERT_BODY_HAS(c, text)                                                                                       \
        do {                                                                                                           \
                if (!client_body_has(c, text))                                                                         \
                        fail_msg("no \"%s\" in %s", text, client_body(c));                                             \
        } while (0)

// A member of the answer's object, as text: a string without its quotes, a number. False when it is not there.
static inline bool client_member(const struct client *c, const char *path, char *out, size_t size)
{
        struct json_doc doc;
        struct json_fault fault;
        json_doc_init(&doc);
        if (json_parse(&doc, buffer_slice(&c->body), &fault) < 0)
                fail_msg("the answer is no JSON: %s at %zu: %s", fault.what, fault.offset, client_body(c));
        size_t node = JSON_ROOT;
        struct slice rest = slice_str(path);
        while (rest.n > 0 && node != JSON_NONE) {
                struct slice key = slice_head(rest, slice_find(rest, '/'));
                rest = slice_from(rest, key.n + 1);
                node = json_get(&doc, node, key);
        }
        bool is_there = node != JSON_NONE;
        if (is_there && (json_kind(&doc, node) == JSON_STRING || json_kind(&doc, node) == JSON_NUMBER))
                snprintf(out, size, "%.*s", (int)json_raw(&doc, node).n, (const char *)json_raw(&doc, node).p);
        else
                snprintf(out, size, "%s", is_there ? json_kind_name(json_kind(&doc, node)) : "missing");
        json_doc_free(&doc);
        return is_there;
}

static inline void expect_member(const struct client *c, const char *path, const char *want)
{
        char text[4096];
        client_member(c, path, text, sizeof(text));
        if (strcmp(text, want) != 0)
                fail_msg("%s is %s, not %s, in %s", path, text, want, client_body(c));
}

// The answer is a problem of that status and code.
static inline void expect_problem(const struct client *c, int status, const char *code)
{
        char number[16];
        if (c->status != status)
                fail_msg("status %d, not %d: %s", c->status, status, client_body(c));
        snprintf(number, sizeof(number), "%d", status);
        expect_member(c, "status", number);
        expect_member(c, "code", code);
        assert_true(client_head_has(c, "Content-Type: application/problem+json"));
        char text[4096];
        assert_true(client_member(c, "type", text, sizeof(text)));
        assert_int_equal(strncmp(text, "urn:keyfob:error:", 17), 0);
        assert_null(strchr(text, '_'));
        assert_true(client_member(c, "title", text, sizeof(text)));
        assert_true(client_member(c, "detail", text, sizeof(text)));
}

#endif
