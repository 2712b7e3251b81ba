// SPDX-License-Identifier: Apache-2.0
// A connected byte stream on the loop: a Unix socket, or TCP. It is a member of its owner, and reports everything
// through the callbacks. None of them is called from within stream_write(), and none after `closed`.
#ifndef SIDECAR_IO_STREAM_H
#define SIDECAR_IO_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "proto/mem/must_check.h"
#include "proto/mem/slice.h"

struct stream;

struct stream_ops {
        // Provides memory for the next bytes. False: not now; pauses the stream.
        bool (*buffer)(struct stream *s, uint8_t **ret_p, size_t *ret_n);
        void (*read)(struct stream *s, uint8_t *bytes, size_t n); // n > 0 bytes have arrived, in that memory
        void (*end)(struct stream *s);                            // the peer sends nothing more
        void (*drained)(struct stream *s);                        // the kernel has taken all that was written
        void (*broken)(struct stream *s);                         // nothing can be read or written any more
        void (*closed)(struct stream *s);                         // its memory may be freed
};

enum { STREAM_PARTS_MAX = 4 };

struct stream {
        union {
                uv_handle_t handle;
                uv_stream_t base;
                uv_pipe_t pipe;
                uv_tcp_t tcp;
        } uv;
        const struct stream_ops *ops;
        uv_shutdown_t shutdown;
        bool is_reading;
};

// After this, stream_close() is needed, and `closed` follows it.
void stream_init_unix(struct stream *s, uv_loop_t *loop, const struct stream_ops *ops);
void stream_init_tcp(struct stream *s, uv_loop_t *loop, const struct stream_ops *ops);

// Takes over the connected descriptor and begins to read. 0, or -1: close the stream; `fd` is closed.
MUST_CHECK int stream_open(struct stream *s, int fd);

void stream_pause(struct stream *s);
MUST_CHECK int stream_resume(struct stream *s); // 0, or -1: broken. Does nothing if it is not paused

// Writes all parts (at most STREAM_PARTS_MAX). Copies what the kernel does not take at once, and wipes the copy
// afterwards. The kernel's buffer is the high-water mark: while stream_unsent() > 0, the caller should wait for
// `drained`. 0, or -1: broken, or out of memory.
MUST_CHECK int stream_write(struct stream *s, const struct slice *parts, size_t count);

// Bytes that the kernel has not taken.
static inline size_t stream_unsent(const struct stream *s)
{
        return s->uv.base.write_queue_size;
}

// Shuts down the sending side. 0, or -1: broken.
MUST_CHECK int stream_shut_down(struct stream *s);

// Whether the peer has closed both directions, also while the stream is paused. Over TCP a peer that has closed looks
// like one that sends nothing more, until something is written to it.
bool stream_has_hung_up(const struct stream *s);

void stream_close(struct stream *s);

#endif
