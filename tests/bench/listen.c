// SPDX-License-Identifier: Apache-2.0
// link: proto_mem
// The time from the start of a program until its Unix socket accepts: the median of RUNS runs, in microseconds.
// usage: listen RUNS SOCKET PROGRAM [ARGUMENT…]
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "proto/mem/text.h"

enum { GIVE_UP_US = 10 * 1000 * 1000, PAUSE_NS = 200 * 1000 };

static double now_us(void)
{
        struct timespec t;
        clock_gettime(CLOCK_MONOTONIC, &t);
        return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static bool accepts(const struct sockaddr_un *address)
{
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        bool good = fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0;
        close(fd);
        return good;
}

static double run_us(const struct sockaddr_un *address, char **argv)
{
        const struct timespec pause = {.tv_nsec = PAUSE_NS};
        pid_t pid;
        int status;
        double start = now_us();
        if (posix_spawn(&pid, argv[0], NULL, NULL, argv, environ) != 0)
                exit(1);
        while (!accepts(address)) {
                if (now_us() - start > GIVE_UP_US || waitpid(pid, &status, WNOHANG) != 0) {
                        fprintf(stderr, "listen: %s does not listen\n", argv[0]);
                        kill(pid, SIGTERM);
                        exit(1);
                }
                nanosleep(&pause, NULL);
        }
        double took = now_us() - start;
        if (kill(pid, SIGTERM) != 0 || waitpid(pid, &status, 0) != pid || status != 0)
                exit(1);
        return took;
}

static int compare(const void *a, const void *b)
{
        double x = *(const double *)a;
        double y = *(const double *)b;
        return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        uint64_t runs = 0;
        if (argc < 4 || text_parse_u64(slice_str(argv[1]), &runs) < 0 || runs == 0 || runs > 1000 ||
            strlen(argv[2]) >= sizeof(address.sun_path)) {
                fputs("usage: listen RUNS SOCKET PROGRAM [ARGUMENT...]\n", stderr);
                return 2;
        }
        memcpy(address.sun_path, argv[2], strlen(argv[2]));
        double *took = calloc(runs, sizeof(double));
        if (!took)
                return 1;
        for (uint64_t i = 0; i < runs; i++)
                took[i] = run_us(&address, argv + 3);
        qsort(took, runs, sizeof(double), compare);
        printf("{\"median_us\": %.0f, \"worst_us\": %.0f, \"runs\": %llu}\n", took[runs / 2], took[runs - 1],
               (unsigned long long)runs);
        free(took);
        return 0;
}
