// SPDX-License-Identifier: Apache-2.0
#include "sidecar/config/profile.h"
#include "sidecar/providers/hints.h"
#include "sidecar/providers/hints_common.h"

static void hint_access(const struct profile *profile, struct error *e)
{
        bool is_about_key = hints_text_has(e->upstream.message, "kms");
        (void)error_hint(e,
                         "Source profile %s needs %s; a secret of another account also a resource policy, its whole "
                         "ARN as secret_id, and a KMS key of that account's own.",
                         profile->source_profile,
                         is_about_key ? "kms:Decrypt on the KMS key of the secret"
                                      : "secretsmanager:GetSecretValue on the secret");
}

void hints_get_secret_value(const struct profile *profile, struct error *e)
{
        const char *source = profile->source_profile;
        if (hints_code_is(e, "ResourceNotFoundException"))
                (void)error_hint(e,
                                 "Region %s has no secret, or no version of it, by this name: compare secret_id, "
                                 "version_id, version_stage and region with the secret's ARN.",
                                 profile->issuer_region ? profile->issuer_region : "of the endpoint");
        else if (hints_code_is(e, "AccessDeniedException") || hints_code_is(e, "AccessDenied"))
                hint_access(profile, e);
        else if (hints_code_is(e, "DecryptionFailure"))
                (void)error_hint(e,
                                 "KMS could not decrypt the secret: its key must be enabled, and source profile %s "
                                 "have kms:Decrypt on it.",
                                 source);
        else if (hints_code_is(e, "InvalidRequestException") && hints_text_has(e->upstream.message, "delet"))
                (void)error_hint(e, "The secret is marked for deletion: restore it, or name another one in secret_id.");
        else if (!hints_source_keys(profile, e))
                (void)hints_common(e);
}
