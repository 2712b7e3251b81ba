// SPDX-License-Identifier: Apache-2.0
// link: proto_mem
// A closed-loop load generator on a Unix socket, or on a port of 127.0.0.1: N connections, each with one request in
// flight, for a number of seconds or of requests. Prints one JSON object: requests, seconds, rate, p50 and p99 in
// microseconds, errors.
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "proto/mem/slice.h"
#include "proto/mem/text.h"

enum { CONNECTIONS_MAX = 1024, REPLY_MAX = 1024 * 1024, BUCKETS = 200000 };

struct connection {
        int fd;
        size_t received, expected; // expected 0: the head is not complete yet
        uint64_t sent_ns;
        uint8_t *reply;
};

struct load {
        const char *path; // NULL: the port
        uint64_t port;
        uint64_t connections, requests_max;
        double seconds;
        uint8_t *request;
        size_t request_n;
        uint64_t done, errors;
        uint64_t histogram[BUCKETS]; // microseconds
};

static uint64_t now_ns(void)
{
        struct timespec t;
        clock_gettime(CLOCK_MONOTONIC, &t);
        return (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
}

__attribute__((noreturn)) static void die(const char *what)
{
        fprintf(stderr, "loadgen: %s: %s\n", what, strerror(errno));
        exit(1);
}

static void send_request(const struct load *l, struct connection *c)
{
        c->received = 0;
        c->expected = 0;
        c->sent_ns = now_ns();
        ssize_t n = send(c->fd, l->request, l->request_n, MSG_NOSIGNAL);
        if (n != (ssize_t)l->request_n)
                die("send");
}

// The length of head and body once the head is complete, else 0.
static size_t reply_length(const struct connection *c)
{
        const uint8_t *end = memmem(c->reply, c->received, "\r\n\r\n", 4);
        if (!end)
                return 0;
        size_t head = (size_t)(end - c->reply) + 4;
        const uint8_t *field = memmem(c->reply, head, "ontent-Length: ", 15);
        if (!field)
                die("a reply without Content-Length");
        struct slice digits = {field + 15, 0};
        while (digits.p[digits.n] >= '0' && digits.p[digits.n] <= '9')
                digits.n++;
        uint64_t body = 0;
        if (text_parse_u64(digits, &body) < 0)
                die("Content-Length");
        return head + (size_t)body;
}

static void on_readable(struct load *l, struct connection *c)
{
        ssize_t n = recv(c->fd, c->reply + c->received, REPLY_MAX - c->received, 0);
        if (n <= 0)
                die("recv");
        c->received += (size_t)n;
        if (c->expected == 0)
                c->expected = reply_length(c);
        if (c->expected == 0 || c->received < c->expected)
                return;
        if (memcmp(c->reply, "HTTP/1.1 200", 12) != 0)
                l->errors++;
        uint64_t us = (now_ns() - c->sent_ns) / 1000;
        l->histogram[us < BUCKETS ? us : BUCKETS - 1]++;
        l->done++;
        if (l->requests_max == 0 || l->done + l->connections <= l->requests_max)
                send_request(l, c);
}

static double percentile(const struct load *l, double share)
{
        uint64_t seen = 0;
        for (size_t i = 0; i < BUCKETS; i++) {
                seen += l->histogram[i];
                if ((double)seen >= share * (double)l->done)
                        return (double)i;
        }
        return BUCKETS;
}

static int connect_unix(const char *path)
{
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        if (strlen(path) >= sizeof(address.sun_path))
                die("socket path");
        memcpy(address.sun_path, path, strlen(path));
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        return fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 ? fd : -1;
}

static int connect_tcp(uint64_t port)
{
        const int on = 1;
        const struct sockaddr_in address = {
            .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        bool is_good = fd >= 0 && setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == 0;
        return is_good && connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 ? fd : -1;
}

static void open_all(const struct load *l, struct connection *connections, int epoll)
{
        for (uint64_t i = 0; i < l->connections; i++) {
                struct connection *c = &connections[i];
                c->fd = l->path ? connect_unix(l->path) : connect_tcp(l->port);
                c->reply = malloc(REPLY_MAX);
                if (c->fd < 0 || !c->reply)
                        die("connect");
                struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
                if (epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &event) < 0)
                        die("epoll_ctl");
        }
}

static void run(struct load *l)
{
        static struct connection connections[CONNECTIONS_MAX];
        int epoll = epoll_create1(EPOLL_CLOEXEC);
        if (epoll < 0)
                die("epoll_create1");
        open_all(l, connections, epoll);
        uint64_t start = now_ns();
        uint64_t end = start + (uint64_t)(l->seconds * 1e9);
        for (uint64_t i = 0; i < l->connections; i++)
                send_request(l, &connections[i]);
        uint64_t now = start;
        while (now < end && (l->requests_max == 0 || l->done < l->requests_max)) {
                struct epoll_event events[64];
                int n = epoll_wait(epoll, events, 64, 1000);
                if (n < 0 && errno != EINTR)
                        die("epoll_wait");
                for (int i = 0; i < n; i++)
                        on_readable(l, events[i].data.ptr);
                now = now_ns();
        }
        double seconds = (double)(now - start) / 1e9;
        printf("{\"requests\": %llu, \"seconds\": %.4f, \"rate\": %.1f, \"p50_us\": %.0f, \"p99_us\": %.0f, "
               "\"max_us\": %.0f, \"errors\": %llu}\n",
               (unsigned long long)l->done, seconds, (double)l->done / seconds, percentile(l, 0.5), percentile(l, 0.99),
               percentile(l, 1.0), (unsigned long long)l->errors);
}

static void read_request(struct load *l, const char *path)
{
        FILE *f = fopen(path, "rb");
        l->request = malloc(REPLY_MAX);
        if (!f || !l->request)
                die(path);
        l->request_n = fread(l->request, 1, REPLY_MAX, f);
        fclose(f);
}

static uint64_t number(const char *text)
{
        uint64_t value = 0;
        if (text_parse_u64(slice_str(text), &value) < 0)
                die(text);
        return value;
}

int main(int argc, char **argv)
{
        static struct load l = {.connections = 1, .seconds = 3};
        int option;
        while ((option = getopt(argc, argv, "u:t:c:s:n:r:")) != -1) {
                if (option == 'u')
                        l.path = optarg;
                else if (option == 't')
                        l.port = number(optarg);
                else if (option == 'c')
                        l.connections = number(optarg);
                else if (option == 's')
                        l.seconds = (double)number(optarg) / 1000; // milliseconds
                else if (option == 'n')
                        l.requests_max = number(optarg);
                else if (option == 'r')
                        read_request(&l, optarg);
                else
                        return 2;
        }
        if ((!l.path && l.port == 0) || !l.request || l.connections > CONNECTIONS_MAX) {
                fputs("usage: loadgen {-u SOCKET | -t PORT} -r REQUEST-FILE [-c CONNECTIONS] [-s MILLISECONDS] [-n "
                      "REQUESTS]\n",
                      stderr);
                return 2;
        }
        // On a shared processor the kernel would otherwise stop the server at each of its writes to let this program
        // run, and the result would measure context switches. Every server gets the same treatment.
        const struct sched_param none = {0};
        if (sched_setscheduler(0, SCHED_BATCH, &none) < 0)
                die("SCHED_BATCH");
        run(&l);
        return 0;
}
