// SPDX-License-Identifier: Apache-2.0
#include "sidecar/config/profile.h"

#include <assert.h>
#include <string.h>

#include "sidecar/config/settings.h"

static const char *const type_names[] = {"static",    "web_identity",  "roles_anywhere", "assume_role",
                                         "container", "imds",          "process",        "sso",
                                         "login",     "shared_config", "default_chain"};

static_assert(sizeof(type_names) / sizeof(type_names[0]) == PROFILE_TYPE_COUNT, "name every type");

void profile_hold(const struct profile *p)
{
        if (p && p->settings)
                settings_hold(p->settings);
}

void profile_release(const struct profile *p)
{
        if (p)
                settings_release(p->settings);
}

const char *profile_type_name(enum profile_type type)
{
        return type_names[type];
}

const char *profile_shown_name(const struct profile *p)
{
        return p->stands_for ? p->stands_for : p->name;
}
