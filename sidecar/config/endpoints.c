// SPDX-License-Identifier: Apache-2.0
// Partitions as AWS publishes them (partitions.json 1.1). New regions appear often, so a region's partition follows
// from the form of its name, never from a list of names.
#include "sidecar/config/endpoints.h"

#include <errno.h>
#include <stdio.h>

#define REGION_MAX 63
#define PREFIXES_MAX 9

struct partition {
        struct slice prefixes[PREFIXES_MAX]; // a region is one of these, then "<word>-<digits>"
        const char *suffix;
        struct slice global;       // its pseudo region
        const char *global_region; // what that stands for
};

static const struct partition partitions[] = {
    {{SLICE_INIT("us-"), SLICE_INIT("eu-"), SLICE_INIT("ap-"), SLICE_INIT("sa-"), SLICE_INIT("ca-"), SLICE_INIT("me-"),
      SLICE_INIT("af-"), SLICE_INIT("il-"), SLICE_INIT("mx-")},
     "amazonaws.com",
     SLICE_INIT("aws-global"),
     "us-east-1"},
    {{SLICE_INIT("cn-")}, "amazonaws.com.cn", SLICE_INIT("aws-cn-global"), "cn-northwest-1"},
    {{SLICE_INIT("us-gov-")}, "amazonaws.com", SLICE_INIT("aws-us-gov-global"), "us-gov-west-1"},
    {{SLICE_INIT("us-iso-")}, "c2s.ic.gov", SLICE_INIT("aws-iso-global"), "us-iso-east-1"},
    {{SLICE_INIT("us-isob-")}, "sc2s.sgov.gov", SLICE_INIT("aws-iso-b-global"), "us-isob-east-1"},
    {{SLICE_INIT("eu-isoe-")}, "cloud.adc-e.uk", SLICE_INIT("aws-iso-e-global"), "eu-isoe-west-1"},
    {{SLICE_INIT("us-isof-")}, "csp.hci.ic.gov", SLICE_INIT("aws-iso-f-global"), "us-isof-south-1"},
    {{SLICE_INIT("eusc-de-")}, "amazonaws.eu", SLICE_INIT(""), NULL},
};

static bool is_digit(uint8_t c)
{
        return c >= '0' && c <= '9';
}

static bool is_alphanumeric(uint8_t c)
{
        return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool endpoints_is_region(struct slice region)
{
        if (region.n < 1 || region.n > REGION_MAX || region.p[0] == '-' || region.p[region.n - 1] == '-')
                return false;
        for (size_t i = 0; i < region.n; i++)
                if (!is_alphanumeric(region.p[i]) && region.p[i] != '-')
                        return false;
        return true;
}

// "<word>-<digits>"; a word has no hyphen, which keeps "us-gov-west-1" out of "us-".
static bool is_word_and_number(struct slice s)
{
        size_t hyphen = slice_find(s, '-');
        if (hyphen == 0 || hyphen + 1 >= s.n)
                return false;
        for (size_t i = 0; i < hyphen; i++)
                if (!is_alphanumeric(s.p[i]) && s.p[i] != '_')
                        return false;
        for (size_t i = hyphen + 1; i < s.n; i++)
                if (!is_digit(s.p[i]))
                        return false;
        return true;
}

static bool is_in_partition(const struct partition *p, struct slice region)
{
        if (p->global_region && slice_eq(region, p->global))
                return true;
        for (size_t i = 0; i < PREFIXES_MAX && p->prefixes[i].n; i++)
                if (slice_starts_with(region, p->prefixes[i]) &&
                    is_word_and_number(slice_from(region, p->prefixes[i].n)))
                        return true;
        return false;
}

const char *endpoints_dns_suffix(struct slice region)
{
        for (size_t i = 0; i < sizeof(partitions) / sizeof(partitions[0]); i++)
                if (is_in_partition(&partitions[i], region))
                        return partitions[i].suffix;
        return partitions[0].suffix;
}

const char *endpoints_global_region(struct slice name)
{
        for (size_t i = 0; i < sizeof(partitions) / sizeof(partitions[0]); i++)
                if (partitions[i].global_region && slice_eq(name, partitions[i].global))
                        return partitions[i].global_region;
        return NULL;
}

int endpoints_regional(const char *prefix, struct slice region, char *out, size_t out_size)
{
        if (!endpoints_is_region(region))
                return -EINVAL;
        int n = snprintf(out, out_size, "https://%s.%.*s.%s", prefix, (int)region.n, (const char *)region.p,
                         endpoints_dns_suffix(region));
        return n < 0 || (size_t)n >= out_size ? -ENAMETOOLONG : 0;
}
