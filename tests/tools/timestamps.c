// SPDX-License-Identifier: Apache-2.0
// link: base
// How points in time are read, so that dateutil can be held against it. Reads texts from standard input, each ended by
// a NUL. Prints seconds since 1970 for each, or "-", each on a line.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "sidecar/base/timestamp.h"

int main(void)
{
        char *text = NULL;
        size_t size = 0;
        ssize_t n;
        while ((n = getdelim(&text, &size, '\0', stdin)) > 0) {
                int64_t time_s;
                if (timestamp_parse(slice_of((const uint8_t *)text, (size_t)n - 1), &time_s) == 0)
                        printf("%" PRId64 "\n", time_s);
                else
                        puts("-");
        }
        free(text);
        return 0;
}
