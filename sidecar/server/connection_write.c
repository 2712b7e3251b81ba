// SPDX-License-Identifier: Apache-2.0
// Answers of a connection. Nearly always the kernel takes one at once; else the rest travels in memory of its own,
// which is wiped when it is sent, or cannot be.
#include <assert.h>
#include <stdlib.h>

#include "sidecar/server/connection.h"
#include "sidecar/server/metrics.h"
#include "sidecar/server/state.h"

enum { PARTS_MAX = 2 };

struct unsent {
        uv_write_t request;
        size_t n;
        char bytes[];
};

static void on_shut_down(uv_shutdown_t *request, int status)
{
        (void)request;
        (void)status; // its end or its deadline closes the connection
}

// What the peer is still sending is read and thrown away: were the socket closed at once, a peer that is in the midst
// of writing would see an error before it sees the answer.
static void linger(struct connection *c)
{
        connection_set_state(c, CONNECTION_LINGERING);
        if (c->is_at_end || uv_shutdown(&c->shutdown, (uv_stream_t *)&c->pipe, on_shut_down) < 0)
                connection_close(c);
}

static void finish_answer(struct connection *c)
{
        if (c->end == CONNECTION_KEEP)
                connection_set_state(c, CONNECTION_IDLE);
        else if (c->end == CONNECTION_LINGER)
                linger(c);
        else
                connection_close(c);
}

static void on_written(uv_write_t *request, int status)
{
        struct unsent *u = (struct unsent *)request;
        struct connection *c = request->data;
        explicit_bzero(u->bytes, u->n);
        free(u);
        if (c->state == CONNECTION_CLOSING)
                return;
        if (status < 0) {
                connection_close(c);
                return;
        }
        finish_answer(c);
        if (c->state != CONNECTION_CLOSING)
                connection_resume(c);
}

// Queues all but the first `sent` bytes.
static int queue_rest(struct connection *c, const struct slice *parts, size_t count, size_t sent)
{
        size_t total = 0;
        for (size_t i = 0; i < count; i++)
                total += parts[i].n;
        struct unsent *u = malloc(sizeof(*u) + (total - sent));
        if (!u)
                return -1;
        u->n = total - sent;
        u->request.data = c;
        char *to = u->bytes;
        for (size_t i = 0; i < count; i++) {
                size_t skipped = sent < parts[i].n ? sent : parts[i].n;
                struct slice rest = slice_from(parts[i], skipped);
                sent -= skipped;
                if (rest.n > 0)
                        memcpy(to, rest.p, rest.n);
                to += rest.n;
        }
        uv_buf_t buffer = uv_buf_init(u->bytes, (unsigned)u->n);
        if (uv_write(&u->request, (uv_stream_t *)&c->pipe, &buffer, 1, on_written) == 0)
                return 0;
        explicit_bzero(u->bytes, u->n);
        free(u);
        return -1;
}

void connection_send(struct connection *c, int status, const struct slice *parts, size_t count)
{
        assert(c->state == CONNECTION_ANSWERING && !c->request.is_answered && count <= PARTS_MAX);
        uv_buf_t buffers[PARTS_MAX];
        size_t total = 0;
        for (size_t i = 0; i < count; i++) {
                buffers[i] = uv_buf_init((char *)(uintptr_t)parts[i].p, (unsigned)parts[i].n);
                total += parts[i].n;
        }
        c->request.is_answered = true;
        int rc = uv_try_write((uv_stream_t *)&c->pipe, buffers, (unsigned)count);
        metrics_count_request(c->server->deps.metrics, status, uv_hrtime() - c->request.started_ns);
        size_t sent = rc > 0 ? (size_t)rc : 0;
        if (sent == total) {
                finish_answer(c);
        } else if ((rc < 0 && rc != UV_EAGAIN) || queue_rest(c, parts, count, sent) < 0) {
                connection_close(c);
        } else {
                c->queued = total - sent;
                connection_set_state(c, CONNECTION_WRITING);
        }
}
