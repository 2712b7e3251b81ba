// SPDX-License-Identifier: Apache-2.0
// Amazon Resource Names, and the kinds of them that a profile names.
#ifndef SIDECAR_CONFIG_ARN_H
#define SIDECAR_CONFIG_ARN_H

#include <stdbool.h>

#include "proto/mem/must_check.h"
#include "proto/mem/slice.h"

struct arn {
        struct slice partition, service, region, account, resource; // borrowed from the parsed text
};

// "arn:<partition>:<service>:<region>:<account>:<resource>", 20 to 2048 characters. 0, or -EINVAL.
MUST_CHECK int arn_parse(struct slice text, struct arn *ret);

bool arn_is_role(struct slice text);                   // arn:aws:iam::111122223333:role/path/name
bool arn_is_policy(struct slice text);                 // arn:aws:iam::aws:policy/name, or an account's own
bool arn_is_trust_anchor(struct slice text);           // arn:aws:rolesanywhere:us-east-1:111122223333:trust-anchor/id
bool arn_is_roles_anywhere_profile(struct slice text); // …:profile/id

#endif
