// SPDX-License-Identifier: Apache-2.0
#include "sidecar/config/sign_read.h"

#include <string.h>

#include "proto/mem/length.h"
#include "proto/wire/limits.h"
#include "sidecar/config/endpoints.h"
#include "sidecar/config/values.h"

#define LIST_MAX 1000

#define FIELD(member) .offset = offsetof(struct sign_limits, member)
#define LIST(member)                                                                                                   \
        FIELD(member), .count_offset = offsetof(struct sign_limits, member##_count), .min = 1, .max = LIST_MAX
#define TEXT(check, what) .is_valid = (check), .expected = (what)

#define EXPECT_SERVICE "a signing name such as bedrock"
#define EXPECT_REGION "an AWS region such as us-east-1"

static const struct key_rule rules[] = {
    {"service", 0, reader_string, FIELD(service), TEXT(values_is_service, EXPECT_SERVICE)},
    {"region", 0, reader_string, FIELD(region), TEXT(endpoints_is_region, EXPECT_REGION)},
    {"hosts", 0, reader_strings, LIST(hosts),
     TEXT(values_is_host_pattern, "a host name, or \"*.\" and a domain; no scheme, no path")},
    {"paths", 0, reader_strings, LIST(paths), TEXT(values_is_url_path, "a path prefix that begins with /")},
    {"methods", 0, reader_strings, LIST(methods), TEXT(values_is_method, "an HTTP method such as GET")},
    {"services", 0, reader_strings, LIST(services), TEXT(values_is_service, EXPECT_SERVICE)},
    {"regions", 0, reader_strings, LIST(regions), TEXT(endpoints_is_region, EXPECT_REGION)},
    {"max_expires_in", 0, reader_integer, FIELD(max_expires_in), .min = 1, .max = LIMIT_PRESIGN_EXPIRES_S,
     .expected = " (seconds)"},
};

static void make_lower(char *s)
{
        for (; *s; s++)
                if (*s >= 'A' && *s <= 'Z')
                        *s = (char)(*s - 'A' + 'a');
}

// A default that the limits refuse would refuse every request that relies on it.
static int check_default(const struct reader *r, size_t object, const char *key, const char *value, char *const *list,
                         size_t count)
{
        bool is_allowed = !value || count == 0;
        for (size_t i = 0; i < count && !is_allowed; i++)
                is_allowed = strcmp(list[i], value) == 0;
        if (is_allowed)
                return 0;
        reader_fail(r, reader_at(r, object, key), "found \"%s\", which \"%ss\" does not list", value, key);
        return error_hint(r->e, "add it to \"%ss\", or remove \"%s\"", key, key);
}

int sign_read(struct reader *r, size_t value, struct sign_limits *limits)
{
        const struct key_table table = {rules, LENGTH(rules), "\"sign\"", NULL, 0};
        if (reader_object(r, value, &table, limits) < 0 ||
            check_default(r, value, "service", limits->service, limits->services, limits->services_count) < 0 ||
            check_default(r, value, "region", limits->region, limits->regions, limits->regions_count) < 0)
                return -1;
        for (size_t i = 0; i < limits->hosts_count; i++)
                make_lower(limits->hosts[i]);
        return 0;
}
