// SPDX-License-Identifier: Apache-2.0
// Profiles of ~/.aws/config for roles of IAM Identity Center: their names, and what has to be appended to the file.
// Pure functions.
#ifndef CLIENTS_CLI_SSO_PROFILES_H
#define CLIENTS_CLI_SSO_PROFILES_H

#include "clients/cli/sso_list.h"

#define SSO_NAME_TEMPLATE "{account_name}.{role_name}"

// The name of a role's profile by the template, in which {account_name}, {account_id} and {role_name} stand for values.
// Other characters than A-Z a-z 0-9 _ . @ + - become "-". False: it is empty or longer than a profile's name may be, or
// the template has an unknown {…}.
bool sso_profile_name(const char *name_template, const struct sso_role *role, char out[LIMIT_PROFILE_NAME + 1]);

enum sso_found {
        SSO_ABSENT, // no such section
        SSO_SAME,   // it has these values, and perhaps others
        SSO_OTHER   // it is another's
};

// What a file in the format of ~/.aws/config has under "[profile NAME]".
enum sso_found sso_profile_find(struct slice config, const char *name, const struct sso_login *login,
                                const struct sso_role *role);
bool sso_session_is_there(struct slice config, const char *session);

// Append to `out`. `region`: of the profile, or NULL.
void sso_profile_put(const char *name, const struct sso_login *login, const struct sso_role *role, const char *region,
                     struct buffer *out);
void sso_session_put(const struct sso_login *login, struct buffer *out);

#endif
