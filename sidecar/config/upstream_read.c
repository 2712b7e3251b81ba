// SPDX-License-Identifier: Apache-2.0
#include "sidecar/config/upstream_read.h"

#include "proto/mem/length.h"

#include <inttypes.h>
#include <stddef.h>

#define FIELD(member) .offset = offsetof(struct upstream_settings, member)
#define RATE_MAX 10000
#define CONCURRENCY_MAX 1024

static const struct key_rule rules[] = {
    {"calls_per_second", 0, reader_integer, FIELD(calls_per_second), .min = 1, .max = RATE_MAX, .expected = ""},
    {"burst", 0, reader_integer, FIELD(burst), .min = 1, .max = RATE_MAX, .expected = ""},
    {"concurrency", 0, reader_integer, FIELD(concurrency), .min = 1, .max = CONCURRENCY_MAX, .expected = ""},
};

const struct key_table upstream_keys = {rules, LENGTH(rules), "\"upstream\"", NULL, 0};

int upstream_read(struct reader *r, size_t value, struct upstream_settings *ret)
{
        if (reader_object(r, value, &upstream_keys, ret) < 0)
                return -1;
        if (!ret->calls_per_second || ret->burst <= ret->calls_per_second)
                return 0;
        reader_fail(r, reader_at(r, value, "burst"),
                    "found %" PRId64 ", expected at most \"calls_per_second\", which is %" PRId64, ret->burst,
                    ret->calls_per_second);
        return error_hint(r->e,
                          "lower \"burst\", or raise \"calls_per_second\": no more calls than that begin in a second");
}
