// SPDX-License-Identifier: Apache-2.0
#include "proto/mem/time.h"
#include "sidecar/config/profile.h"
#include "sidecar/providers/hints.h"
#include "sidecar/providers/hints_common.h"
#include "sidecar/providers/jwt.h"

static const char *or_unknown(const char *claim)
{
        return claim[0] != '\0' ? claim : "unknown";
}

static void hint_expired(const struct profile *profile, const struct jwt_claims *claims, struct error *e)
{
        char expired[TIME_RFC3339_SIZE] = "";
        if (claims->has_expiry && time_format_rfc3339(claims->expires_s, expired) < 0)
                expired[0] = '\0';
        if (!profile->web_identity_token_file) {
                (void)error_hint(e,
                                 "The token was new, and expired%s%s: it lives only a few minutes, so the issuer's "
                                 "clock may be off.",
                                 expired[0] != '\0' ? " at " : "", expired);
                return;
        }
        (void)error_hint(e,
                         "The token in %.120s expired%s%s (aud %s) and nothing has renewed it: check whatever writes "
                         "that file, such as the projected service account volume of the container.",
                         profile->web_identity_token_file, expired[0] != '\0' ? " at " : "", expired,
                         or_unknown(claims->audience));
}

static void hint_untrusted(const struct jwt_claims *claims, struct error *e)
{
        (void)error_hint(e,
                         "The role's account needs an IAM OIDC provider for the token's issuer (%s) that lists its "
                         "audience (%s), and AWS must be able to fetch the issuer's keys.",
                         or_unknown(claims->issuer), or_unknown(claims->audience));
}

static void hint_access(const struct jwt_claims *claims, struct error *e)
{
        (void)error_hint(e,
                         "The role must exist, and its trust policy allow sts:AssumeRoleWithWebIdentity to the OIDC "
                         "provider, with conditions that this token meets: sub %s, aud %s.",
                         or_unknown(claims->subject), or_unknown(claims->audience));
}

void hints_web_identity(const struct profile *profile, struct slice token, struct error *e)
{
        if (hints_common(e) || hints_region_disabled(profile, e) || hints_validation(e))
                return;
        struct jwt_claims claims;
        (void)jwt_read_claims(token, &claims);
        bool is_expired = hints_code_is(e, "ExpiredTokenException") || hints_code_is(e, "ExpiredToken") ||
                          (hints_code_is(e, "InvalidIdentityToken") && hints_text_has(e->upstream.message, "expired"));
        if (is_expired)
                hint_expired(profile, &claims, e);
        else if (hints_code_is(e, "InvalidIdentityToken"))
                hint_untrusted(&claims, e);
        else if (hints_code_is(e, "IDPCommunicationError"))
                (void)error_hint(e,
                                 "AWS could not reach the token's issuer (%s). The next attempt comes by itself; if it "
                                 "stays so, check that the issuer's keys can be fetched from the internet.",
                                 or_unknown(claims.issuer));
        else if (hints_code_is(e, "IDPRejectedClaim"))
                (void)error_hint(e, "The token's issuer (%s) says that the token is revoked or expired.",
                                 or_unknown(claims.issuer));
        else if (hints_code_is(e, "AccessDenied") || hints_code_is(e, "AccessDeniedException"))
                hint_access(&claims, e);
}
