// SPDX-License-Identifier: Apache-2.0
// Accounts and roles that a user of IAM Identity Center may use (ListAccounts, ListAccountRoles), by the cached token
// of a profile: one page for each call. Loop thread only.
#ifndef SIDECAR_PROVIDERS_SSO_LIST_H
#define SIDECAR_PROVIDERS_SSO_LIST_H

#include "sidecar/base/sso_list_request.h"
#include "sidecar/providers/provider.h"

struct sso_list;

// `json`: {"accounts": [{"account_id", "account_name", "email_address"}], "next_token"} or {"roles": ["…"],
// "next_token"}, borrowed; or empty with `e`.
typedef void sso_list_done_fn(void *arg, struct slice json, const struct error *e);

// Starts the call for a profile of type sso, which is held. `done` is called once, from the loop, unless the list is
// abandoned before; it is freed after that. NULL with *e: nothing follows.
MUST_CHECK struct sso_list *sso_list_start(const struct provider_deps *deps, const struct profile *profile,
                                           const struct sso_list_request *request, sso_list_done_fn *done, void *arg,
                                           struct error *e);

// `done` is not called any more. The list goes when what is under way has ended.
void sso_list_abandon(struct sso_list *l);

#endif
