// SPDX-License-Identifier: Apache-2.0
#include "sidecar/providers/login.h"

#include "sidecar/providers/provider.h"

int provider_login(struct provider *p, struct slice token_code, struct error *e)
{
        if (p->login)
                return p->login->begin(p, token_code, e);
        return error_set(e, ERROR_CONFIG, "no person is needed for these credentials");
}

void provider_login_status(const struct provider *p, struct login_status *ret)
{
        *ret = (struct login_status){.kind = LOGIN_NONE};
        if (p->login)
                p->login->status(p, ret);
}

void provider_login_moved(struct provider *p)
{
        if (p->login_moved)
                p->login_moved(p->login_arg);
}
