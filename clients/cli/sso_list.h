// SPDX-License-Identifier: Apache-2.0
// The accounts and roles that a user of IAM Identity Center may use, as the agent lists them page by page.
#ifndef CLIENTS_CLI_SSO_LIST_H
#define CLIENTS_CLI_SSO_LIST_H

#include "clients/c/client.h"
#include "proto/wire/limits.h"

enum { SSO_TEXT_SIZE = 256, SSO_ROLES_MAX = 50000, SSO_PAGES_MAX = 10000 };

// A profile of the agent with such a login.
struct sso_login {
        char profile[LIMIT_PROFILE_NAME + 1];
        char session[SSO_TEXT_SIZE];       // the name of the session, or the start URL of one without a name
        char start_url[2 * SSO_TEXT_SIZE]; // "": unknown
        char region[SSO_TEXT_SIZE];        // of IAM Identity Center; "": unknown
};

struct sso_role {
        char account_id[13];
        char account_name[SSO_TEXT_SIZE]; // what a terminal might obey is "?"
        char role_name[SSO_TEXT_SIZE];
};

struct sso_roles {
        struct sso_role *items; // from malloc()
        size_t count, capacity;
};

// Finds the profile to ask with: `profile`, or if it is NULL the one whose login has this session or start URL (NULL:
// any, if all have the same). An exit code, after a message unless EXIT_OK.
MUST_CHECK int sso_find_login(struct keyfob_client *client, const char *profile, const char *session,
                              const char *start_url, struct sso_login *ret);

// All roles of all accounts, in the order of AWS. The caller frees *ret with sso_roles_free() in any case. An exit
// code.
MUST_CHECK int sso_list_roles(struct keyfob_client *client, const char *profile, struct sso_roles *ret);

void sso_roles_free(struct sso_roles *roles);

#endif
