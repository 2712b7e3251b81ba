// SPDX-License-Identifier: Apache-2.0
// link: proto_mem
// Times whole runs of two commands in turn, A B A B …, standard output to /dev/null. Prints the medians in
// microseconds and the median of the pairwise ratio A/B.
// usage: spawn RUNS A [ARGUMENT…] -- B [ARGUMENT…]   (arguments of A may be "--", too)
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "proto/mem/text.h"

static double run_us(char **argv, const posix_spawn_file_actions_t *actions)
{
        struct timespec before, after;
        pid_t pid;
        int status = -1;
        clock_gettime(CLOCK_MONOTONIC, &before);
        if (posix_spawn(&pid, argv[0], actions, NULL, argv, environ) != 0 || waitpid(pid, &status, 0) != pid ||
            status != 0) {
                fprintf(stderr, "spawn: %s ended with status %d\n", argv[0], status);
                exit(1);
        }
        clock_gettime(CLOCK_MONOTONIC, &after);
        return (double)(after.tv_sec - before.tv_sec) * 1e6 + (double)(after.tv_nsec - before.tv_nsec) / 1e3;
}

static int compare(const void *a, const void *b)
{
        double x = *(const double *)a;
        double y = *(const double *)b;
        return (x > y) - (x < y);
}

static double median(double *values, size_t n)
{
        qsort(values, n, sizeof(*values), compare);
        return values[n / 2];
}

int main(int argc, char **argv)
{
        uint64_t runs = 0;
        int split = argc - 1;
        while (split > 2 && strcmp(argv[split], "--") != 0)
                split--;
        if (split <= 2 || split + 1 >= argc || text_parse_u64(slice_str(argv[1]), &runs) < 0 || runs == 0 ||
            runs > 100000) {
                fputs("usage: spawn RUNS A [ARGUMENT...] -- B [ARGUMENT...]\n", stderr);
                return 2;
        }
        argv[split] = NULL;
        double *a = calloc(runs, sizeof(double));
        double *b = calloc(runs, sizeof(double));
        double *ratio = calloc(runs, sizeof(double));
        posix_spawn_file_actions_t actions;
        if (!a || !b || !ratio || posix_spawn_file_actions_init(&actions) != 0 ||
            posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0) != 0)
                return 1;
        for (uint64_t i = 0; i < runs; i++) {
                a[i] = run_us(argv + 2, &actions);
                b[i] = run_us(argv + split + 1, &actions);
                ratio[i] = a[i] / b[i];
        }
        printf("{\"a_us\": %.1f, \"b_us\": %.1f, \"ratio\": %.3f}\n", median(a, runs), median(b, runs),
               median(ratio, runs));
        return 0;
}
