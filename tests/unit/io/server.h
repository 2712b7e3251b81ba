// SPDX-License-Identifier: Apache-2.0
// An HTTP/1.1 server that misbehaves as its requests' paths ask, in threads of its own: one that accepts, one for each
// connection. Plain or TLS.
#ifndef TESTS_UNIT_IO_SERVER_H
#define TESTS_UNIT_IO_SERVER_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SERVER_CONNECTIONS_MAX = 128, SERVER_REQUEST_MAX = 4 * 1024 * 1024 };

struct server;

struct server_stream {
        struct server *server;
        int fd;
        SSL *tls; // NULL: plain
        pthread_t thread;
};

struct server {
        int fd;
        uint16_t port;
        SSL_CTX *tls;
        bool is_silent; // accepts, and says nothing, not even a TLS greeting
        pthread_t thread;
        struct server_stream streams[SERVER_CONNECTIONS_MAX];
        atomic_uint connections, requests;
        atomic_bool is_stopping;
};

static inline int server_read(struct server_stream *s, char *p, size_t n)
{
        return s->tls ? SSL_read(s->tls, p, (int)n) : (int)read(s->fd, p, n);
}

static inline bool server_write(struct server_stream *s, const char *p, size_t n)
{
        while (n > 0) {
                int put = s->tls ? SSL_write(s->tls, p, (int)n) : (int)send(s->fd, p, n, MSG_NOSIGNAL);
                if (put <= 0)
                        return false;
                p += put;
                n -= (size_t)put;
        }
        return true;
}

static inline bool server_say(struct server_stream *s, const char *text)
{
        return server_write(s, text, strlen(text));
}

// Until the peer goes, or the server is stopped.
static inline void server_wait(struct server_stream *s)
{
        char rest[256];
        while (server_read(s, rest, sizeof(rest)) > 0)
                ;
}

// A whole request as it came, with its body by Content-Length. Its size, or 0 at the end.
static inline size_t server_take(struct server_stream *s, char *p)
{
        size_t n = 0;
        size_t want = 0;
        while (want == 0 || n < want) {
                int got = n < SERVER_REQUEST_MAX - 1 ? server_read(s, p + n, SERVER_REQUEST_MAX - 1 - n) : 0;
                if (got <= 0)
                        return 0;
                n += (size_t)got;
                p[n] = '\0';
                if (p[0] < 'A' || p[0] > 'Z') { // such as the greeting of TLS
                        (void)server_say(s, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
                        return 0;
                }
                const char *end = want == 0 ? strstr(p, "\r\n\r\n") : NULL;
                const char *length = end ? strcasestr(p, "content-length: ") : NULL;
                if (end)
                        want = (size_t)(end + 4 - p) + (length && length < end ? strtoull(length + 16, NULL, 10) : 0);
        }
        return n;
}

static inline bool server_answer(struct server_stream *s, const char *head, const char *body, size_t body_n)
{
        char line[128];
        (void)snprintf(line, sizeof(line), "Content-Length: %zu\r\n\r\n", body_n);
        return server_say(s, head) && server_say(s, line) && server_write(s, body, body_n);
}

static inline bool server_large(struct server_stream *s, bool is_chunked)
{
        char *body = calloc(1, 2u * 1024 * 1024);
        bool r = server_say(s, "HTTP/1.1 200 OK\r\n");
        if (r && is_chunked)
                r = server_say(s, "Transfer-Encoding: chunked\r\n\r\n200000\r\n") &&
                    server_write(s, body, 2u * 1024 * 1024) && server_say(s, "\r\n0\r\n\r\n");
        else if (r)
                r = server_say(s, "Content-Length: 2097152\r\n\r\n") && server_write(s, body, 2u * 1024 * 1024);
        free(body);
        return r;
}

static inline bool server_large_head(struct server_stream *s, size_t lines, size_t line_n)
{
        char *line = malloc(line_n + 1);
        bool r = server_say(s, "HTTP/1.1 200 OK\r\n");
        memset(line, 'v', line_n);
        line[line_n] = '\0';
        for (size_t i = 0; i < lines && r; i++)
                r = server_say(s, "X-Line: ") && server_say(s, line) && server_say(s, "\r\n");
        free(line);
        return r && server_say(s, "Content-Length: 0\r\n\r\n");
}

// A byte at a time, with pauses, for ever.
static inline bool server_drip(struct server_stream *s)
{
        struct pollfd gone = {.fd = s->fd, .events = POLLRDHUP};
        bool r = server_say(s, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
        while (r && poll(&gone, 1, 5) == 0)
                r = server_say(s, ".");
        return false;
}

// As a proxy that makes no connections, each time for another reason.
static inline bool server_refuse(struct server_stream *s, const char *host)
{
        if (strncmp(host, "hang.", 5) == 0)
                server_wait(s);
        if (strncmp(host, "hang.", 5) == 0 || strncmp(host, "gone.", 5) == 0)
                return false;
        if (strncmp(host, "who.", 4) == 0)
                return server_answer(s, "HTTP/1.1 407 Who\r\nProxy-Authenticate: Basic realm=\"p\"\r\n", "", 0);
        if (strncmp(host, "away.", 5) == 0)
                return server_answer(s, "HTTP/1.1 503 Away\r\n", "", 0);
        return server_answer(s, "HTTP/1.1 403 Forbidden\r\n", "", 0);
}

// False: close the connection now.
static inline bool server_serve(struct server_stream *s, const char *request, size_t n)
{
        const char *path = strchr(request, ' ') + 1;
#define IS(name) (strncmp(path, name, strlen(name)) == 0)
        if (IS("/hang")) {
                server_wait(s);
                return false;
        }
        if (IS("/nothing"))
                return false;
        if (IS("/half-chunked"))
                return server_say(s, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\nhalf") && false;
        if (IS("/half-head"))
                return server_say(s, "HTTP/1.1 200 OK\r\nContent-Le") && false;
        if (IS("/no-length") || IS("/shut")) {
                (void)server_say(s, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhalf");
                if (s->tls && IS("/shut"))
                        (void)SSL_shutdown(s->tls);
                return false;
        }
        if (IS("/half"))
                return server_say(s, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf") && false;
        if (IS("/garbage"))
                return server_say(s, "\x01\x02garbage\r\n\r\nmore garbage") && false;
        if (IS("/large-chunked"))
                return server_large(s, true);
        if (IS("/large-head"))
                return server_large_head(s, 100, 1024);
        if (IS("/many-lines"))
                return server_large_head(s, 1000, 1);
        if (IS("/large-line"))
                return server_large_head(s, 1, 300000);
        if (IS("/large"))
                return server_large(s, false);
        if (IS("/drip"))
                return server_drip(s);
        if (IS("/empty"))
                return server_say(s, "HTTP/1.1 204 No Content\r\n\r\n");
        if (IS("/close-silently"))
                return server_answer(s, "HTTP/1.1 200 OK\r\n", request, n) && false;
        if (IS("/interim"))
                return server_say(s, "HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\n") &&
                       server_answer(s, "HTTP/1.1 200 OK\r\nX-Late: 1\r\n", "", 0);
        if (IS("/redirect"))
                return server_answer(s, "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\n", "", 0);
        if (IS("/gzip"))
                return server_answer(s, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n", "not gzip", 8);
        if (IS("/fields"))
                return server_answer(s, "HTTP/1.1 200 OK\r\nDate:  now \r\nX-Empty:\r\nX-MiXed: A:b\r\n", "", 0);
        if (IS("/throttled"))
                return server_answer(s, "HTTP/1.1 503 Slow Down\r\n", "slow", 4);
        if (strncmp(request, "CONNECT ", 8) == 0)
                return server_refuse(s, path);
        if (strncmp(request, "HEAD ", 5) == 0)
                return server_say(s, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
#undef IS
        return server_answer(s, "HTTP/1.1 200 OK\r\n", request, n);
}

static inline void *server_converse(void *arg)
{
        struct server_stream *s = arg;
        char *request = malloc(SERVER_REQUEST_MAX);
        bool goes_on = !s->server->is_silent;
        if (goes_on && s->server->tls) {
                s->tls = SSL_new(s->server->tls);
                goes_on = SSL_set_fd(s->tls, s->fd) == 1 && SSL_accept(s->tls) == 1;
        } else if (!goes_on) {
                server_wait(s);
        }
        while (goes_on) {
                size_t n = server_take(s, request);
                goes_on = n > 0;
                if (goes_on) {
                        s->server->requests++;
                        goes_on = server_serve(s, request, n);
                }
        }
        SSL_free(s->tls);
        free(request);
        (void)shutdown(s->fd, SHUT_RDWR); // closed by server_stop(), so that the number is not used again before
        return NULL;
}

static inline void *server_accept(void *arg)
{
        struct server *server = arg;
        for (;;) {
                unsigned i = server->connections;
                int fd = accept4(server->fd, NULL, NULL, SOCK_CLOEXEC);
                if (fd < 0 || server->is_stopping || i == SERVER_CONNECTIONS_MAX) {
                        if (fd >= 0)
                                (void)close(fd);
                        return NULL;
                }
                server->streams[i] = (struct server_stream){.server = server, .fd = fd};
                server->connections++; // before its thread can answer: whoever has the answer may count
                if (pthread_create(&server->streams[i].thread, NULL, server_converse, &server->streams[i]) != 0)
                        abort();
        }
}

// A socket bound to a free port of 127.0.0.1.
static inline int server_bind(uint16_t *ret_port)
{
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t size = sizeof(address);
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
            getsockname(fd, (struct sockaddr *)&address, &size) < 0)
                abort();
        *ret_port = ntohs(address.sin_port);
        return fd;
}

static inline struct server *server_start(SSL_CTX *tls, bool is_silent)
{
        struct server *server = calloc(1, sizeof(*server));
        if (!server || signal(SIGPIPE, SIG_IGN) == SIG_ERR) // OpenSSL writes to clients that have gone
                abort();
        server->tls = tls;
        server->is_silent = is_silent;
        server->fd = server_bind(&server->port);
        if (listen(server->fd, 64) < 0 || pthread_create(&server->thread, NULL, server_accept, server) != 0)
                abort();
        return server;
}

static inline void server_stop(struct server *server)
{
        server->is_stopping = true;
        (void)shutdown(server->fd, SHUT_RDWR);
        (void)pthread_join(server->thread, NULL);
        for (unsigned i = 0; i < server->connections; i++) {
                (void)shutdown(server->streams[i].fd, SHUT_RDWR);
                (void)pthread_join(server->streams[i].thread, NULL);
                (void)close(server->streams[i].fd);
        }
        (void)close(server->fd);
        free(server);
}

#endif
