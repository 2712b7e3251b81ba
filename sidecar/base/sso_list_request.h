// SPDX-License-Identifier: Apache-2.0
// A page of what a user of IAM Identity Center may use.
#ifndef SIDECAR_BASE_SSO_LIST_REQUEST_H
#define SIDECAR_BASE_SSO_LIST_REQUEST_H

#include "proto/mem/slice.h"

struct sso_list_request {
        struct slice account_id; // its roles; empty: the accounts
        struct slice next_token; // of the page before; empty: the first
};

#endif
