// SPDX-License-Identifier: Apache-2.0
// AWS answers most refusals with AccessDenied and does not name the cause, so a hint lists the causes that the request
// leaves possible.
#include "sidecar/providers/hints.h"

#include <stdio.h>

#include "proto/mem/length.h"
#include "proto/mem/time.h"
#include "sidecar/config/profile.h"
#include "sidecar/providers/jwt.h"

enum {
        ROLE = HINTS_ASSUME_ROLE,
        WEB = HINTS_WEB_IDENTITY,
        SESSION = HINTS_CREATE_SESSION,
        SECRET = HINTS_GET_SECRET_VALUE,
        TOKEN = HINTS_GET_WEB_IDENTITY_TOKEN,
        ALL = ROLE | WEB | SESSION | SECRET | TOKEN
};

#define CLOCK "set this host's clock (NTP): it differs from AWS's by more than AWS allows"
#define CHAINED                                                                                                        \
        "set duration_seconds to 3600 or less, or leave it out: a role that is assumed with another role's "           \
        "credentials (role chaining) lives one hour at most"
#define DURATION "lower duration_seconds to the role's maximum session duration, or raise that maximum"
#define LIMITS "compare the profile with AWS's message: a parameter is outside AWS's limits"
#define KEYS_EXPIRED                                                                                                   \
        "replace the credentials of source profile {source} if they are static: they have expired; others are "        \
        "fetched anew at the next attempt"
#define KEYS_UNKNOWN                                                                                                   \
        "check the access key of source profile {source}: it is unknown or disabled, lacks its session token, or "     \
        "belongs to another partition than the endpoint"
#define KEYS_WRONG "check the secret access key of source profile {source}, and this host's clock"
#define ROLE_ACCESS                                                                                                    \
        "check that the role exists, that its trust policy names the caller, and that the caller's policy allows "     \
        "sts:AssumeRole on it{tags}{identity}; {external_id}"
#define WEB_ACCESS                                                                                                     \
        "check that the role exists, and that its trust policy allows sts:AssumeRoleWithWebIdentity to the OIDC "      \
        "provider with conditions that this token meets: sub {sub}, aud {aud}"
#define SESSION_ACCESS                                                                                                 \
        "check each of these, as AWS does not name the cause: trust anchor and profile are enabled; role_arn is "      \
        "listed in "                                                                                                   \
        "that profile; the role's trust policy allows sts:AssumeRole, sts:TagSession and sts:SetSourceIdentity to "    \
        "rolesanywhere.amazonaws.com{session_name}"
#define SECRET_ACCESS                                                                                                  \
        "; a secret of another account also takes a resource policy, its whole ARN as secret_id, and a KMS key of "    \
        "that account's own"
#define SECRET_KMS "allow kms:Decrypt on the secret's KMS key to source profile {source}" SECRET_ACCESS
#define SECRET_GET "allow secretsmanager:GetSecretValue on the secret to source profile {source}" SECRET_ACCESS

#define TOKEN_ACCESS                                                                                                   \
        "allow sts:GetWebIdentityToken to the profile's identity, and check the conditions of that policy on "         \
        "sts:IdentityTokenAudience, sts:DurationSeconds and sts:SigningAlgorithm"
#define OWN_KEYS_EXPIRED "replace the profile's credentials if they are static: they have expired"
#define OWN_KEYS_UNKNOWN                                                                                               \
        "check the profile's access key: it is unknown or disabled, lacks its session token, or belongs to another "   \
        "partition than the endpoint of STS"

// The first that matches counts.
static const struct rule {
        unsigned calls;
        const char *code; // NULL: any
        const char *part; // of the message; NULL: any
        const char *hint; // "{name}" stands for a value
} rules[] = {
    {SESSION, NULL, "untrusted",
     "check the trust anchor: it must be enabled and hold the CA that issued the certificate ({subject}, serial "
     "{serial}); put intermediates into certificate_chain"},
    {ALL, "MalformedPolicyDocument", NULL, "correct the session policy in `policy`: it is not a valid IAM policy"},
    {ALL, "PackedPolicyTooLarge", NULL,
     "send fewer of session policy, policy ARNs and tags: they are too large together"},
    {ALL, "RequestExpired", NULL, CLOCK},
    {ALL, "RequestTimeTooSkewed", NULL, CLOCK},
    {ALL, "RequestInTheFuture", NULL, CLOCK},
    {ALL, "IncompleteSignature", NULL,
     "check endpoint_url and the proxies: something between this host and AWS changed the request"},
    {ALL, "MissingAuthenticationToken", NULL,
     "check endpoint_url and the proxies: something between this host and AWS removed the signature"},
    {TOKEN, "OutboundWebIdentityFederationDisabledException", NULL,
     "enable outbound web identity federation in the account: aws iam enable-outbound-web-identity-federation"},
    {TOKEN, "SessionDurationEscalationException", NULL,
     "ask for a shorter duration_seconds: the token would outlive the credentials that sign the request"},
    {TOKEN, "JWTPayloadSizeExceededException", NULL, "send fewer or shorter audiences and tags"},
    {TOKEN, "AccessDenied", NULL, TOKEN_ACCESS},
    {TOKEN, "AccessDeniedException", NULL, TOKEN_ACCESS},
    {TOKEN, "RegionDisabledException", NULL,
     "activate STS in this region in the account settings of IAM, or give another \"region\""},
    {TOKEN, "ValidationError", NULL, "compare the request with AWS's message: a parameter is outside AWS's limits"},
    {TOKEN, "InvalidAction", NULL, "check the endpoint of STS: it does not know GetWebIdentityToken"},
    {TOKEN, "ExpiredToken", NULL, OWN_KEYS_EXPIRED},
    {TOKEN, "ExpiredTokenException", NULL, OWN_KEYS_EXPIRED},
    {TOKEN, "InvalidClientTokenId", NULL, OWN_KEYS_UNKNOWN},
    {ROLE | WEB, "RegionDisabledException", NULL,
     "activate STS in region {region} in the account settings of IAM, or set sts_region to another region"},
    {ROLE | WEB | SESSION, "ValidationError", "chaining", CHAINED},
    {ROLE | WEB | SESSION, "ValidationError", "1 hour session limit", CHAINED},
    {ROLE | WEB | SESSION, "ValidationError", "duration", DURATION},
    {ROLE | WEB | SESSION, "ValidationError", NULL, LIMITS},
    {ROLE | WEB | SESSION, "ValidationException", "duration", DURATION},
    {ROLE | WEB | SESSION, "ValidationException", NULL, LIMITS},
    {ROLE, "AccessDenied", NULL, ROLE_ACCESS},
    {ROLE, "AccessDeniedException", NULL, ROLE_ACCESS},
    {WEB, "ExpiredTokenException", NULL, "{expired_token}"},
    {WEB, "ExpiredToken", NULL, "{expired_token}"},
    {WEB, "InvalidIdentityToken", "expired", "{expired_token}"},
    {WEB, "InvalidIdentityToken", NULL,
     "add an IAM OIDC provider for the token's issuer ({iss}) with its audience ({aud}) to the role's account; AWS "
     "must be able to fetch the issuer's keys"},
    {WEB, "IDPCommunicationError", NULL,
     "wait: AWS could not reach the token's issuer ({iss}), and the agent tries again by itself; if that lasts, check "
     "that the issuer's keys can be fetched from the internet"},
    {WEB, "IDPRejectedClaim", NULL, "get a new token: its issuer ({iss}) reports it as revoked or expired"},
    {WEB, "AccessDenied", NULL, WEB_ACCESS},
    {WEB, "AccessDeniedException", NULL, WEB_ACCESS},
    {SESSION, "AccessDenied", NULL, SESSION_ACCESS},
    {SESSION, "AccessDeniedException", NULL, SESSION_ACCESS},
    {SESSION, "ResourceNotFoundException", NULL,
     "check trust_anchor_arn and profile_arn: both must exist in region {region} and the account of the ARNs"},
    {SECRET, "ResourceNotFoundException", NULL,
     "compare secret_id, version_id, version_stage and region with the secret's ARN: region {region} has no such "
     "secret, or no such version of it"},
    {SECRET, "AccessDeniedException", "kms", SECRET_KMS},
    {SECRET, "AccessDeniedException", NULL, SECRET_GET},
    {SECRET, "AccessDenied", "kms", SECRET_KMS},
    {SECRET, "AccessDenied", NULL, SECRET_GET},
    {SECRET, "DecryptionFailure", NULL,
     "enable the secret's KMS key, and allow kms:Decrypt on it to source profile {source}: KMS could not decrypt the "
     "secret"},
    {SECRET, "InvalidRequestException", "delet",
     "restore the secret, which is marked for deletion, or name another one in secret_id"},
    {ROLE | SECRET, "ExpiredToken", NULL, KEYS_EXPIRED},
    {ROLE | SECRET, "ExpiredTokenException", NULL, KEYS_EXPIRED},
    {ROLE | SECRET, "InvalidClientTokenId", NULL, KEYS_UNKNOWN},
    {ROLE | SECRET, "UnrecognizedClientException", NULL, KEYS_UNKNOWN},
    {ROLE | SECRET, "SignatureDoesNotMatch", NULL, KEYS_WRONG},
    {ROLE | SECRET, "InvalidSignatureException", NULL, KEYS_WRONG},
};

bool hints_text_has(const char *text, const char *part)
{
        return strcasestr(text, part) != NULL;
}

bool hints_code_is(const struct error *e, const char *code)
{
        return strcmp(e->upstream.code, code) == 0;
}

struct value {
        const char *name, *text;
};

// Writes the hint with its values in it.
static void expand(const char *hint, const struct value *values, size_t count, char *out, size_t size)
{
        size_t n = 0;
        for (const char *at = hint; *at != '\0' && n + 1 < size;) {
                const char *text = NULL;
                size_t length = 1;
                for (size_t i = 0; i < count && *at == '{' && !text; i++) {
                        length = strlen(values[i].name) + 2;
                        bool is_it = strncmp(at + 1, values[i].name, length - 2) == 0 && at[length - 1] == '}';
                        text = is_it ? values[i].text : NULL;
                }
                if (text)
                        (void)snprintf(out + n, size - n, "%s", text);
                else
                        (void)snprintf(out + n, size - n, "%c", *at);
                n += strlen(out + n);
                at += text ? length : 1;
        }
        out[n] = '\0';
}

static void describe_expiry(const struct profile *p, const struct jwt_claims *claims, char *out, size_t size)
{
        char expired[TIME_RFC3339_SIZE] = "";
        if (claims->has_expiry && time_format_rfc3339(claims->expires_s, expired) < 0)
                expired[0] = '\0';
        const char *at = expired[0] != '\0' ? " at " : "";
        if (p->web_identity_token_file)
                (void)snprintf(out, size,
                               "check what writes %.120s, such as the projected service account volume of the "
                               "container: its token expired%s%s (aud %s) and nothing has renewed it",
                               p->web_identity_token_file, at, expired,
                               claims->audience[0] != '\0' ? claims->audience : "unknown");
        else
                (void)snprintf(out, size,
                               "check the issuer's clock: the token was new, yet it expired%s%s; it lives only a few "
                               "minutes",
                               at, expired);
}

static void set_hint(const struct rule *rule, const struct hints_context *context, struct error *e)
{
        const struct profile *p = context->profile;
        struct jwt_claims claims = {.has_expiry = false};
        char expired_token[sizeof(e->hint)] = "";
        char hint[sizeof(e->hint)];
        if (context->call == HINTS_WEB_IDENTITY && jwt_read_claims(context->token, &claims) < 0)
                claims = (struct jwt_claims){.has_expiry = false}; // AWS has said what is wrong with it
        if (context->call == HINTS_WEB_IDENTITY)
                describe_expiry(p, &claims, expired_token, sizeof(expired_token));
        const struct value values[] = {
            {"source", p->source_profile ? p->source_profile : "?"},
            {"region", p->issuer_region ? p->issuer_region : "of the endpoint"},
            {"subject", context->subject},
            {"serial", context->serial},
            {"sub", claims.subject[0] != '\0' ? claims.subject : "unknown"},
            {"aud", claims.audience[0] != '\0' ? claims.audience : "unknown"},
            {"iss", claims.issuer[0] != '\0' ? claims.issuer : "unknown"},
            {"expired_token", expired_token},
            {"tags", p->role.tags_count > 0 ? ", and for the tags sts:TagSession" : ""},
            {"identity", p->role.source_identity ? ", and for the source identity sts:SetSourceIdentity" : ""},
            {"external_id", p->role.external_id
                                ? "compare the external ID that was sent with sts:ExternalId there, as AWS "
                                  "does not tell a wrong one from a missing permission"
                                : "set external_id if the trust policy asks for one: none was sent"},
            {"session_name",
             p->role.role_session_name ? "; the profile has acceptRoleSessionName, as role_session_name was sent" : ""},
        };
        expand(rule->hint, values, LENGTH(values), hint, sizeof(hint));
        (void)error_hint(e, "%s", hint);
}

void hints_explain(const struct hints_context *context, struct error *e)
{
        for (size_t i = 0; i < LENGTH(rules); i++) {
                const struct rule *rule = &rules[i];
                if ((rule->calls & (unsigned)context->call) != 0 && (!rule->code || hints_code_is(e, rule->code)) &&
                    (!rule->part || hints_text_has(e->upstream.message, rule->part))) {
                        set_hint(rule, context, e);
                        return;
                }
        }
}
