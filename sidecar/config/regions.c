// SPDX-License-Identifier: Apache-2.0
#include "sidecar/config/regions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/mem/length.h"
#include "sidecar/config/suggest.h"

#define REGION_SIZE 64

// botocore's partitions.json, sorted; tests/e2e/test_check_warnings.py compares.
static const char *const regions[] = {
    "af-south-1",     "ap-east-1",         "ap-east-2",        "ap-northeast-1",   "ap-northeast-2",
    "ap-northeast-3", "ap-south-1",        "ap-south-2",       "ap-southeast-1",   "ap-southeast-2",
    "ap-southeast-3", "ap-southeast-4",    "ap-southeast-5",   "ap-southeast-6",   "ap-southeast-7",
    "aws-cn-global",  "aws-global",        "aws-iso-b-global", "aws-iso-e-global", "aws-iso-f-global",
    "aws-iso-global", "aws-us-gov-global", "ca-central-1",     "ca-west-1",        "cn-north-1",
    "cn-northwest-1", "eu-central-1",      "eu-central-2",     "eu-isoe-west-1",   "eu-north-1",
    "eu-south-1",     "eu-south-2",        "eu-west-1",        "eu-west-2",        "eu-west-3",
    "eusc-de-east-1", "il-central-1",      "me-central-1",     "me-south-1",       "me-west-1",
    "mx-central-1",   "sa-east-1",         "sa-west-1",        "us-east-1",        "us-east-2",
    "us-gov-east-1",  "us-gov-west-1",     "us-iso-east-1",    "us-iso-west-1",    "us-isob-east-1",
    "us-isob-west-1", "us-isof-east-1",    "us-isof-south-1",  "us-west-1",        "us-west-2",
};

static int compare(const void *a, const void *b)
{
        return strcmp(a, *(const char *const *)b);
}

bool regions_is_known(const char *region)
{
        return bsearch(region, regions, LENGTH(regions), sizeof(regions[0]), compare);
}

const char *regions_suggest(const char *region)
{
        char lower[REGION_SIZE];
        size_t n = 0;
        for (; region[n] && n + 1 < sizeof(lower); n++) {
                lower[n] = region[n];
                if (lower[n] >= 'A' && lower[n] <= 'Z')
                        lower[n] = (char)(lower[n] - 'A' + 'a');
        }
        lower[n] = '\0';
        struct suggestion near = {.word = slice_str(lower)};
        for (size_t i = 0; i < LENGTH(regions); i++)
                suggest_consider(&near, regions[i]);
        return near.best;
}
