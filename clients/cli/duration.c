// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/duration.h"

#include <errno.h>

#include "proto/mem/text.h"

static int64_t unit_of(uint8_t letter)
{
        switch (letter) {
        case 's':
                return 1;
        case 'm':
                return 60;
        case 'h':
                return 3600;
        case 'd':
                return 86400;
        default:
                return 0;
        }
}

int duration_parse(struct slice text, int64_t *ret_s)
{
        int64_t unit = text.n > 0 ? unit_of(text.p[text.n - 1]) : 0;
        uint64_t count = 0;
        if (unit > 0)
                text.n--;
        int r = text_parse_u64(text, &count);
        if (r < 0)
                return r;
        if (count > INT32_MAX)
                return -ERANGE;
        *ret_s = (int64_t)count * (unit > 0 ? unit : 1);
        return 0;
}
