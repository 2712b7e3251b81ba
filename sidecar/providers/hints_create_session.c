// SPDX-License-Identifier: Apache-2.0
#include "sidecar/config/profile.h"
#include "sidecar/providers/hints.h"
#include "sidecar/providers/hints_common.h"

static void hint_untrusted(const char *subject, const char *serial, struct error *e)
{
        (void)error_hint(e,
                         "AWS found no path from the certificate (%.100s, serial %s) to the trust anchor: it must be "
                         "enabled and hold the issuing CA, and intermediates belong into certificate_chain.",
                         subject, serial);
}

static void hint_access(const struct role_settings *role, struct error *e)
{
        (void)error_hint(
            e,
            "AWS does not say which: trust anchor and profile enabled; role_arn listed in that profile; "
            "the role's trust policy allowing sts:AssumeRole, sts:TagSession and sts:SetSourceIdentity to "
            "rolesanywhere.amazonaws.com.%s",
            role->role_session_name ? " role_session_name was sent: the profile must have acceptRoleSessionName." : "");
}

void hints_create_session(const struct profile *profile, const char *subject, const char *serial, struct error *e)
{
        if (hints_text_has(e->upstream.message, "untrusted"))
                hint_untrusted(subject, serial, e);
        else if (hints_common(e) || hints_validation(e))
                return;
        else if (hints_code_is(e, "AccessDeniedException") || hints_code_is(e, "AccessDenied"))
                hint_access(&profile->role, e);
        else if (hints_code_is(e, "ResourceNotFoundException"))
                (void)error_hint(e, "trust_anchor_arn and profile_arn must exist in region %s and account of the ARNs.",
                                 profile->issuer_region ? profile->issuer_region : "of the endpoint");
}
