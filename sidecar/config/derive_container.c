// SPDX-License-Identifier: Apache-2.0
// Owns where a container profile asks, and with which token. A URI and its token belong together: the environment's
// token goes to the environment's URI only. Of two URIs the relative one wins, of two tokens the file, as in the AWS
// SDKs. URIs are not repeated in messages: their paths are as good as passwords on ECS.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "sidecar/base/env.h"
#include "sidecar/config/derive.h"
#include "sidecar/config/values.h"

#define ECS_BASE "http://169.254.170.2"
#define KEY_RELATIVE "aws_container_credentials_relative_uri"
#define KEY_FULL "aws_container_credentials_full_uri"
#define ENV_RELATIVE "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
#define ENV_FULL "AWS_CONTAINER_CREDENTIALS_FULL_URI"
#define ENV_TOKEN "AWS_CONTAINER_AUTHORIZATION_TOKEN"
#define ENV_TOKEN_FILE "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"

// Says what is wrong with the value of `key`, or with that of the environment's `variable` if it came from there.
static int refuse(const struct reader *r, size_t node, const char *key, const char *variable, const char *expected)
{
        if (!key)
                return reader_refuse_variable(r, variable, NULL, expected);
        reader_fail(r, reader_at(r, node, key), "found an invalid value (not shown), expected %s", expected);
        return error_hint(r->e, "correct \"%s\", or remove it to use %s", key, variable);
}

// An IPv6 address between brackets: ::1, or that of the EKS Pod Identity agent.
static bool is_agent_v6(struct slice host)
{
        static const uint8_t eks[16] = {0xfd, 0x00, 0x0e, 0xc2, [15] = 0x23};
        char text[INET6_ADDRSTRLEN] = "";
        struct in6_addr address;
        if (host.n < 3 || host.n - 2 >= sizeof(text))
                return false;
        memcpy(text, host.p + 1, host.n - 2);
        if (inet_pton(AF_INET6, text, &address) != 1)
                return false;
        return IN6_IS_ADDR_LOOPBACK(&address) || memcmp(address.s6_addr, eks, sizeof(eks)) == 0;
}

// Whether plain HTTP to a host is allowed. Names are not resolved: their address may change before the request.
static bool is_agent(struct slice host)
{
        char text[INET_ADDRSTRLEN] = "";
        struct in_addr address;
        if (host.n > 0 && host.p[0] == '[')
                return is_agent_v6(host);
        if (slice_eq_ignore_case(host, SLICE("localhost")))
                return true;
        if (host.n >= sizeof(text))
                return false;
        memcpy(text, host.p, host.n);
        if (inet_pton(AF_INET, text, &address) != 1)
                return false;
        return ntohl(address.s_addr) >> 24 == 127 || slice_eq(host, SLICE("169.254.170.2")) ||
               slice_eq(host, SLICE("169.254.170.23"));
}

static struct slice host_of_plain(struct slice url)
{
        struct slice rest = slice_from(url, strlen("http://"));
        struct slice authority = slice_head(rest, slice_find(rest, '/'));
        bool is_bracketed = authority.n > 0 && authority.p[0] == '[';
        return slice_head(authority, slice_find(authority, is_bracketed ? ']' : ':') + (is_bracketed ? 1 : 0));
}

// NULL, or what is expected instead.
static const char *check_full(struct slice url)
{
        struct slice base = slice_head(url, slice_find(url, '?'));
        struct slice query = slice_from(url, base.n);
        enum values_url judged = values_check_endpoint(base);
        bool is_query = query.n == 0 || (values_is_authorization(query) && slice_find(query, ' ') == query.n &&
                                         slice_find(query, '#') == query.n);
        if (judged == VALUES_URL_BAD || !is_query)
                return "a URL such as http://169.254.170.23/v1/credentials, without a user";
        if (slice_eq_ignore_case(slice_head(base, 8), SLICE("https://")) || is_agent(host_of_plain(base)))
                return NULL;
        return "https, or plain http to a loopback address, localhost, 169.254.170.2, 169.254.170.23 or "
               "[fd00:ec2::23]";
}

// `is_env`: the URIs are the environment's.
static int take_url(const struct reader *r, size_t node, struct profile *p, bool is_env)
{
        if (p->container.relative_uri) {
                if (!values_is_path_and_query(slice_str(p->container.relative_uri)))
                        return refuse(r, node, is_env ? NULL : KEY_RELATIVE, ENV_RELATIVE, "a path that begins with /");
                return reader_keep_print(r, &p->container.url, "%s%s", ECS_BASE, p->container.relative_uri);
        }
        if (p->container.full_uri) {
                const char *expected = check_full(slice_str(p->container.full_uri));
                if (expected)
                        return refuse(r, node, is_env ? NULL : KEY_FULL, ENV_FULL, expected);
                p->container.url = p->container.full_uri;
                return 0;
        }
        reader_fail(r, node, "found neither \"%s\" nor \"%s\", nor their variables in the environment", KEY_RELATIVE,
                    KEY_FULL);
        return error_hint(r->e,
                          "ECS sets %s in a task with a task role, EKS Pod Identity %s in a pod with an association: "
                          "check that this container has one, or set the key",
                          ENV_RELATIVE, ENV_FULL);
}

static int take_env_token(const struct reader *r, struct profile *p)
{
        const char *path = env_get(r->env, ENV_TOKEN_FILE);
        const char *token = env_get(r->env, ENV_TOKEN);
        if (path)
                return reader_keep_env_path(r, path, &p->container.authorization_token_file) < 0
                           ? -1
                           : reader_judge_file_of(r, "environment: " ENV_TOKEN_FILE,
                                                  p->container.authorization_token_file);
        if (!token)
                return 0;
        if (!values_is_authorization(slice_str(token)))
                return reader_refuse_variable(r, ENV_TOKEN, NULL, "a token without line breaks");
        return reader_keep_secret(r, slice_str(token), &p->container.authorization_token);
}

static int take_env_uri(const struct reader *r, const char *name, char **ret)
{
        const char *value = env_get(r->env, name);
        return value ? reader_keep(r, slice_str(value), ret) : 0;
}

int derive_container(const struct reader *r, size_t node, struct profile *p)
{
        if (p->endpoint_url) {
                reader_fail(r, reader_at(r, node, "endpoint_url"),
                            "found \"endpoint_url\" in a container profile, expected \"%s\"", KEY_FULL);
                return error_hint(r->e, "set \"%s\" instead", KEY_FULL);
        }
        bool is_env = !p->container.relative_uri && !p->container.full_uri;
        if (is_env && (take_env_uri(r, ENV_RELATIVE, &p->container.relative_uri) < 0 ||
                       take_env_uri(r, ENV_FULL, &p->container.full_uri) < 0))
                return -1;
        if (take_url(r, node, p, is_env) < 0)
                return -1;
        bool has_token = p->container.authorization_token_file || p->container.authorization_token.n > 0;
        return is_env && !has_token ? take_env_token(r, p) : 0;
}
