// SPDX-License-Identifier: Apache-2.0
// Requests, commands, watched files, sockets, pauses. libcurl takes its memory from functions of ours, so it is
// tortured along while a request is set up, where its failures are ours to see. During the transfer it is spared: it
// does not always tell then, and what is left is the deadline.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

#include "proto/mem/buffer.h"
#include "sidecar/base/clock.h"
#include "sidecar/base/env.h"
#include "sidecar/io/ca_store.h"
#include "sidecar/io/child.h"
#include "sidecar/io/delay.h"
#include "sidecar/io/http_client.h"
#include "sidecar/io/unix_listen.h"
#include "sidecar/io/watch.h"
#include "tests/torture/torture.h"
#include "tests/unit/signing/pki.h"

static char folder[] = "/tmp/keyfob-torture-XXXXXX", bundle[64], file_one[64], file_two[64], socket_path[64];

static void loop_end(uv_loop_t *loop)
{
        assert_int_equal(uv_run(loop, UV_RUN_DEFAULT), 0);
        assert_int_equal(uv_loop_close(loop), 0);
}

// --- libcurl's memory ---

static bool spares_curl;

#define SPARED(type, name, parameters, arguments)                                                                      \
        type __real_##name parameters;                                                                                 \
        type __wrap_##name parameters;                                                                                 \
        type __wrap_##name parameters                                                                                  \
        {                                                                                                              \
                bool is_on = torture_is_on();                                                                          \
                if (spares_curl)                                                                                       \
                        torture_end();                                                                                 \
                type ret = __real_##name arguments;                                                                    \
                if (is_on)                                                                                             \
                        torture_begin();                                                                               \
                return ret;                                                                                            \
        }

SPARED(void *, wiping_malloc, (size_t n), (n))
SPARED(void *, wiping_calloc, (size_t count, size_t n), (count, n))
SPARED(void *, wiping_realloc, (void *p, size_t n), (p, n))
SPARED(char *, wiping_strdup, (const char *s), (s))

// --- requests ---

#define BODY "0123456789"
#define ANSWER "HTTP/1.1 200 OK\r\nX-Name: value\r\nContent-Length: 10\r\nConnection: close\r\n\r\n" BODY

// One request, one answer; a process of its own, so that its descriptors are not counted with ours.
static void serve(int listener)
{
        for (int fd = accept(listener, NULL, NULL); fd >= 0; fd = accept(listener, NULL, NULL)) {
                char request[4096] = "";
                size_t n = 0;
                ssize_t r = 1;
                while (r > 0 && !strstr(request, "\r\n\r\nbody")) {
                        r = recv(fd, request + n, sizeof(request) - 1 - n, 0);
                        n += r > 0 ? (size_t)r : 0;
                        request[n] = '\0';
                }
                (void)send(fd, ANSWER, strlen(ANSWER), MSG_NOSIGNAL);
                (void)close(fd);
        }
}

static struct {
        int fd;
        pid_t pid;
        char url[64], proxy[64];
} server;

static bool server_start(void)
{
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t n = sizeof(address);
        server.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (server.fd < 0 || bind(server.fd, (struct sockaddr *)&address, n) < 0 || listen(server.fd, 8) < 0 ||
            getsockname(server.fd, (struct sockaddr *)&address, &n) < 0)
                return false;
        (void)snprintf(server.url, sizeof(server.url), "http://127.0.0.1:%d/a?b", ntohs(address.sin_port));
        (void)snprintf(server.proxy, sizeof(server.proxy), "http_proxy=http://127.0.0.1:%d", ntohs(address.sin_port));
        server.pid = fork();
        if (server.pid == 0) {
                (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
                serve(server.fd);
                _exit(0);
        }
        return server.pid > 0;
}

static void server_stop(void)
{
        (void)kill(server.pid, SIGKILL);
        (void)waitpid(server.pid, NULL, 0);
        (void)close(server.fd);
}

struct fetching {
        uv_loop_t loop;
        struct clock clock;
        struct env env;
        struct http_client *client;
        bool is_over, is_right, is_closed;
        struct error e;
};

static void has_fetched(void *arg, const struct http_response *response, const struct error *error)
{
        struct fetching *f = arg;
        f->is_over = true;
        if (error) {
                f->e = *error;
                return;
        }
        assert_int_equal(response->status, 200);
        assert_true(slice_eq(response->body, SLICE(BODY)));
        assert_true(slice_eq(http_response_field(response, SLICE("x-name")), SLICE("value")));
        f->is_right = true;
}

static void is_closed(void *arg)
{
        ((struct fetching *)arg)->is_closed = true;
}

static bool fetch(struct fetching *f, const char *url)
{
        const struct http_field fields[] = {{SLICE("authorization"), SLICE("x")}, {SLICE("x-empty"), SLICE("")}};
        const struct http_request request = {.method = "POST",
                                             .url = url,
                                             .fields = fields,
                                             .fields_count = LENGTH(fields),
                                             .body = SLICE("body"),
                                             .connect_timeout_ms = 60000,
                                             .total_timeout_ms = 60000};
        f->is_over = f->is_right = false;
        f->e = (struct error){.kind = ERROR_NONE};
        const struct http_call *call = http_client_start(f->client, &request, has_fetched, f, &f->e);
        if (!spares_curl)
                torture_end();
        if (!call)
                return false;
        while (!f->is_over)
                (void)uv_run(&f->loop, UV_RUN_ONCE);
        return f->is_right;
}

struct http_case {
        bool by_proxy; // that the environment names
        bool spares_curl;
};

static bool http_round(const void *arg)
{
        const struct http_case *c = arg;
        char *variables[] = {c->by_proxy ? server.proxy : NULL, NULL};
        const char *url = c->by_proxy ? "http://sts.example.com/a?b" : server.url;
        struct fetching f = {.is_over = false};
        assert_int_equal(uv_loop_init(&f.loop), 0);
        clock_init_system(&f.clock);
        env_init(&f.env, variables);
        const struct http_client_deps deps = {
            .loop = &f.loop, .clock = &f.clock, .user_agent = "keyfob/test", .env = &f.env};
        spares_curl = c->spares_curl;
        torture_begin();
        f.client = http_client_new(&deps);
        bool is_done = f.client && fetch(&f, url);
        torture_end();
        if (f.client) {
                if (!is_done)
                        (void)torture_refused(&f.e);
                if (!fetch(&f, url))
                        fail_msg("the next request: %s", f.e.message);
                http_client_close(f.client, is_closed, &f);
        }
        loop_end(&f.loop);
        assert_true(f.is_closed || !f.client);
        return is_done;
}

// --- requests whose bodies pass in pieces ---

struct streaming {
        uv_loop_t loop;
        struct http_streams *streams;
        struct http_stream *stream;
        bool is_sent, has_refused, is_over, is_right, is_closed;
        char body[sizeof(BODY)];
        size_t body_n;
        struct error e;
};

static ssize_t give_body(void *arg, uint8_t *to, size_t n)
{
        struct streaming *f = arg;
        if (!f->is_sent) {
                f->is_sent = true;
                http_stream_resume(f->stream);
                return HTTP_STREAM_WAIT;
        }
        assert_true(n >= 4);
        memcpy(to, "body", 4);
        return 4;
}

static void take_head(void *arg, const struct http_stream_head *head)
{
        (void)arg;
        assert_int_equal(head->status, 200);
        assert_int_equal(head->fields_count, 3); // none is lost
        assert_true(slice_eq(head->fields[0].name, SLICE("x-name")));
}

static enum http_stream_take take_body(void *arg, struct slice piece)
{
        struct streaming *f = arg;
        if (!f->has_refused) {
                f->has_refused = true;
                http_stream_resume(f->stream);
                return HTTP_STREAM_FULL;
        }
        assert_true(piece.n < sizeof(f->body) - f->body_n);
        memcpy(f->body + f->body_n, piece.p, piece.n);
        f->body_n += piece.n;
        return HTTP_STREAM_TAKEN;
}

static void take_end(void *arg, const struct http_stream_head *trailers, const struct error *error)
{
        struct streaming *f = arg;
        assert_false(f->is_over);
        f->is_over = true;
        f->is_right = trailers && strcmp(f->body, BODY) == 0;
        assert_true(f->is_right == (error == NULL));
        if (error)
                f->e = *error;
}

static void streams_closed(void *arg)
{
        ((struct streaming *)arg)->is_closed = true;
}

static bool stream(struct streaming *f)
{
        const struct http_field field = {SLICE("authorization"), SLICE("x")};
        const struct http_stream_source source = {.length = 4, .pull = give_body, .arg = f};
        const struct http_stream_events events = {take_head, take_body, take_end, f};
        const struct http_request request = {.method = "POST",
                                             .url = server.url,
                                             .fields = &field,
                                             .fields_count = 1,
                                             .source = &source,
                                             .first_byte_timeout_ms = 60000,
                                             .idle_timeout_ms = 60000};
        f->is_sent = f->has_refused = f->is_over = false;
        f->body_n = 0;
        memset(f->body, 0, sizeof(f->body));
        f->e = (struct error){.kind = ERROR_NONE};
        f->stream = http_stream_start(f->streams, &request, &events, &f->e);
        if (!spares_curl)
                torture_end();
        while (f->stream && !f->is_over)
                (void)uv_run(&f->loop, UV_RUN_ONCE);
        return f->stream && f->is_right;
}

static bool stream_round(const void *arg)
{
        const struct http_case *c = arg;
        struct streaming f = {.is_over = false};
        assert_int_equal(uv_loop_init(&f.loop), 0);
        const struct http_streams_deps deps = {.loop = &f.loop, .user_agent = "keyfob/test"};
        spares_curl = c->spares_curl;
        torture_begin();
        f.streams = http_streams_new(&deps);
        bool is_done = f.streams && stream(&f);
        torture_end();
        if (f.streams) {
                if (!is_done)
                        (void)torture_refused(&f.e);
                if (!stream(&f))
                        fail_msg("the next request: %s", f.e.message);
                http_streams_close(f.streams, streams_closed, &f);
        }
        loop_end(&f.loop);
        assert_true(f.is_closed || !f.streams);
        return is_done;
}

// --- a CA bundle ---

struct trusting {
        bool is_over;
        struct error e;
};

static void has_loaded(void *arg, const struct error *error)
{
        struct trusting *t = arg;
        t->is_over = true;
        t->e = error ? *error : (struct error){.kind = ERROR_NONE};
}

static bool trust(uv_loop_t *loop, struct ca_store *store, struct trusting *t)
{
        t->is_over = ca_store_check(store);
        while (!t->is_over)
                (void)uv_run(loop, UV_RUN_ONCE);
        return ca_store_get(store) != NULL;
}

static bool ca_round(const void *arg)
{
        uv_loop_t loop;
        struct trusting t = {.is_over = false};
        (void)arg;
        assert_int_equal(uv_loop_init(&loop), 0);
        torture_begin();
        struct ca_store *store = ca_store_new(&loop, bundle, has_loaded, &t);
        bool is_done = store && trust(&loop, store, &t);
        torture_end();
        if (store && !is_done)
                (void)torture_refused(&t.e);
        if (store)
                assert_true(trust(&loop, store, &t));
        ca_store_free(store);
        loop_end(&loop);
        return is_done;
}

// --- commands ---

struct running {
        bool is_over, is_right;
        enum child_end end;
};

static void has_run(void *arg, const struct child_result *result)
{
        struct running *r = arg;
        r->is_over = true;
        r->end = result->end;
        if (result->end != CHILD_EXITED)
                return;
        assert_int_equal(result->status, 3);
        r->is_right = slice_eq(result->output, SLICE("output\n"));
        assert_true(r->is_right); // never a part of it
        assert_true(result->errors.n == 0 || slice_eq(result->errors, SLICE("words\n")));
}

static bool run(uv_loop_t *loop, struct running *r, struct error *e)
{
        char *words[] = {(char[]){"sh"}, (char[]){"-c"}, (char[]){"echo words >&2; echo output; exit 3"}, NULL};
        char *environment[] = {(char[]){"PATH=/usr/bin:/bin"}, NULL};
        const struct child_options order = {
            .words = words, .environment = environment, .output_max = 4096, .timeout_ms = 60000};
        *r = (struct running){.is_over = false};
        if (!child_start(loop, &order, has_run, r, e))
                return false;
        while (!r->is_over)
                (void)uv_run(loop, UV_RUN_ONCE);
        return r->is_right;
}

// `arg`: not NULL: its pipes are read byte by byte.
static bool child_round(const void *arg)
{
        uv_loop_t loop;
        struct running r;
        struct error e = {.kind = ERROR_NONE};
        assert_int_equal(uv_loop_init(&loop), 0);
        torture_short_reads(arg != NULL);
        torture_begin();
        bool is_done = run(&loop, &r, &e);
        torture_end();
        torture_short_reads(false);
        if (!is_done && r.is_over)
                assert_int_equal(r.end, CHILD_NO_MEMORY);
        else if (!is_done)
                (void)torture_refused(&e);
        if (!run(&loop, &r, &e))
                fail_msg("the next command: %s", e.message);
        loop_end(&loop);
        return is_done;
}

// --- the small ones ---

static void nothing(void *arg)
{
        if (arg)
                *(bool *)arg = true;
}

static bool watch_round(const void *arg)
{
        uv_loop_t loop;
        char *paths[] = {file_one, file_two};
        (void)arg;
        assert_int_equal(uv_loop_init(&loop), 0);
        const struct watch_deps deps = {.loop = &loop, .poll_every_ms = 3600000, .changed = nothing};
        torture_begin();
        struct watch *w = watch_new(&deps);
        int r = w ? watch_set(w, paths, 1, watch_moment()) : -1;
        if (r == 0)
                r = watch_set(w, paths, 2, watch_moment());
        torture_end();
        if (w) {
                assert_int_equal(watch_set(w, paths, 2, watch_moment()), 0);
                (void)uv_run(&loop, UV_RUN_NOWAIT);
        }
        watch_close(w);
        loop_end(&loop);
        return r == 0;
}

static bool pause_round(const void *arg)
{
        uv_loop_t loop;
        bool has_run = false;
        (void)arg;
        assert_int_equal(uv_loop_init(&loop), 0);
        torture_begin();
        const struct delay *delay = delay_start(&loop, 1, nothing, &has_run);
        struct delay *cancelled = delay_start(&loop, 1, nothing, NULL);
        torture_end();
        bool is_done = delay && cancelled;
        delay_cancel(cancelled);
        assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
        assert_true(has_run == (delay != NULL));
        loop_end(&loop);
        return is_done;
}

static bool listen_round(const void *arg)
{
        const struct unix_listen options = {.path = socket_path, .mode = 0660, .has_gid = true, .gid = getegid()};
        struct error e = {.kind = ERROR_NONE};
        ino_t inode = 0;
        (void)arg;
        torture_begin();
        int fd = unix_listen_open(&options, &inode, &e);
        torture_end();
        if (fd < 0) {
                assert_true(access(socket_path, F_OK) < 0); // nothing half-made
                return torture_refused(&e);
        }
        (void)close(fd);
        unix_listen_unlink(socket_path, inode);
        return true;
}

static void write_files(void)
{
        EVP_PKEY *key = EVP_EC_gen("P-256");
        const struct pki_subject subject = {"Root", "1", true, PKI_NOW_S - 3600, PKI_NOW_S + 3600};
        X509 *root = pki_certificate(&subject, key, NULL, NULL);
        BIO *bio = BIO_new(BIO_s_mem());
        pki_check(PEM_write_bio_X509(bio, root));
        pki_write(folder, "bundle", bio);
        BIO_free(bio);
        X509_free(root);
        EVP_PKEY_free(key);
        (void)snprintf(bundle, sizeof(bundle), "%s/bundle", folder);
        (void)snprintf(file_one, sizeof(file_one), "%s/bundle", folder);
        (void)snprintf(file_two, sizeof(file_two), "%s/none", folder);
        (void)snprintf(socket_path, sizeof(socket_path), "%s/socket", folder);
}

int main(void)
{
        if (!mkdtemp(folder) || !server_start())
                return 1;
        write_files();
        static const struct http_case set_up = {false, false}, proxy_set_up = {true, false}, course = {false, true},
                                      proxy_course = {true, true};
        const struct torture_row rows[] = {
            {.name = "request, set up", .round = http_round, .arg = &set_up},
            {.name = "request, its course", .round = http_round, .arg = &course},
            {.name = "request by a proxy, set up", .round = http_round, .arg = &proxy_set_up},
            {.name = "request by a proxy, its course", .round = http_round, .arg = &proxy_course},
            {.name = "stream, set up", .round = stream_round, .arg = &set_up},
            {.name = "stream, its course", .round = stream_round, .arg = &course},
            {.name = "CA bundle", .round = ca_round},
            // what it writes to standard error need not be kept
            {.name = "command", .round = child_round, .survives = true},
            {.name = "command, read byte by byte", .round = child_round, .arg = "", .survives = true},
            {.name = "watch", .round = watch_round},
            {.name = "delay", .round = pause_round},
            {.name = "listening socket", .round = listen_round},
        };
        int failed = torture_main(rows, LENGTH(rows));
        server_stop();
        return unlink(bundle) < 0 || rmdir(folder) < 0 ? 1 : failed;
}
