// SPDX-License-Identifier: Apache-2.0
// Signing name and region from a host's name. Host names say little about names that AWS does not own, so whatever is
// not plainly one of AWS's forms has no answer here.
#include "proto/mem/length.h"
#include "sidecar/signing/sigv4.h"

// Domains of all partitions, those that end in another one first.
static const struct slice domains[] = {
    SLICE_INIT(".api.amazonwebservices.com.cn"),
    SLICE_INIT(".api.amazonwebservices.eu"),
    SLICE_INIT(".api.cloud-aws.adc-e.uk"),
    SLICE_INIT(".api.aws.hci.ic.gov"),
    SLICE_INIT(".api.aws.ic.gov"),
    SLICE_INIT(".api.aws.scloud"),
    SLICE_INIT(".api.aws"),
    SLICE_INIT(".amazonaws.com.cn"),
    SLICE_INIT(".amazonaws.com"),
    SLICE_INIT(".amazonaws.eu"),
    SLICE_INIT(".sc2s.sgov.gov"),
    SLICE_INIT(".csp.hci.ic.gov"),
    SLICE_INIT(".c2s.ic.gov"),
    SLICE_INIT(".cloud.adc-e.uk"),
    SLICE_INIT(".on.aws"), // function URLs and other resources with a name of their own
};

// First labels of host names whose signing name is another one. A name with a dot stands for two labels.
static const struct {
        struct slice prefix, service;
} signing_names[] = {
    {SLICE_INIT("api.tunneling.iot"), SLICE_INIT("IoTSecuredTunneling")},
    {SLICE_INIT("catalog.marketplace"), SLICE_INIT("aws-marketplace")},
    {SLICE_INIT("data-ats.iot"), SLICE_INIT("iotdata")},
    {SLICE_INIT("data.iot"), SLICE_INIT("iotdata")},
    {SLICE_INIT("data.jobs.iot"), SLICE_INIT("iot-jobs-data")},
    {SLICE_INIT("entitlement.marketplace"), SLICE_INIT("aws-marketplace")},
    {SLICE_INIT("metering.marketplace"), SLICE_INIT("aws-marketplace")},
    {SLICE_INIT("participant.connect"), SLICE_INIT("execute-api")},
    {SLICE_INIT("portal.sso"), SLICE_INIT("awsssoportal")},
    {SLICE_INIT("appconfigdata"), SLICE_INIT("appconfig")},
    {SLICE_INIT("appstream2"), SLICE_INIT("appstream")},
    {SLICE_INIT("appsync-api"), SLICE_INIT("appsync")},
    {SLICE_INIT("appsync-realtime-api"), SLICE_INIT("appsync")},
    {SLICE_INIT("bedrock-agent"), SLICE_INIT("bedrock")},
    {SLICE_INIT("bedrock-agent-runtime"), SLICE_INIT("bedrock")},
    {SLICE_INIT("bedrock-agentcore-control"), SLICE_INIT("bedrock-agentcore")},
    {SLICE_INIT("bedrock-data-automation"), SLICE_INIT("bedrock")},
    {SLICE_INIT("bedrock-data-automation-runtime"), SLICE_INIT("bedrock")},
    {SLICE_INIT("bedrock-runtime"), SLICE_INIT("bedrock")},
    {SLICE_INIT("cassandra-streams"), SLICE_INIT("cassandra")},
    {SLICE_INIT("cloudhsmv2"), SLICE_INIT("cloudhsm")},
    {SLICE_INIT("ddb"), SLICE_INIT("dynamodb")},
    {SLICE_INIT("email"), SLICE_INIT("ses")},
    {SLICE_INIT("email-smtp"), SLICE_INIT("ses")},
    {SLICE_INIT("forecastquery"), SLICE_INIT("forecast")},
    {SLICE_INIT("ivsrealtime"), SLICE_INIT("ivs")},
    {SLICE_INIT("lambda-url"), SLICE_INIT("lambda")},
    {SLICE_INIT("mail-manager"), SLICE_INIT("ses")},
    {SLICE_INIT("memory-db"), SLICE_INIT("memorydb")},
    {SLICE_INIT("models-v2-lex"), SLICE_INIT("lex")},
    {SLICE_INIT("oidc"), SLICE_INIT("sso-oauth")},
    {SLICE_INIT("personalize-events"), SLICE_INIT("personalize")},
    {SLICE_INIT("personalize-runtime"), SLICE_INIT("personalize")},
    {SLICE_INIT("pinpoint"), SLICE_INIT("mobiletargeting")},
    {SLICE_INIT("queue"), SLICE_INIT("sqs")},
    {SLICE_INIT("runtime-v2-lex"), SLICE_INIT("lex")},
    {SLICE_INIT("s3-accesspoint"), SLICE_INIT("s3")},
    {SLICE_INIT("s3-control"), SLICE_INIT("s3")},
    {SLICE_INIT("s3express-control"), SLICE_INIT("s3express")},
    {SLICE_INIT("servicecatalog-appregistry"), SLICE_INIT("servicecatalog")},
};

// Services that put their name behind the region: id.us-east-1.es.amazonaws.com
static const struct slice after_region[] = {SLICE_INIT("es"), SLICE_INIT("aoss"), SLICE_INIT("queue")};

static bool is_in(const struct slice *list, size_t n, struct slice s)
{
        for (size_t i = 0; i < n; i++) {
                if (slice_eq(list[i], s))
                        return true;
        }
        return false;
}

#define IS_IN(list, s) is_in(list, LENGTH(list), s)

// Cuts the last label off *name, with its dot, and returns it.
static struct slice pop_label(struct slice *name)
{
        size_t start = name->n;
        while (start > 0 && name->p[start - 1] != '.')
                start--;
        struct slice label = slice_from(*name, start);
        *name = slice_head(*name, start > 0 ? start - 1 : 0);
        return label;
}

// The next of the parts that "-" separates.
static struct slice next_part(struct slice *rest)
{
        struct slice part = slice_head(*rest, slice_find(*rest, '-'));
        *rest = slice_from(*rest, part.n + 1);
        return part;
}

static bool is_word(struct slice s)
{
        for (size_t i = 0; i < s.n; i++) {
                uint8_t c = s.p[i];
                if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'))
                        return false;
        }
        return s.n > 0;
}

static bool is_number(struct slice s)
{
        for (size_t i = 0; i < s.n; i++) {
                if (s.p[i] < '0' || s.p[i] > '9')
                        return false;
        }
        return s.n > 0;
}

// The patterns of the partitions: "us-east-1", "us-gov-west-1", "eusc-de-east-1". No list of regions: new ones come.
static bool is_region(struct slice name)
{
        static const struct slice areas[] = {SLICE_INIT("us"), SLICE_INIT("eu"), SLICE_INIT("ap"), SLICE_INIT("sa"),
                                             SLICE_INIT("ca"), SLICE_INIT("me"), SLICE_INIT("af"), SLICE_INIT("il"),
                                             SLICE_INIT("mx"), SLICE_INIT("cn")};
        static const struct slice separate[] = {SLICE_INIT("us-gov-"),  SLICE_INIT("us-iso-"),  SLICE_INIT("us-isob-"),
                                                SLICE_INIT("eu-isoe-"), SLICE_INIT("us-isof-"), SLICE_INIT("eusc-de-")};
        struct slice rest = name;
        bool is_separate = false;
        for (size_t i = 0; i < LENGTH(separate) && !is_separate; i++) {
                if (slice_starts_with(name, separate[i])) {
                        rest = slice_from(name, separate[i].n);
                        is_separate = true;
                }
        }
        if (!is_separate && !IS_IN(areas, next_part(&rest)))
                return false;
        return is_word(next_part(&rest)) && is_number(rest);
}

// Without the domain; empty when it is none of AWS's.
static struct slice without_domain(struct slice host, bool *ret_private_link)
{
        for (size_t i = 0; i < LENGTH(domains); i++) {
                struct slice tail = slice_from(host, host.n > domains[i].n ? host.n - domains[i].n : host.n);
                if (!slice_eq_ignore_case(tail, domains[i]))
                        continue;
                struct slice rest = slice_head(host, host.n - domains[i].n);
                *ret_private_link = slice_ends_with(rest, SLICE(".vpce"));
                return *ret_private_link ? slice_head(rest, rest.n - 5) : rest;
        }
        return slice_of(host.p, 0);
}

// True when `names` is `prefix`, or ends in it behind a dot.
static bool ends_in_labels(struct slice names, struct slice prefix)
{
        return slice_ends_with(names, prefix) && (names.n == prefix.n || names.p[names.n - prefix.n - 1] == '.');
}

// Signing name of the labels before the region.
static struct slice service_of(struct slice names)
{
        if (slice_ends_with(names, SLICE("-fips")))
                names = slice_head(names, names.n - 5);
        for (size_t i = 0; i < LENGTH(signing_names); i++) {
                if (ends_in_labels(names, signing_names[i].prefix))
                        return signing_names[i].service;
        }
        struct slice label = pop_label(&names);
        if (slice_starts_with(label, SLICE("s3express-"))) // s3express-usw2-az1: a zone
                return SLICE("s3express");
        return label;
}

static bool is_service(struct slice name)
{
        for (size_t i = 0; i < name.n; i++) {
                uint8_t c = name.p[i];
                if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'))
                        return false;
        }
        return name.n > 0;
}

// Below on.aws customers choose names, so only the forms that are known count.
static bool is_known_below_on_aws(struct slice host, struct slice names)
{
        static const struct slice known[] = {SLICE_INIT("lambda-url"), SLICE_INIT("dsql"),
                                             SLICE_INIT("vpc-lattice-svcs")};
        const struct slice domain = SLICE(".on.aws");
        if (host.n < domain.n || !slice_eq_ignore_case(slice_from(host, host.n - domain.n), domain))
                return true;
        return IS_IN(known, pop_label(&names));
}

static bool scope_without_region(struct slice names, struct slice host, struct slice *ret_service,
                                 struct slice *ret_region)
{
        struct slice label = pop_label(&names);
        bool is_commercial =
            slice_eq_ignore_case(slice_from(host, host.n > 14 ? host.n - 14 : 0), SLICE(".amazonaws.com"));
        if (slice_starts_with(label, SLICE("s3-")) && is_region(slice_from(label, 3))) { // s3-us-west-2: the old form
                *ret_service = SLICE("s3");
                *ret_region = slice_from(label, 3);
                return true;
        }
        if (!is_commercial || !(slice_eq(label, SLICE("s3")) || (slice_eq(label, SLICE("sts")) && names.n == 0)))
                return false;
        *ret_service = label;
        *ret_region = SLICE("us-east-1");
        return true;
}

bool sigv4_scope_of_host(struct slice host, struct slice *ret_service, struct slice *ret_region)
{
        host = slice_head(host, slice_find(host, ':'));
        if (slice_ends_with(host, SLICE(".")))
                host.n--;
        bool private_link = false;
        struct slice names = without_domain(host, &private_link);
        struct slice rest = names, region = pop_label(&rest);
        if (!is_region(region)) {
                struct slice before = rest, inner = pop_label(&before);
                if (is_region(inner) && IS_IN(after_region, region)) {
                        *ret_service = service_of(region);
                        *ret_region = inner;
                        return true;
                }
                return names.n > 0 && !private_link && scope_without_region(names, host, ret_service, ret_region);
        }
        if (private_link)
                rest = pop_label(&rest); // before it stand the endpoint's own labels
        if (ends_in_labels(rest, SLICE("dualstack")))
                pop_label(&rest); // s3.dualstack.us-west-2
        struct slice service = service_of(rest);
        if (!is_service(service) || !is_known_below_on_aws(host, rest))
                return false;
        *ret_service = service;
        *ret_region = region;
        return true;
}
