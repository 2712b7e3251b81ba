// SPDX-License-Identifier: Apache-2.0
// Loop thread only. A child is freed when its last handle has closed, which is after its completion. libuv would make
// the pipes as sockets, which a command cannot open as /dev/stdout.
#include "sidecar/io/child.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
#include <uv.h>

#include "proto/mem/buffer.h"
#include "proto/mem/text.h"

enum {
        GRACE_PERIOD_MS = 500, // between SIGTERM and SIGKILL
        READ_SIZE = 4096,
        READ_PER_TURN =
            128 * 1024, // twice the capacity of a pipe: enough for all bytes that were written before the child ended
        ERRORS_MAX = 16 * 1024
};

struct stream {
        uv_poll_t poll;
        int fd; // -1: closed
        bool has_poll;
        bool keeps_end;      // keep the end: drop the first bytes if there are too many
        struct buffer bytes; // capacity for standard output: the limit and one byte, which shows that it was exceeded
};

struct child {
        uv_loop_t *loop;
        uv_process_t process;
        uv_timer_t timer;
        struct stream output, errors;
        enum child_end end; // with is_ending: why we end it
        bool is_ending;
        bool has_process;
        unsigned open; // handles
        child_done_fn *done;
        void *arg;
};

// --- set-up and clean-up ---

static void part_closed(uv_handle_t *handle)
{
        struct child *c = handle->data;
        if (--c->open > 0)
                return;
        buffer_free(&c->output.bytes);
        buffer_free(&c->errors.bytes);
        free(c);
}

static void stream_close(struct stream *s)
{
        if (s->has_poll)
                uv_close((uv_handle_t *)&s->poll, part_closed);
        s->has_poll = false;
        if (s->fd >= 0)
                (void)close(s->fd);
        s->fd = -1;
}

static void child_close(struct child *c)
{
        stream_close(&c->output);
        stream_close(&c->errors);
        uv_close((uv_handle_t *)&c->timer, part_closed);
        if (c->has_process)
                uv_close((uv_handle_t *)&c->process, part_closed);
}

// --- end ---

static void on_grace_period_over(uv_timer_t *timer)
{
        struct child *c = timer->data;
        (void)kill(-c->process.pid, SIGKILL);
}

static void stop(struct child *c, enum child_end why)
{
        bool is_first = !c->is_ending;
        c->end = why;
        c->is_ending = true;
        if (!is_first)
                return;
        (void)kill(-c->process.pid, SIGTERM);
        (void)uv_timer_start(&c->timer, on_grace_period_over, GRACE_PERIOD_MS, 0);
}

static void on_deadline(uv_timer_t *timer)
{
        stop(timer->data, CHILD_TIMED_OUT);
}

int child_pid(const struct child *c)
{
        return c->process.pid;
}

void child_cancel(struct child *c)
{
        stop(c, CHILD_CANCELLED);
}

// --- output ---

// Reads what has arrived. False: the end, or no more can be kept (bytes.failed).
static bool stream_read(struct stream *s)
{
        for (size_t total = 0; total < READ_PER_TURN;) {
                if (s->keeps_end && s->bytes.max - s->bytes.n < READ_SIZE)
                        buffer_consume(&s->bytes, s->bytes.n - s->bytes.max / 2);
                size_t left = s->bytes.max - s->bytes.n;
                size_t size = left == 0 ? 1 : left < READ_SIZE ? left : READ_SIZE;
                uint8_t *space = buffer_reserve(&s->bytes, size);
                ssize_t n = space ? read(s->fd, space, size) : 0;
                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return n < 0 && errno == EAGAIN;
                buffer_commit(&s->bytes, (size_t)n);
                total += (size_t)n;
        }
        return true;
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
        struct child *c = poll->data;
        struct stream *s = poll == &c->output.poll ? &c->output : &c->errors;
        (void)events;
        if (status == 0 && stream_read(s))
                return;
        if (s->bytes.failed)
                stop(c, s->bytes.no_memory ? CHILD_NO_MEMORY : CHILD_TOO_MUCH);
        stream_close(s);
}

static void on_ended(uv_process_t *process, int64_t status, int signal)
{
        struct child *c = process->data;
        if (c->is_ending)
                (void)kill(-process->pid, SIGKILL); // the rest of its process group
        if (c->output.fd >= 0)
                (void)stream_read(&c->output);
        if (c->errors.fd >= 0)
                (void)stream_read(&c->errors);
        struct child_result result = {.end = signal ? CHILD_SIGNALLED : CHILD_EXITED,
                                      .status = (int)status,
                                      .signal = signal,
                                      .output = buffer_slice(&c->output.bytes),
                                      .errors = buffer_slice(&c->errors.bytes)};
        if (c->is_ending)
                result.end = c->end;
        else if (c->output.bytes.failed)
                result.end = c->output.bytes.no_memory ? CHILD_NO_MEMORY : CHILD_TOO_MUCH;
        c->done(c->arg, &result);
        child_close(c);
}

// --- start ---

// Sets close-on-exec on the descriptors that this process was started with. Kernels before 5.11 lack close_range()'s
// flag.
static void mark_all_close_on_exec(void)
{
        if (close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC) == 0)
                return;
        DIR *d = opendir("/proc/self/fd");
        for (struct dirent *entry; d && (entry = readdir(d)) != NULL;) {
                uint64_t fd;
                if (text_parse_u64(slice_str(entry->d_name), &fd) == 0 && fd > STDERR_FILENO)
                        (void)fcntl((int)fd, F_SETFD, FD_CLOEXEC);
        }
        if (d)
                (void)closedir(d);
}

// The stream reads from one end of the pipe, *ret is the other.
static int stream_open(struct child *c, struct stream *s, int *ret)
{
        int ends[2];
        if (pipe2(ends, O_CLOEXEC) < 0)
                return -errno;
        *ret = ends[1];
        s->fd = ends[0];
        int rc = uv_poll_init(c->loop, &s->poll, s->fd);
        if (rc < 0)
                return rc;
        s->poll.data = c;
        s->has_poll = true;
        c->open++;
        return uv_poll_start(&s->poll, UV_READABLE, on_readable);
}

static int spawn(struct child *c, const struct child_options *options)
{
        int write_ends[2] = {-1, -1};
        int rc = stream_open(c, &c->output, &write_ends[0]);
        if (rc == 0)
                rc = stream_open(c, &c->errors, &write_ends[1]);
        if (rc == 0) {
                uv_stdio_container_t stdio[] = {
                    {.flags = UV_IGNORE},
                    {.flags = UV_INHERIT_FD, .data.fd = write_ends[0]},
                    {.flags = UV_INHERIT_FD, .data.fd = write_ends[1]},
                };
                const uv_process_options_t process = {
                    .exit_cb = on_ended,
                    .file = options->words[0],
                    .args = (char **)(uintptr_t)options->words, // libuv changes neither of them
                    .env = (char **)(uintptr_t)options->environment,
                    .flags = UV_PROCESS_DETACHED, // setsid(): no terminal for prompts, and a process group to kill
                    .stdio_count = 3,
                    .stdio = stdio,
                };
                mark_all_close_on_exec();
                c->has_process = true; // must be closed, whatever uv_spawn() returns
                c->open++;
                rc = uv_spawn(c->loop, &c->process, &process);
        }
        for (size_t i = 0; i < 2; i++)
                if (write_ends[i] >= 0)
                        (void)close(write_ends[i]);
        return rc;
}

static void explain(int rc, const struct child_options *options, struct error *e)
{
        bool is_config = rc == UV_ENOENT || rc == UV_EACCES || rc == UV_ENOTDIR || rc == UV_ELOOP || rc == UV_EISDIR;
        (void)error_set(e, is_config ? ERROR_CONFIG : ERROR_TRANSIENT, "run %.256s: %s", options->words[0],
                        uv_strerror(rc));
        if (rc == UV_EACCES)
                (void)error_hint(e, "uid %lu must be allowed to execute the file; scripts begin with #!",
                                 (unsigned long)geteuid());
        else if (is_config)
                (void)error_hint(e,
                                 "give an absolute path, or a name that is in PATH of this process; there is no shell "
                                 "to replace ~ or variables; check that the interpreter of a script exists");
}

struct child *child_start(struct uv_loop_s *loop, const struct child_options *options, child_done_fn *done, void *arg,
                          struct error *e)
{
        struct child *c = calloc(1, sizeof(*c));
        if (!c) {
                (void)error_set(e, ERROR_INTERNAL, "out of memory");
                return NULL;
        }
        *c = (struct child){.loop = loop, .done = done, .arg = arg, .open = 1};
        c->output = (struct stream){.fd = -1};
        c->errors = (struct stream){.fd = -1, .keeps_end = true};
        buffer_init(&c->output.bytes, options->output_max + 1);
        buffer_init(&c->errors.bytes, ERRORS_MAX);
        (void)uv_timer_init(loop, &c->timer); // cannot fail
        c->timer.data = c;
        c->process.data = c;
        int rc = spawn(c, options);
        if (rc < 0) {
                explain(rc, options, e);
                child_close(c);
                return NULL;
        }
        uv_update_time(loop); // else the timer would start at the beginning of this turn of the loop
        (void)uv_timer_start(&c->timer, on_deadline, (uint64_t)options->timeout_ms, 0);
        return c;
}
