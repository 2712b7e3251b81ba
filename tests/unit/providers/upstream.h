// SPDX-License-Identifier: Apache-2.0
// For tests: an HTTP server on loopback in a thread of its own that gives scripted answers and keeps what it was asked.
// One connection, one request, one answer.
#ifndef TESTS_UNIT_PROVIDERS_UPSTREAM_H
#define TESTS_UNIT_PROVIDERS_UPSTREAM_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum { UPSTREAM_REQUESTS_N = 6, UPSTREAM_REQUEST_MAX = 32 * 1024 };

struct upstream_answer {
        int status;         // 0: never answers
        const char *fields; // each ended by CRLF; NULL: none
        const char *body;
};

struct upstream {
        pthread_t thread;
        int listener, hanging;
        char url[64];
        const struct upstream_answer *answers;
        size_t answers_count;
        void (*received)(void *arg); // called in the server's thread once a request is whole; may be NULL
        void *arg;
        size_t requests_count; // this and the requests: to be read after upstream_stop()
        char requests[UPSTREAM_REQUESTS_N][UPSTREAM_REQUEST_MAX];
};

static inline bool upstream_is_whole(const char *request, size_t n)
{
        const char *end = strstr(request, "\r\n\r\n");
        if (!end)
                return false;
        size_t length = 0;
        const char *field = strcasestr(request, "\r\ncontent-length:");
        if (field && field < end) {
                for (field += 17; *field == ' ' || (*field >= '0' && *field <= '9'); field++)
                        length = *field == ' ' ? length : length * 10 + (size_t)(*field - '0');
        }
        return n >= (size_t)(end + 4 - request) + length;
}

static inline bool upstream_read(int fd, char *request)
{
        size_t n = 0;
        while (!upstream_is_whole(request, n)) {
                ssize_t r = n < UPSTREAM_REQUEST_MAX - 1 ? read(fd, request + n, UPSTREAM_REQUEST_MAX - 1 - n) : 0;
                if (r <= 0)
                        return false;
                n += (size_t)r;
                request[n] = '\0';
        }
        return true;
}

static inline void upstream_write(int fd, const struct upstream_answer *answer)
{
        const char *body = answer->body ? answer->body : "";
        (void)dprintf(fd, "HTTP/1.1 %d X\r\n%sContent-Length: %zu\r\nConnection: close\r\n\r\n%s", answer->status,
                      answer->fields ? answer->fields : "", strlen(body), body);
}

static inline void *upstream_serve(void *arg)
{
        struct upstream *u = arg;
        for (;;) {
                int fd = accept(u->listener, NULL, NULL);
                if (fd < 0)
                        return NULL;
                size_t i = u->requests_count;
                if (i < UPSTREAM_REQUESTS_N && i < u->answers_count && upstream_read(fd, u->requests[i])) {
                        u->requests_count++;
                        if (u->received)
                                u->received(u->arg);
                        if (u->answers[i].status == 0) {
                                u->hanging = fd;
                                continue;
                        }
                        upstream_write(fd, &u->answers[i]);
                        (void)shutdown(fd, SHUT_WR);
                }
                (void)close(fd);
        }
}

// `u` is zeroed but for `received` and `arg`. 0, or -1.
static inline int upstream_start(struct upstream *u, const struct upstream_answer *answers, size_t count)
{
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t n = sizeof(address);
        u->answers = answers;
        u->answers_count = count;
        u->hanging = -1;
        u->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (u->listener < 0 || bind(u->listener, (struct sockaddr *)&address, n) < 0 || listen(u->listener, 8) < 0 ||
            getsockname(u->listener, (struct sockaddr *)&address, &n) < 0)
                return -1;
        (void)snprintf(u->url, sizeof(u->url), "http://127.0.0.1:%d", ntohs(address.sin_port));
        return pthread_create(&u->thread, NULL, upstream_serve, u) == 0 ? 0 : -1;
}

static inline void upstream_stop(struct upstream *u)
{
        (void)shutdown(u->listener, SHUT_RDWR);
        (void)pthread_join(u->thread, NULL);
        (void)close(u->listener);
        if (u->hanging >= 0)
                (void)close(u->hanging);
}

// The value of a header field of a request, NUL-terminated in `out`; empty when it is absent.
static inline void upstream_field(const char *request, const char *name, char *out, size_t size)
{
        char key[64];
        (void)snprintf(key, sizeof(key), "\r\n%s:", name);
        const char *from = strcasestr(request, key);
        const char *end = strstr(request, "\r\n\r\n");
        out[0] = '\0';
        if (!from || from >= end)
                return;
        from += strlen(key);
        while (*from == ' ')
                from++;
        (void)snprintf(out, size, "%.*s", (int)(strstr(from, "\r\n") - from), from);
}

static inline const char *upstream_body(const char *request)
{
        return strstr(request, "\r\n\r\n") + 4;
}

#endif
