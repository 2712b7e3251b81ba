// SPDX-License-Identifier: Apache-2.0
#include "sidecar/app/sts_tokens.h"

#include <stdio.h>

#include "proto/wire/limits.h"
#include "sidecar/config/endpoints.h"
#include "sidecar/config/sts_endpoint.h"
#include "sidecar/providers/get_web_identity_token.h"
#include "sidecar/providers/sso_list.h"
#include "sidecar/vault/vault.h"

#define ENDING "/web_identity" // no configured profile has such a name

static int find_endpoint(const struct server_profile *p, struct slice region, struct web_identity_endpoint *ret,
                         struct error *e)
{
        return sts_endpoint_of(p->profile, region, ret, e);
}

static struct entry *add(void *context, const struct server_profile *p, const struct web_identity_endpoint *at,
                         const struct web_identity_request *request, struct provider **ret_provider, struct error *e)
{
        const struct sts_tokens_deps *deps = context;
        char name[LIMIT_PROFILE_NAME + sizeof(ENDING)];
        const struct credentials_source source = entry_source(p->entry);
        struct provider *provider = NULL;
        if (get_web_identity_token_new(&deps->providers, p->profile, &source, at, request, &provider, e) < 0)
                return NULL;
        (void)snprintf(name, sizeof(name), "%s" ENDING, p->name);
        const struct entry_options options = {
            .name = name, .shown_name = p->name, .on_demand = true, .upstream = at->url};
        struct entry *entry = vault_add(deps->vault, &options, provider);
        if (!entry)
                (void)error_set(e, ERROR_INTERNAL, "out of memory");
        *ret_provider = provider;
        return entry;
}

static void update(struct provider *provider, const struct server_profile *p)
{
        provider_set_profile(provider, p->profile);
}

struct server_web_identity sts_tokens_web_identity(const struct sts_tokens_deps *deps)
{
        return (struct server_web_identity){
            .find_endpoint = find_endpoint, .add = add, .update = update, .context = (void *)(uintptr_t)deps};
}

int sts_tokens_url(struct slice region, char *out, size_t out_size)
{
        return endpoints_resolve(ENDPOINTS_STS, region, 0, out, out_size);
}

static void *start_list(void *context, const struct server_profile *p, const struct sso_list_request *request,
                        void (*done)(void *arg, struct slice json, const struct error *e), void *arg, struct error *e)
{
        const struct sts_tokens_deps *deps = context;
        return sso_list_start(&deps->providers, p->profile, request, done, arg, e);
}

static void cancel_list(void *job)
{
        sso_list_abandon(job);
}

void sts_tokens_serve_sso(const struct sts_tokens_deps *deps, struct server *server)
{
        server_set_sso(server, &(struct server_sso){
                                   .start = start_list, .cancel = cancel_list, .context = (void *)(uintptr_t)deps});
}
