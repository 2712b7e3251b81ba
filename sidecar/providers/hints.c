// SPDX-License-Identifier: Apache-2.0
// What all services have in common, and AssumeRole. AWS answers most refusals with AccessDenied and does not say which
// of several causes it was, so a hint lists those that what was sent leaves possible.
#include "sidecar/providers/hints.h"

#include "proto/mem/length.h"
#include "sidecar/config/profile.h"
#include "sidecar/providers/hints_common.h"

static const struct code_hint {
        const char *code, *hint;
} common_hints[] = {
    {"MalformedPolicyDocument", "The session policy in `policy` is no valid IAM policy: compare it with the message."},
    {"PackedPolicyTooLarge", "The session policy, policy ARNs and tags are too large together: send fewer of them."},
    {"RequestExpired", "This host's clock differs from AWS's by more than AWS allows: set it (NTP)."},
    {"RequestTimeTooSkewed", "This host's clock differs from AWS's by more than AWS allows: set it (NTP)."},
    {"RequestInTheFuture", "This host's clock differs from AWS's by more than AWS allows: set it (NTP)."},
    {"IncompleteSignature", "Something between this host and AWS changed the request: check endpoint_url and proxies."},
    {"MissingAuthenticationToken",
     "Something between this host and AWS removed the signature: check endpoint_url and proxies."},
};

bool hints_text_has(const char *text, const char *part)
{
        return strcasestr(text, part) != NULL;
}

bool hints_code_is(const struct error *e, const char *code)
{
        return strcmp(e->upstream.code, code) == 0;
}

bool hints_common(struct error *e)
{
        for (size_t i = 0; i < LENGTH(common_hints); i++) {
                if (hints_code_is(e, common_hints[i].code)) {
                        (void)error_hint(e, "%s", common_hints[i].hint);
                        return true;
                }
        }
        return false;
}

bool hints_source_keys(const struct profile *profile, struct error *e)
{
        const char *source = profile->source_profile ? profile->source_profile : "?";
        if (hints_code_is(e, "ExpiredToken") || hints_code_is(e, "ExpiredTokenException"))
                (void)error_hint(
                    e,
                    "The credentials of source profile %s have expired; the next attempt fetches new ones. "
                    "Static ones must be replaced.",
                    source);
        else if (hints_code_is(e, "InvalidClientTokenId") || hints_code_is(e, "UnrecognizedClientException"))
                (void)error_hint(e,
                                 "The access key of source profile %s is unknown or disabled, lacks its session token, "
                                 "or belongs to another partition than the endpoint.",
                                 source);
        else if (hints_code_is(e, "SignatureDoesNotMatch") || hints_code_is(e, "InvalidSignatureException"))
                (void)error_hint(e, "Check the secret access key of source profile %s and this host's clock.", source);
        else
                return false;
        return true;
}

bool hints_region_disabled(const struct profile *profile, struct error *e)
{
        if (!hints_code_is(e, "RegionDisabledException"))
                return false;
        (void)error_hint(e,
                         "STS is switched off in region %s for the account: activate it in IAM's account settings, or "
                         "set sts_region to another region.",
                         profile->issuer_region ? profile->issuer_region : "of the endpoint");
        return true;
}

bool hints_validation(struct error *e)
{
        if (!hints_code_is(e, "ValidationError") && !hints_code_is(e, "ValidationException"))
                return false;
        const char *message = e->upstream.message;
        if (hints_text_has(message, "chaining") || hints_text_has(message, "1 hour session limit"))
                (void)error_hint(e, "A role that is assumed with another role's credentials lives one hour at most: "
                                    "set duration_seconds to 3600 or less, or leave it out.");
        else if (hints_text_has(message, "duration"))
                (void)error_hint(e, "Lower duration_seconds to the role's maximum session duration, or raise that "
                                    "maximum.");
        else
                (void)error_hint(e, "A parameter of the profile is outside AWS's limits: compare it with the message.");
        return true;
}

static void hint_role_access(const struct role_settings *role, struct error *e)
{
        const char *external = role->external_id
                                   ? " An external ID was sent; AWS does not tell a wrong one from a missing "
                                     "permission: compare it with sts:ExternalId in the trust policy."
                                   : " No external ID was sent: set external_id if the trust policy asks for one.";
        (void)error_hint(e,
                         "The role must exist, its trust policy name the caller, and the caller's policy allow "
                         "sts:AssumeRole on it.%s%s%s",
                         external, role->tags_count > 0 ? " Tags need sts:TagSession." : "",
                         role->source_identity ? " A source identity needs sts:SetSourceIdentity." : "");
}

void hints_assume_role(const struct profile *profile, struct error *e)
{
        if (hints_common(e) || hints_region_disabled(profile, e) || hints_validation(e))
                return;
        if (hints_code_is(e, "AccessDenied") || hints_code_is(e, "AccessDeniedException"))
                hint_role_access(&profile->role, e);
        else
                (void)hints_source_keys(profile, e);
}
