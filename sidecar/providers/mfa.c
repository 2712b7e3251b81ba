// SPDX-License-Identifier: Apache-2.0
#include "sidecar/providers/mfa.h"

#include "sidecar/config/profile.h"
#include "sidecar/providers/hints.h"

enum { CODE_DIGITS = 6, GOOD_FOR_MS = 60 * 1000 };

static bool is_code(struct slice code)
{
        for (size_t i = 0; i < code.n; i++)
                if (code.p[i] < '0' || code.p[i] > '9')
                        return false;
        return code.n == CODE_DIGITS;
}

int mfa_give(struct mfa *m, struct slice code, int64_t now_ms, struct error *e)
{
        struct secret copy;
        if (!is_code(code)) {
                (void)error_set(e, ERROR_CONFIG, "invalid MFA code: expected six digits");
                return error_hint(e, "enter the code that the device shows now");
        }
        if (secret_copy(&copy, code) < 0)
                return error_set(e, ERROR_INTERNAL, "out of memory");
        secret_clear(&m->given);
        m->given = copy;
        m->given_ms = now_ms;
        return 0;
}

static int hint_login(const struct profile *p, struct error *e)
{
        const char *name = profile_shown_name(p);
        return error_hint(e, "run \"keyfob login %s\", or POST the code to /v1/profiles/%s/login", name, name);
}

int mfa_take(struct mfa *m, const struct profile *p, int64_t now_ms, struct error *e)
{
        bool is_old = now_ms - m->given_ms > GOOD_FOR_MS;
        secret_clear(&m->used);
        if (m->given.n > 0 && !is_old) {
                m->used = m->given;
                m->given = (struct secret){NULL, 0};
                return 0;
        }
        secret_clear(&m->given);
        (void)error_set(e, ERROR_INTERACTION, "the role requires a code of the MFA device %.256s", p->role.mfa_serial);
        e->wants_code = true;
        return hint_login(p, e);
}

void mfa_forget_given(struct mfa *m)
{
        secret_clear(&m->given);
}

void mfa_forget(struct mfa *m)
{
        secret_clear(&m->given);
        secret_clear(&m->used);
}

void mfa_explain(const struct profile *p, struct error *e)
{
        if (!hints_code_is(e, "AccessDenied") || !hints_text_has(e->upstream.message, "MultiFactorAuthentication"))
                return;
        e->kind = ERROR_INTERACTION;
        e->wants_code = true;
        (void)error_hint(e,
                         "wait for the next code of %.200s: this one was wrong, or was used before; if that fails too, "
                         "set the device's clock",
                         p->role.mfa_serial);
}
