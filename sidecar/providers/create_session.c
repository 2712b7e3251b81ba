// SPDX-License-Identifier: Apache-2.0
// IAM Roles Anywhere User Guide, "CreateSession".
#include "sidecar/providers/create_session.h"

#include "proto/mem/length.h"
#include "proto/wire/json_write.h"
#include "sidecar/config/profile.h"

int create_session_body(const struct profile *profile, struct buffer *out, struct error *e)
{
        json_begin_object(out);
        if (profile->role.duration_seconds > 0)
                json_member_i64(out, "durationSeconds", profile->role.duration_seconds);
        if (profile->roles_anywhere.instance_properties_count > 0) {
                json_key(out, "instanceProperties");
                json_begin_object(out);
                for (size_t i = 0; i < profile->roles_anywhere.instance_properties_count; i++) {
                        const struct name_value *property = &profile->roles_anywhere.instance_properties[i];
                        json_put_string(out, slice_str(property->name));
                        (void)buffer_put_byte(out, ':');
                        json_put_string(out, slice_str(property->value));
                }
                json_end_object(out);
        }
        json_member(out, "profileArn", slice_str(profile->roles_anywhere.profile_arn));
        json_member(out, "roleArn", slice_str(profile->role.role_arn));
        if (profile->role.role_session_name)
                json_member(out, "roleSessionName", slice_str(profile->role.role_session_name));
        json_member(out, "trustAnchorArn", slice_str(profile->roles_anywhere.trust_anchor_arn));
        json_end_object(out);
        return out->failed ? error_set(e, ERROR_INTERNAL, "the CreateSession request is too large, or out of memory")
                           : 0;
}

int create_session_read(struct slice body, struct buffer *scratch, struct answer *ret, struct error *e)
{
        static const struct member_rule rules[] = {
            {"credentialSet.credentials.accessKeyId", ANSWER_FIELD(access_key_id), MEMBER_TEXT, MEMBER_OPTIONAL},
            {"credentialSet.credentials.secretAccessKey", ANSWER_FIELD(secret_access_key), MEMBER_TEXT,
             MEMBER_OPTIONAL},
            {"credentialSet.credentials.sessionToken", ANSWER_FIELD(session_token), MEMBER_TEXT, MEMBER_OPTIONAL},
            {"credentialSet.credentials.expiration", ANSWER_FIELD(expiration), MEMBER_TEXT, MEMBER_OPTIONAL},
            {"credentialSet.assumedRoleUser.arn", ANSWER_FIELD(assumed_role_arn), MEMBER_TEXT, MEMBER_INFORMATION},
        };
        return answer_read_json(body, rules, LENGTH(rules), scratch, ret, e);
}
