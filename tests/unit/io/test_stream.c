// SPDX-License-Identifier: Apache-2.0
// Writes that the kernel does not take at once. That their copy is wiped before it is given back is seen to by
// tests/canary.h.
#include "sidecar/io/stream.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/canary.h"
#include "tests/unit/unit.h"

enum { PIECE = 100 * 1000, PIECES = 16 };

struct fixture {
        uv_loop_t loop;
        struct stream stream;
        int peer;
        unsigned drained, broken, closed, ended;
        uint8_t input[16];
        size_t input_n;
};

static struct fixture *of(struct stream *s)
{
        return (struct fixture *)((char *)s - offsetof(struct fixture, stream));
}

static bool give_buffer(struct stream *s, uint8_t **ret_p, size_t *ret_n)
{
        *ret_p = of(s)->input;
        *ret_n = sizeof(of(s)->input);
        return true;
}

static void take(struct stream *s, uint8_t *bytes, size_t n)
{
        assert_ptr_equal(bytes, of(s)->input);
        of(s)->input_n = n;
}

static void on_end(struct stream *s)
{
        of(s)->ended++;
}

static void on_drained(struct stream *s)
{
        of(s)->drained++;
}

static void on_broken(struct stream *s)
{
        of(s)->broken++;
}

static void on_closed(struct stream *s)
{
        of(s)->closed++;
}

static const struct stream_ops ops = {give_buffer, take, on_end, on_drained, on_broken, on_closed};

static void set_up(struct fixture *f)
{
        int ends[2];
        *f = (struct fixture){.peer = -1};
        assert_int_equal(uv_loop_init(&f->loop), 0);
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
        f->peer = ends[1];
        stream_init_unix(&f->stream, &f->loop, &ops);
        assert_int_equal(stream_open(&f->stream, ends[0]), 0);
}

static void tear_down(struct fixture *f)
{
        stream_close(&f->stream);
        assert_int_equal(uv_run(&f->loop, UV_RUN_DEFAULT), 0);
        assert_int_equal(f->closed, 1);
        assert_int_equal(uv_loop_close(&f->loop), 0);
        (void)close(f->peer);
}

// Writes secrets until the kernel takes no more, in three parts; returns the bytes.
static size_t write_until_full(struct fixture *f)
{
        static uint8_t piece[PIECE];
        size_t n = 0;
        for (size_t i = 0; i + sizeof(CANARY) <= sizeof(piece); i += sizeof(CANARY))
                memcpy(piece + i, CANARY, sizeof(CANARY));
        for (unsigned i = 0; i < PIECES; i++) {
                const struct slice parts[] = {slice_of(piece, 1), slice_of(piece + 1, 10),
                                              slice_of(piece + 11, PIECE - 11)};
                assert_int_equal(stream_write(&f->stream, parts, LENGTH(parts)), 0);
                n += PIECE;
        }
        assert_true(stream_unsent(&f->stream) > 0);
        return n;
}

static void sends_all_of_it_in_order(void **state)
{
        (void)state;
        static const char text[] = CANARY; // with its NUL
        struct fixture f;
        set_up(&f);
        size_t left = write_until_full(&f), at = 0;
        while (left > 0) {
                char bytes[4096];
                ssize_t n = recv(f.peer, bytes, sizeof(bytes), MSG_DONTWAIT);
                for (ssize_t i = 0; i < n; i++, at++) {
                        size_t in_piece = at % PIECE;
                        bool is_filled = in_piece < PIECE / sizeof(text) * sizeof(text);
                        assert_int_equal(bytes[i], is_filled ? text[in_piece % sizeof(text)] : 0);
                }
                left -= n > 0 ? (size_t)n : 0;
                (void)uv_run(&f.loop, UV_RUN_NOWAIT);
                explicit_bzero(bytes, sizeof(bytes));
        }
        assert_int_equal(stream_unsent(&f.stream), 0);
        assert_int_equal(f.drained, 1);
        assert_int_equal(f.broken, 0);
        tear_down(&f);
}

static void gives_up_what_the_peer_does_not_take(void **state)
{
        (void)state;
        struct fixture f;
        set_up(&f);
        (void)write_until_full(&f);
        tear_down(&f); // closed with bytes unsent
        assert_int_equal(f.drained, 0);

        set_up(&f);
        (void)write_until_full(&f);
        assert_false(stream_has_hung_up(&f.stream));
        assert_int_equal(close(f.peer), 0); // the peer goes
        assert_true(stream_has_hung_up(&f.stream));
        while (f.broken == 0 && f.ended == 0)
                (void)uv_run(&f.loop, UV_RUN_ONCE);
        f.peer = -1;
        tear_down(&f);
}

static void reads_unless_paused(void **state)
{
        (void)state;
        struct fixture f;
        set_up(&f);
        assert_int_equal(send(f.peer, "abc", 3, MSG_NOSIGNAL), 3);
        while (f.input_n == 0)
                (void)uv_run(&f.loop, UV_RUN_ONCE);
        assert_memory_equal(f.input, "abc", 3);
        f.input_n = 0;
        stream_pause(&f.stream);
        stream_pause(&f.stream);
        assert_int_equal(send(f.peer, "de", 2, MSG_NOSIGNAL), 2);
        (void)uv_run(&f.loop, UV_RUN_NOWAIT);
        assert_int_equal(f.input_n, 0);
        assert_int_equal(stream_resume(&f.stream), 0);
        assert_int_equal(stream_resume(&f.stream), 0);
        while (f.input_n == 0)
                (void)uv_run(&f.loop, UV_RUN_ONCE);
        assert_memory_equal(f.input, "de", 2);
        assert_int_equal(stream_shut_down(&f.stream), 0);
        char byte = 0;
        (void)uv_run(&f.loop, UV_RUN_NOWAIT);
        assert_int_equal(recv(f.peer, &byte, 1, 0), 0); // its end
        assert_int_equal(shutdown(f.peer, SHUT_WR), 0);
        while (f.ended == 0)
                (void)uv_run(&f.loop, UV_RUN_ONCE);
        tear_down(&f);
}

int main(void)
{
        (void)signal(SIGPIPE, SIG_IGN); // as the agent does
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(sends_all_of_it_in_order),
            cmocka_unit_test(gives_up_what_the_peer_does_not_take),
            cmocka_unit_test(reads_unless_paused),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
