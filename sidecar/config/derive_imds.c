// SPDX-License-Identifier: Apache-2.0
// Owns where the instance metadata service is: the profile's keys, else the environment's, else AWS's own addresses.
#include "sidecar/base/env.h"
#include "sidecar/config/derive.h"
#include "sidecar/config/values.h"

#define ENV_ENDPOINT "AWS_EC2_METADATA_SERVICE_ENDPOINT"
#define ENV_MODE "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"
#define ENV_DISABLED "AWS_EC2_METADATA_DISABLED"

static const char *endpoint_of_mode(const char *mode)
{
        bool is_v6 = mode && slice_eq_ignore_case(slice_str(mode), SLICE("ipv6"));
        return is_v6 ? "http://[fd00:ec2::254]" : "http://169.254.169.254";
}

static int refuse(const struct reader *r, size_t node, bool is_env, enum values_url judged)
{
        const char *expected = judged == VALUES_URL_PLAIN
                                   ? "https: plain http is for loopback and link-local hosts only"
                                   : "a URL (http://169.254.169.254), no query, no user";
        if (is_env)
                return reader_refuse_variable(r, ENV_ENDPOINT, NULL, expected);
        reader_fail(r, reader_at(r, node, "endpoint"), "found an invalid value (not shown), expected %s", expected);
        return error_hint(r->e, "correct \"endpoint\", or remove it: %s is the default", endpoint_of_mode(NULL));
}

static int take_endpoint(const struct reader *r, size_t node, struct profile *p, const char *given, bool is_env)
{
        struct slice url = slice_str(given);
        enum values_url judged = values_check_endpoint(url);
        return judged == VALUES_URL_GOOD ? reader_keep_url(r, url, &p->imds.endpoint) : refuse(r, node, is_env, judged);
}

int derive_imds(const struct reader *r, size_t node, struct profile *p)
{
        const char *disabled = env_get(r->env, ENV_DISABLED);
        p->imds.is_disabled = disabled && slice_eq_ignore_case(slice_str(disabled), SLICE("true"));
        if (p->imds.endpoint)
                return take_endpoint(r, node, p, p->imds.endpoint, false);
        if (p->endpoint_url)
                return take_endpoint(r, node, p, p->endpoint_url, false);
        const char *mode = p->imds.endpoint_mode;
        if (!mode) {
                const char *endpoint = env_get(r->env, ENV_ENDPOINT);
                if (endpoint)
                        return take_endpoint(r, node, p, endpoint, true);
                mode = env_get(r->env, ENV_MODE);
                if (mode && !values_is_endpoint_mode(slice_str(mode)))
                        return reader_refuse_variable(r, ENV_MODE, mode, "IPv4 or IPv6");
        }
        return reader_keep(r, slice_str(endpoint_of_mode(mode)), &p->imds.endpoint);
}
