// SPDX-License-Identifier: Apache-2.0
// AWS Secrets Manager API Reference, "GetSecretValue".
#include "sidecar/providers/get_secret_value.h"

#include "proto/mem/length.h"
#include "proto/wire/json_write.h"
#include "sidecar/config/profile.h"

int get_secret_value_body(const struct profile *profile, struct buffer *out, struct error *e)
{
        json_begin_object(out);
        json_member(out, "SecretId", slice_str(profile->secretsmanager.secret_id));
        if (profile->secretsmanager.version_id)
                json_member(out, "VersionId", slice_str(profile->secretsmanager.version_id));
        if (profile->secretsmanager.version_stage)
                json_member(out, "VersionStage", slice_str(profile->secretsmanager.version_stage));
        json_end_object(out);
        return out->failed ? error_set(e, ERROR_INTERNAL, "the GetSecretValue request is too large, or out of memory")
                           : 0;
}

int get_secret_value_read(struct slice body, struct buffer *scratch, struct answer *ret, struct error *e)
{
        static const struct member_rule rules[] = {
            {"SecretString", ANSWER_FIELD(document), MEMBER_TEXT, MEMBER_OPTIONAL},
            {"SecretBinary", ANSWER_FIELD(document), MEMBER_BASE64, MEMBER_OPTIONAL},
        };
        return answer_read_json(body, rules, LENGTH(rules), scratch, ret, e);
}
