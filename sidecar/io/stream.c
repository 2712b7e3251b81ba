// SPDX-License-Identifier: Apache-2.0
#include "sidecar/io/stream.h"

#include <assert.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct unsent {
        uv_write_t request;
        size_t n;
        char bytes[];
};

static void init(struct stream *s, const struct stream_ops *ops)
{
        s->uv.handle.data = s;
        s->ops = ops;
        s->is_reading = false;
}

void stream_init_unix(struct stream *s, uv_loop_t *loop, const struct stream_ops *ops)
{
        (void)uv_pipe_init(loop, &s->uv.pipe, 0); // cannot fail
        init(s, ops);
}

void stream_init_tcp(struct stream *s, uv_loop_t *loop, const struct stream_ops *ops)
{
        (void)uv_tcp_init(loop, &s->uv.tcp); // cannot fail
        init(s, ops);
}

int stream_open(struct stream *s, int fd)
{
        bool is_tcp = s->uv.handle.type == UV_TCP;
        if ((is_tcp ? uv_tcp_open(&s->uv.tcp, fd) : uv_pipe_open(&s->uv.pipe, fd)) == 0)
                return stream_resume(s);
        close(fd);
        return -1;
}

// --- reading ---

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *ret)
{
        struct stream *s = handle->data;
        uint8_t *p = NULL;
        size_t n = 0;
        (void)suggested;
        *ret = s->ops->buffer(s, &p, &n) ? uv_buf_init((char *)p, (unsigned)n) : uv_buf_init(NULL, 0);
}

static void on_read(uv_stream_t *base, ssize_t n, const uv_buf_t *buffer)
{
        struct stream *s = base->data;
        if (n > 0) {
                s->ops->read(s, (uint8_t *)buffer->base, (size_t)n);
        } else if (n == UV_ENOBUFS) {
                stream_pause(s);
        } else if (n == UV_EOF) {
                s->is_reading = false;
                s->ops->end(s);
        } else if (n < 0) {
                s->ops->broken(s);
        }
}

void stream_pause(struct stream *s)
{
        if (s->is_reading)
                (void)uv_read_stop(&s->uv.base); // always succeeds
        s->is_reading = false;
}

int stream_resume(struct stream *s)
{
        if (s->is_reading)
                return 0;
        s->is_reading = true;
        return uv_read_start(&s->uv.base, on_alloc, on_read) < 0 ? -1 : 0;
}

bool stream_has_hung_up(const struct stream *s)
{
        struct pollfd p = {0};
        return uv_fileno(&s->uv.handle, &p.fd) == 0 && poll(&p, 1, 0) == 1 && (p.revents & (POLLHUP | POLLERR));
}

// --- writing ---

static void release(struct unsent *u)
{
        explicit_bzero(u->bytes, u->n);
        free(u);
}

static void on_written(uv_write_t *request, int status)
{
        struct stream *s = request->data;
        release((struct unsent *)request);
        if (uv_is_closing(&s->uv.handle))
                return;
        if (status < 0)
                s->ops->broken(s);
        else if (stream_unsent(s) == 0)
                s->ops->drained(s);
}

// Queues all but the first `sent` of `total` bytes.
static int queue_rest(struct stream *s, const struct slice *parts, size_t count, size_t sent, size_t total)
{
        struct unsent *u = malloc(sizeof(*u) + (total - sent));
        if (!u)
                return -1;
        u->n = total - sent;
        u->request.data = s;
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
        if (uv_write(&u->request, &s->uv.base, &buffer, 1, on_written) == 0)
                return 0;
        release(u);
        return -1;
}

int stream_write(struct stream *s, const struct slice *parts, size_t count)
{
        assert(count <= STREAM_PARTS_MAX);
        uv_buf_t buffers[STREAM_PARTS_MAX];
        size_t total = 0;
        for (size_t i = 0; i < count; i++) {
                buffers[i] = uv_buf_init((char *)(uintptr_t)parts[i].p, (unsigned)parts[i].n);
                total += parts[i].n;
        }
        int rc = uv_try_write(&s->uv.base, buffers, (unsigned)count); // UV_EAGAIN while there are bytes unsent
        if (rc < 0 && rc != UV_EAGAIN)
                return -1;
        size_t sent = rc > 0 ? (size_t)rc : 0;
        return sent == total ? 0 : queue_rest(s, parts, count, sent, total);
}

static void on_shut_down(uv_shutdown_t *request, int status)
{
        (void)request;
        (void)status; // the owner closes the stream at the peer's end or at a deadline
}

int stream_shut_down(struct stream *s)
{
        return uv_shutdown(&s->shutdown, &s->uv.base, on_shut_down) < 0 ? -1 : 0;
}

static void on_closed(uv_handle_t *handle)
{
        struct stream *s = handle->data;
        s->ops->closed(s);
}

void stream_close(struct stream *s)
{
        uv_close(&s->uv.handle, on_closed);
}
