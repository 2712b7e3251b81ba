// SPDX-License-Identifier: Apache-2.0
// For tests: a log whose lines are read again.
#ifndef TESTS_UNIT_APP_LOG_PIPE_H
#define TESTS_UNIT_APP_LOG_PIPE_H

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "sidecar/base/clock.h"
#include "sidecar/base/log.h"
#include "tests/unit/unit.h"

struct log_pipe {
        struct clock clock;
        struct log log;
        int read_fd;
        char text[8192]; // of the last log_pipe_read()
};

static inline void log_pipe_open(struct log_pipe *l)
{
        int fds[2];
        assert_int_equal(pipe2(fds, O_CLOEXEC | O_NONBLOCK), 0);
        clock_init_system(&l->clock);
        l->log = (struct log){.fd = fds[1], .level = LOG_LEVEL_DEBUG, .clock = &l->clock};
        l->read_fd = fds[0];
}

// The lines since the last time; "" for none.
static inline const char *log_pipe_read(struct log_pipe *l)
{
        ssize_t n = read(l->read_fd, l->text, sizeof(l->text) - 1);
        l->text[n > 0 ? n : 0] = '\0';
        return l->text;
}

static inline void log_pipe_close(struct log_pipe *l)
{
        assert_string_equal(log_pipe_read(l), ""); // nothing that the test did not expect
        close(l->read_fd);
        close(l->log.fd);
}

#endif
