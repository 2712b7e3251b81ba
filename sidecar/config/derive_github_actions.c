// SPDX-License-Identifier: Apache-2.0
// What GitHub Actions gives a job that may ask for a token: where, and a token to ask with.
#include "sidecar/base/env.h"
#include "sidecar/config/derive.h"
#include "sidecar/config/values.h"

#define URL_NAME "ACTIONS_ID_TOKEN_REQUEST_URL"
#define TOKEN_NAME "ACTIONS_ID_TOKEN_REQUEST_TOKEN"

static int refuse_missing(const struct reader *r, size_t node, const char *name)
{
        reader_fail(r, reader_at(r, node, "web_identity_token_source"),
                    "found no %s in the environment, which GitHub Actions sets for jobs that may request tokens", name);
        return error_hint(r->e, "give the job \"permissions: id-token: write\", and start the agent in a step "
                                "of it with that step's environment");
}

static int refuse_value(const struct reader *r, const char *name, const char *expected)
{
        (void)reader_refuse_variable(r, name, NULL, expected);
        return error_hint(r->e, "use %s as GitHub Actions sets it", name);
}

// An endpoint, with a query perhaps.
static bool is_good_url(struct slice url)
{
        struct slice query = slice_from(url, slice_find(url, '?'));
        for (size_t i = 0; i < query.n; i++)
                if (query.p[i] <= ' ' || query.p[i] >= 0x7f || query.p[i] == '#')
                        return false;
        return values_check_endpoint(slice_head(url, url.n - query.n)) == VALUES_URL_GOOD;
}

int derive_github_actions(const struct reader *r, size_t node, struct profile *p)
{
        if (!p->web_identity.token_source)
                return 0;
        const char *url = env_get(r->env, URL_NAME);
        const char *token = env_get(r->env, TOKEN_NAME);
        if (!url || !token)
                return refuse_missing(r, node, url ? TOKEN_NAME : URL_NAME);
        if (!is_good_url(slice_str(url)))
                return refuse_value(r, URL_NAME, "a URL with https (or http to this host)");
        if (!values_is_authorization(slice_str(token)))
                return refuse_value(r, TOKEN_NAME, "a token without line breaks");
        if (reader_keep_secret(r, slice_str(token), &p->web_identity.request_token) < 0 ||
            (!p->web_identity.audience && reader_keep(r, SLICE("sts.amazonaws.com"), &p->web_identity.audience) < 0))
                return -1;
        return reader_keep(r, slice_str(url), &p->web_identity.request_url);
}
