// SPDX-License-Identifier: Apache-2.0
// Accepts itself rather than through uv_listen(), which closes waiting connections when descriptors run out; here they
// wait until there are some again.
#include "sidecar/server/listener.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include "proto/wire/json_write.h"
#include "sidecar/io/tcp_listen.h"
#include "sidecar/server/api.h"
#include "sidecar/server/connection.h"
#include "sidecar/server/metrics.h"
#include "sidecar/server/peer_log.h"
#include "sidecar/server/state.h"

enum { ACCEPTS_A_TURN = 16 }; // so that those who are in are served too

static void on_readable(uv_poll_t *handle, int status, int events);

static void on_rearm(uv_timer_t *timer)
{
        struct listener *l = timer->data;
        (void)uv_poll_start(&l->poll, UV_READABLE, on_readable);
}

// Out of descriptors or memory: the queue of the kernel holds who comes meanwhile.
static void pause_accepting(struct listener *l, int error)
{
        struct server *s = l->server;
        (void)uv_poll_stop(&l->poll);
        (void)uv_timer_start(&l->rearm, on_rearm, s->deadlines.rearm_ms, 0);
        if (l->has_reported)
                return;
        l->has_reported = true;
        PEER_LOG(s, LOG_LIMITER_OTHERS, LOG_LEVEL_ERROR, "accept_failed", LOG_STR("error", strerror(error)),
                 LOG_INT("connections", s->connections_count),
                 LOG_STR("hint", "raise the limit of open files (LimitNOFILE=, ulimit -n)"));
}

#define REFUSAL                                                                                                        \
        "{\"type\":\"urn:keyfob:error:too-many-connections\",\"title\":\"Too many connections\",\"status\":503,"       \
        "\"code\":\"too_many_connections\",\"detail\":\"too many connections are open\",\"retry_after\":1}\n"
#define REFUSAL_SIZE "180"

_Static_assert(sizeof(REFUSAL) - 1 == 180, "REFUSAL_SIZE");

static void refuse(int fd)
{
        static const char answer[] = "HTTP/1.1 503 Service Unavailable\r\n"
                                     "Content-Type: application/problem+json\r\n"
                                     "Content-Length: " REFUSAL_SIZE "\r\n"
                                     "Cache-Control: no-store\r\n"
                                     "Retry-After: 1\r\n"
                                     "Connection: close\r\n"
                                     "\r\n" REFUSAL;
        (void)!send(fd, answer, sizeof(answer) - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
        close(fd);
}

static void report_no_memory(struct server *s, const struct peer *peer)
{
        PEER_LOG(s, peer->uid, LOG_LEVEL_ERROR, "connection_failed", LOG_STR("error", "out of memory"));
}

// One connection is for the agent's operator, however many the peers have, also where they are of the operator's own
// uid: the last one that comes. It is not charged for.
static bool may_control(const struct listener *l, uid_t uid)
{
        struct server *s = l->server;
        if (listener_is_tcp(l) || (uid != 0 && uid != geteuid()))
                return false;
        if (s->control && s->control->state != CONNECTION_IDLE)
                return false;
        if (s->control)
                connection_close(s->control);
        return true;
}

static void admit(const struct listener *l, int fd)
{
        struct server *s = l->server;
        struct peer peer;
        struct account account;
        bool is_tcp = listener_is_tcp(l);
        if (is_tcp && tcp_peer(fd, &peer) < 0) { // it has gone again
                close(fd);
        } else if (!is_tcp && unix_peer(fd, &peer) < 0) {
                PEER_LOG(s, LOG_LIMITER_OTHERS, LOG_LEVEL_ERROR, "peer_unknown", LOG_STR("error", strerror(errno)));
                close(fd);
        } else if (account_open(&account, &s->users, peer.uid) < 0) {
                report_no_memory(s, &peer);
                close(fd);
        } else if (account_set(&account, USER_CONNECTIONS, 1)) {
                if (!connection_open(l, fd, &peer, &account))
                        report_no_memory(s, &peer);
        } else if (may_control(l, peer.uid)) {
                s->control = connection_open(l, fd, &peer, &account);
                if (!s->control)
                        report_no_memory(s, &peer);
        } else {
                account_close(&account);
                refuse(fd);
        }
}

static bool is_of_the_connection(int error)
{
        return error == ECONNABORTED || error == EINTR || error == EPERM;
}

static void on_readable(uv_poll_t *handle, int status, int events)
{
        struct listener *l = handle->data;
        (void)events;
        if (status < 0) {
                pause_accepting(l, -status);
                return;
        }
        for (int i = 0; i < ACCEPTS_A_TURN; i++) {
                int fd = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
                if (fd >= 0) {
                        l->has_reported = false;
                        admit(l, fd);
                } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
                        return;
                } else if (!is_of_the_connection(errno)) {
                        pause_accepting(l, errno);
                        return;
                }
        }
}

static void join(struct server *s, struct listener *l)
{
        struct listener **link = &s->listeners;
        while (*link)
                link = &(*link)->next;
        *link = l;
        s->open++;
}

int listener_open(struct server *s, int fd, const struct server_listener *options, struct error *e)
{
        assert(options->apis_count > 0 && options->apis_count <= SERVER_LISTENER_APIS_MAX);
        struct listener *l = calloc(1, sizeof(*l));
        bool has_memory = l;
        for (size_t i = 0; has_memory && i < options->apis_count; i++) {
                l->apis[i] = options->apis[i];
                l->counts[i] = metrics_add_api(s->deps.metrics, options->apis[i]->name);
                has_memory = l->counts[i];
        }
        int rc = has_memory ? uv_poll_init(s->deps.loop, &l->poll, fd) : UV_ENOMEM;
        if (rc < 0) {
                free(l);
                close(fd);
                return error_set(e, ERROR_INTERNAL, "watch the listening socket: %s", uv_strerror(rc));
        }
        l->poll.data = l;
        (void)uv_timer_init(s->deps.loop, &l->rearm); // cannot fail
        l->rearm.data = l;
        l->open = 2;
        l->fd = fd;
        l->server = s;
        l->apis_count = options->apis_count;
        l->any_time = options->any_time;
        l->token = options->token;
        (void)snprintf(l->profile, sizeof(l->profile), "%s", options->profile ? options->profile : "");
        if (inet_address_of_socket(fd, &l->address) == 0)
                inet_address_write(&l->address, l->own_host);
        else
                l->address = (struct inet_address){0}; // a Unix socket
        (void)snprintf(l->path, sizeof(l->path), "%s", options->path ? options->path : "");
        join(s, l);
        (void)uv_poll_start(&l->poll, UV_READABLE, on_readable); // fails only for a handle that is being closed
        return 0;
}

void listener_write_json(const struct listener *l, struct buffer *out)
{
        json_begin_object(out);
        if (listener_is_tcp(l)) {
                json_member(out, "tcp", slice_str(l->own_host));
        } else if (l->path[0]) {
                json_member(out, "unix", slice_str(l->path));
        }
        json_key(out, "api");
        json_begin_array(out);
        for (size_t i = 0; i < l->apis_count; i++)
                json_put_string(out, slice_str(l->apis[i]->name));
        json_end_array(out);
        json_end_object(out);
}

static void on_closed(uv_handle_t *handle)
{
        struct listener *l = handle->data;
        if (--l->open > 0)
                return;
        close(l->fd);
        server_release(l->server);
}

void listener_close_all(struct server *s)
{
        for (struct listener *l = s->listeners; l; l = l->next) {
                uv_close((uv_handle_t *)&l->poll, on_closed);
                uv_close((uv_handle_t *)&l->rearm, on_closed);
        }
}

void listener_free_all(struct server *s)
{
        struct listener *next;
        for (struct listener *l = s->listeners; l; l = next) {
                next = l->next;
                free(l);
        }
}
