// SPDX-License-Identifier: Apache-2.0
#include "sidecar/app/log_open.h"

#include <fcntl.h>
#include <unistd.h>

#include "sidecar/app/options.h"

void log_init(const struct options *options, const struct clock *clock, struct log *log, struct log_file *file)
{
        *file = (struct log_file){.path = options->log_file, .fd = -1};
        *log = (struct log){.fd = STDERR_FILENO,
                            .level = options->log_level,
                            .format = options->log_format,
                            .clock = clock,
                            .file = options->log_file ? file : NULL};
}

int log_open(struct log *log, struct error *e)
{
        if (!log->file)
                return 0;
        if (log_file_open(log->file->path, log->file, e) < 0)
                return -1;
        log->fd = log->file->fd;
        return 0;
}

void log_detach(const struct log *log)
{
        int null = log->file ? open("/dev/null", O_RDWR | O_NOCTTY | O_CLOEXEC) : -1;
        if (null < 0)
                return;
        for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
                (void)dup2(null, fd);
        (void)close(null);
}
