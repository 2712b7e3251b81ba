// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/relay_serve.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clients/c/deadline.h"
#include "clients/cli/relay_request.h"
#include "proto/mem/secret.h"
#include "proto/wire/http_whole.h"

enum { PEERS_N = 32, BODY_MAX = 1024, PIECE_SIZE = 16 * 1024, INPUT_SIZE = 4096 };
enum { PEER_MS = 5000, PAUSE_MS = 50, SHOW_USE_MS = 3600 * 1000 };

struct peer {
        int fd;                    // -1: this place is free
        int agent;                 // -1: not connected to it
        bool is_proven;            // it sent the token
        bool has_answer;           // a part of an answer was sent, or waits in `out`
        int64_t ends_ms;           // of the monotonic clock
        struct http_whole *parser; // NULL: the request was read
        uint8_t *out;              // of PIECE_SIZE bytes of secret memory; NULL: none
        size_t out_at, out_n;      // what of it was not sent yet
};

struct relay {
        const struct relay_settings *settings;
        struct peer peers[PEERS_N];
        int64_t show_ms; // when to connect to the agent, to show that it is used
};

static void end(struct peer *p)
{
        uint8_t rest[INPUT_SIZE];
        if (p->fd < 0)
                return;
        if (p->agent >= 0)
                (void)close(p->agent);
        (void)shutdown(p->fd, SHUT_WR);
        (void)recv(p->fd, rest, sizeof(rest), MSG_DONTWAIT); // else unread bytes would cut off the answer
        (void)close(p->fd);
        http_whole_free(p->parser);
        secret_release(p->out, PIECE_SIZE);
        *p = (struct peer){.fd = -1, .agent = -1};
}

static bool allocate_out(struct peer *p)
{
        if (!p->out)
                p->out = secret_alloc(PIECE_SIZE);
        return p->out != NULL;
}

static void fail(struct peer *p, enum api_error error, const char *text)
{
        const struct api_error_text *e = api_error_text(error);
        char body[512];
        if (!allocate_out(p)) {
                end(p);
                return;
        }
        // The SDKs disagree on the case of the names.
        (void)snprintf(body, sizeof(body), "{\"code\":\"%s\",\"message\":\"%s\",\"Code\":\"%s\",\"Message\":\"%s\"}\n",
                       e->code, text, e->code, text);
        int n = snprintf((char *)p->out, PIECE_SIZE,
                         "HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n"
                         "Cache-Control: no-store\r\nConnection: close\r\n\r\n%s",
                         e->status, e->title, strlen(body), body);
        p->out_at = 0;
        p->out_n = (size_t)n;
        p->has_answer = true;
}

static void fail_agent(struct peer *p)
{
        if (p->agent >= 0)
                (void)close(p->agent);
        p->agent = -1;
        fail(p, API_CREDENTIALS_UNAVAILABLE, "the keyfob agent does not answer; check that keyfobd runs");
}

static void forward(const struct relay *r, struct peer *p)
{
        int64_t now_ms = deadline_now_ms(); // neither waits: the agent's backlog and a fresh socket have room
        p->is_proven = true;
        p->agent = deadline_connect(r->settings->agent, now_ms);
        if (!allocate_out(p) || p->agent < 0 ||
            deadline_send(p->agent, slice_str(r->settings->agent_request), now_ms) < 0)
                fail_agent(p);
}

static void handle_message(const struct relay *r, struct peer *p, enum http_event event)
{
        const struct relay_expected expected = {slice_str(r->settings->token), slice_str(r->settings->authority)};
        enum api_error error = event == HTTP_BAD              ? API_INVALID_REQUEST
                               : event == HTTP_HEAD_TOO_LARGE ? API_HEADERS_TOO_LARGE
                               : event == HTTP_NO_MEMORY      ? API_INTERNAL_ERROR
                                                              : API_BODY_TOO_LARGE; // also HTTP_EXPECTS
        if (event == HTTP_END)
                error = relay_request_check(http_whole_message(p->parser)->head, &expected);
        http_whole_free(p->parser);
        p->parser = NULL;
        if (error == API_ERROR_COUNT)
                forward(r, p);
        else
                fail(p, error, relay_request_text(error));
}

// True if the last recv() or send() only has to be tried again.
static bool is_early(ssize_t n)
{
        return n < 0 && (errno == EAGAIN || errno == EINTR);
}

static void read_request(const struct relay *r, struct peer *p)
{
        uint8_t input[INPUT_SIZE];
        ssize_t n = recv(p->fd, input, sizeof(input), 0);
        if (is_early(n))
                return;
        if (n <= 0) {
                end(p);
                return;
        }
        struct slice bytes = slice_of(input, (size_t)n);
        enum http_event event = http_whole_next(p->parser, &bytes);
        if (event != HTTP_MORE)
                handle_message(r, p, event);
}

static void read_answer(struct peer *p)
{
        ssize_t n = recv(p->agent, p->out, PIECE_SIZE, 0);
        if (is_early(n))
                return;
        if (n > 0) {
                p->out_at = 0;
                p->out_n = (size_t)n;
                p->has_answer = true;
        } else if (p->has_answer) {
                end(p);
        } else {
                fail_agent(p);
        }
}

static void write_answer(struct peer *p)
{
        ssize_t n = send(p->fd, p->out + p->out_at, p->out_n, MSG_NOSIGNAL);
        if (is_early(n))
                return;
        if (n < 0) {
                end(p);
                return;
        }
        p->out_at += (size_t)n;
        p->out_n -= (size_t)n;
        if (p->out_n == 0 && p->agent < 0)
                end(p);
}

// A peer waits for one thing at a time.
static struct pollfd waits_for(const struct peer *p)
{
        if (p->fd >= 0 && p->out_n > 0)
                return (struct pollfd){.fd = p->fd, .events = POLLOUT};
        return (struct pollfd){.fd = p->parser ? p->fd : p->agent, .events = POLLIN}; // poll() ignores -1
}

static void handle_peer(const struct relay *r, struct peer *p)
{
        if (p->out_n > 0)
                write_answer(p);
        else if (p->parser)
                read_request(r, p);
        else
                read_answer(p);
}

// The oldest that may be ended for a new one; NULL: none.
static struct peer *find_oldest(struct relay *r)
{
        struct peer *oldest = NULL;
        for (size_t i = 0; i < PEERS_N; i++) {
                struct peer *p = &r->peers[i];
                if (p->fd >= 0 && !p->is_proven && (!oldest || p->ends_ms < oldest->ends_ms))
                        oldest = p;
        }
        return oldest;
}

static struct peer *find_place(struct relay *r)
{
        for (size_t i = 0; i < PEERS_N; i++)
                if (r->peers[i].fd < 0)
                        return &r->peers[i];
        return find_oldest(r);
}

static void accept_peer(struct relay *r, int listener)
{
        struct peer *place = find_place(r);
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0) {
                if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) // out of descriptors
                        (void)poll(NULL, 0, PAUSE_MS);
                return;
        }
        end(place);
        *place = (struct peer){.fd = fd,
                               .agent = -1,
                               .ends_ms = deadline_now_ms() + PEER_MS,
                               .parser = http_whole_new(HTTP_REQUESTS, BODY_MAX)};
        if (!place->parser)
                end(place);
}

// Ends what is late. The milliseconds until the next one is, for poll().
static int end_late(struct relay *r)
{
        int64_t now_ms = deadline_now_ms(), next_ms = -1;
        for (size_t i = 0; i < PEERS_N; i++) {
                struct peer *p = &r->peers[i];
                if (p->fd < 0)
                        continue;
                if (p->ends_ms <= now_ms)
                        end(p);
                else if (next_ms < 0 || p->ends_ms - now_ms < next_ms)
                        next_ms = p->ends_ms - now_ms;
        }
        return (int)next_ms;
}

// The milliseconds until the next time, for poll().
static int show_use(struct relay *r)
{
        int64_t now_ms = deadline_now_ms();
        if (now_ms >= r->show_ms) {
                int fd = deadline_connect(r->settings->agent, now_ms);
                if (fd >= 0)
                        (void)close(fd);
                r->show_ms = now_ms + SHOW_USE_MS;
        }
        return (int)(r->show_ms - now_ms);
}

// Waits, and handles what happened. False: the command has ended.
static bool turn(struct relay *r, int listener, int command)
{
        int late_ms = end_late(r), show_ms = show_use(r); // first, as it makes room
        struct pollfd polled[PEERS_N + 2] = {{.fd = command, .events = POLLIN},
                                             {.fd = find_place(r) ? listener : -1, .events = POLLIN}};
        struct peer *peers[PEERS_N + 2];
        nfds_t n = 2; // no more than there are: poll() refuses more than the process may open
        for (size_t i = 0; i < PEERS_N; i++) {
                if (r->peers[i].fd < 0)
                        continue;
                peers[n] = &r->peers[i];
                polled[n++] = waits_for(&r->peers[i]);
        }
        if (poll(polled, n, late_ms >= 0 && late_ms < show_ms ? late_ms : show_ms) < 0) {
                if (errno != EINTR)
                        (void)poll(NULL, 0, PAUSE_MS);
                return true;
        }
        for (nfds_t i = 2; i < n; i++)
                if (polled[i].revents)
                        handle_peer(r, peers[i]);
        if (polled[1].revents)
                accept_peer(r, listener);
        return polled[0].revents == 0;
}

void relay_serve(const struct relay_settings *settings, int listener, int command)
{
        struct relay r = {.settings = settings, .show_ms = deadline_now_ms() + SHOW_USE_MS};
        for (size_t i = 0; i < PEERS_N; i++)
                r.peers[i] = (struct peer){.fd = -1, .agent = -1};
        while (turn(&r, listener, command))
                ;
        for (size_t i = 0; i < PEERS_N; i++)
                end(&r.peers[i]);
}
