// SPDX-License-Identifier: Apache-2.0
// Partitions as AWS publishes them (partitions.json 1.1), and what its endpoint rule sets come to for these services.
// New regions appear often, so a region's partition follows from the form of its name, never from a list of names.
#include "sidecar/config/endpoints.h"

#include <errno.h>
#include <stdio.h>

#include "proto/mem/length.h"
#include "proto/mem/text.h"

#define REGION_MAX 63
#define PREFIXES_MAX 9

struct partition {
        struct slice prefixes[PREFIXES_MAX]; // a region is one of these, then "<word>-<digits>"
        const char *suffix, *dualstack_suffix, *signin;
        struct slice global;       // its pseudo region
        const char *global_region; // the region it means
};

enum { AWS, AWS_CN, AWS_US_GOV }; // those that exceptions are made for

// All have FIPS and dual-stack endpoints.
static const struct partition partitions[] = {
    [AWS] = {{SLICE_INIT("us-"), SLICE_INIT("eu-"), SLICE_INIT("ap-"), SLICE_INIT("sa-"), SLICE_INIT("ca-"),
              SLICE_INIT("me-"), SLICE_INIT("af-"), SLICE_INIT("il-"), SLICE_INIT("mx-")},
             "amazonaws.com",
             "api.aws",
             "aws.amazon.com",
             SLICE_INIT("aws-global"),
             "us-east-1"},
    [AWS_CN] = {{SLICE_INIT("cn-")},
                "amazonaws.com.cn",
                "api.amazonwebservices.com.cn",
                "amazonaws.cn",
                SLICE_INIT("aws-cn-global"),
                "cn-northwest-1"},
    [AWS_US_GOV] = {{SLICE_INIT("us-gov-")},
                    "amazonaws.com",
                    "api.aws",
                    "amazonaws-us-gov.com",
                    SLICE_INIT("aws-us-gov-global"),
                    "us-gov-west-1"},
    {{SLICE_INIT("us-iso-")},
     "c2s.ic.gov",
     "api.aws.ic.gov",
     "c2shome.ic.gov",
     SLICE_INIT("aws-iso-global"),
     "us-iso-east-1"},
    {{SLICE_INIT("us-isob-")},
     "sc2s.sgov.gov",
     "api.aws.scloud",
     "sc2shome.sgov.gov",
     SLICE_INIT("aws-iso-b-global"),
     "us-isob-east-1"},
    {{SLICE_INIT("eu-isoe-")},
     "cloud.adc-e.uk",
     "api.cloud-aws.adc-e.uk",
     "csphome.adc-e.uk",
     SLICE_INIT("aws-iso-e-global"),
     "eu-isoe-west-1"},
    {{SLICE_INIT("us-isof-")},
     "csp.hci.ic.gov",
     "api.aws.hci.ic.gov",
     "csphome.hci.ic.gov",
     SLICE_INIT("aws-iso-f-global"),
     "us-isof-south-1"},
    {{SLICE_INIT("eusc-de-")}, "amazonaws.eu", "api.amazonwebservices.eu", "amazonaws-eusc.eu", SLICE_INIT(""), NULL},
};

static const char *const prefixes[] = {
    [ENDPOINTS_STS] = "sts",
    [ENDPOINTS_ROLESANYWHERE] = "rolesanywhere",
    [ENDPOINTS_SECRETS_MANAGER] = "secretsmanager",
    [ENDPOINTS_SSO] = "portal.sso",
    [ENDPOINTS_SSO_OIDC] = "oidc",
    [ENDPOINTS_SIGNIN] = "signin",
};

bool endpoints_is_region(struct slice region)
{
        return region.n > 0 && region.n <= REGION_MAX && region.p[0] != '-' && region.p[region.n - 1] != '-' &&
               text_is_all_of(region, "-");
}

bool endpoints_is_fips_name(struct slice region)
{
        return slice_starts_with(region, SLICE("fips-")) || slice_ends_with(region, SLICE("-fips"));
}

// "<word>-<digits>"; a word has no hyphen, which keeps "us-gov-west-1" out of "us-".
static bool is_word_and_number(struct slice s)
{
        size_t hyphen = slice_find(s, '-');
        struct slice number = slice_from(s, hyphen + 1);
        for (size_t i = 0; i < number.n; i++)
                if (number.p[i] < '0' || number.p[i] > '9')
                        return false;
        return hyphen > 0 && number.n > 0 && text_is_all_of(slice_head(s, hyphen), "_");
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

static size_t partition_of(struct slice region)
{
        for (size_t i = 0; i < LENGTH(partitions); i++)
                if (is_in_partition(&partitions[i], region))
                        return i;
        return AWS;
}

const char *endpoints_global_region(struct slice name)
{
        for (size_t i = 0; i < LENGTH(partitions); i++)
                if (partitions[i].global_region && slice_eq(name, partitions[i].global))
                        return partitions[i].global_region;
        return NULL;
}

unsigned endpoints_partition(struct slice region)
{
        return (unsigned)partition_of(region) + 1;
}

bool endpoints_is_sts_legacy(struct slice region)
{
        static const struct slice names[] = {
            SLICE_INIT("ap-northeast-1"), SLICE_INIT("ap-south-1"), SLICE_INIT("ap-southeast-1"),
            SLICE_INIT("ap-southeast-2"), SLICE_INIT("aws-global"), SLICE_INIT("ca-central-1"),
            SLICE_INIT("eu-central-1"),   SLICE_INIT("eu-north-1"), SLICE_INIT("eu-west-1"),
            SLICE_INIT("eu-west-2"),      SLICE_INIT("eu-west-3"),  SLICE_INIT("sa-east-1"),
            SLICE_INIT("us-east-1"),      SLICE_INIT("us-east-2"),  SLICE_INIT("us-west-1"),
            SLICE_INIT("us-west-2"),
        };
        for (size_t i = 0; i < LENGTH(names); i++)
                if (slice_eq(region, names[i]))
                        return true;
        return false;
}

// The variant by its name in DNS, which for some services is that of another.
static unsigned named_variant(enum endpoints_service service, size_t partition, unsigned variant)
{
        if (service == ENDPOINTS_SECRETS_MANAGER) { // its plain names are dual-stack ones
                bool is_plain = partition == AWS || partition == AWS_US_GOV ||
                                (partition == AWS_CN && variant == ENDPOINTS_DUALSTACK);
                return is_plain ? variant & ~(unsigned)ENDPOINTS_DUALSTACK : variant;
        }
        // All of GovCloud's are FIPS endpoints, but Roles Anywhere has one of its own.
        return partition == AWS_US_GOV && variant == ENDPOINTS_FIPS && service != ENDPOINTS_ROLESANYWHERE ? 0 : variant;
}

// Plain, and with FIPS in GovCloud, it is not named as the other services are.
static int resolve_signin(size_t partition, struct slice region, bool is_fips, char *out, size_t out_size)
{
        const char *suffix = partitions[partition].signin;
        bool is_first = is_fips && slice_eq(region, SLICE("us-gov-west-1")); // whose name has no region
        return snprintf(out, out_size, "https://%.*s%ssignin%s.%s", is_first ? 0 : (int)region.n,
                        (const char *)region.p, is_first ? "" : ".", is_fips ? "-fips" : "", suffix);
}

int endpoints_resolve(enum endpoints_service service, struct slice region, unsigned variant, char *out, size_t out_size)
{
        if (!endpoints_is_region(region))
                return -EINVAL;
        size_t at = partition_of(region);
        unsigned named = named_variant(service, at, variant);
        bool is_odd = service == ENDPOINTS_SIGNIN && (variant == 0 || (variant == ENDPOINTS_FIPS && at == AWS_US_GOV));
        int n = is_odd
                    ? resolve_signin(at, region, variant == ENDPOINTS_FIPS, out, out_size)
                    : snprintf(out, out_size, "https://%s%s.%.*s.%s", prefixes[service],
                               named & ENDPOINTS_FIPS ? "-fips" : "", (int)region.n, (const char *)region.p,
                               named & ENDPOINTS_DUALSTACK ? partitions[at].dualstack_suffix : partitions[at].suffix);
        return n < 0 || (size_t)n >= out_size ? -ENAMETOOLONG : 0;
}
