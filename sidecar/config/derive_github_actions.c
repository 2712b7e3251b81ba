// SPDX-License-Identifier: Apache-2.0
// What GitHub Actions gives a job that may ask for a token: where, and a token to ask with.
#include "sidecar/base/env.h"
#include "sidecar/config/derive.h"
#include "sidecar/config/values.h"

#define URL_NAME "ACTIONS_ID_TOKEN_REQUEST_URL"
#define TOKEN_NAME "ACTIONS_ID_TOKEN_REQUEST_TOKEN"

static int refuse_missing(struct derivation *d, size_t node, const char *name)
{
        reader_fail(d->reader, reader_at(d->reader, node, "web_identity_token_source"),
                    "found no %s in the environment, expected what GitHub Actions gives a job that may ask for tokens",
                    name);
        return error_hint(d->reader->e, "give the job \"permissions: id-token: write\", and start the agent in a step "
                                        "of it with that step's environment");
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

int derive_github_actions(struct derivation *d, size_t node, struct profile *p)
{
        static const char default_audience[] = "sts.amazonaws.com";
        if (!p->web_identity.token_source)
                return 0;
        const char *url = env_get(d->env, URL_NAME);
        const char *token = env_get(d->env, TOKEN_NAME);
        if (!url || !token)
                return refuse_missing(d, node, url ? TOKEN_NAME : URL_NAME);
        if (!is_good_url(slice_str(url))) {
                error_set(d->reader->e, ERROR_CONFIG,
                          "environment: %s: found another form, expected a URL with https (or http to this host)",
                          URL_NAME);
                return error_hint(d->reader->e, "leave %s as GitHub Actions sets it", URL_NAME);
        }
        if (!values_is_authorization(slice_str(token))) {
                error_set(d->reader->e, ERROR_CONFIG, "environment: %s: found bytes that no token has", TOKEN_NAME);
                return error_hint(d->reader->e, "leave %s as GitHub Actions sets it", TOKEN_NAME);
        }
        char *copy = arena_copy(d->reader->secrets, slice_str(token));
        if (!copy)
                return reader_no_memory(d->reader);
        p->web_identity.request_token = (struct secret){(uint8_t *)copy, strlen(copy)};
        if (!p->web_identity.audience &&
            reader_keep(d->reader, slice_str(default_audience), &p->web_identity.audience) < 0)
                return -1;
        return reader_keep(d->reader, slice_str(url), &p->web_identity.request_url);
}
