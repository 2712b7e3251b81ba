// SPDX-License-Identifier: Apache-2.0
// IAM Roles Anywhere User Guide, "CreateSession".
#include "sidecar/providers/create_session.h"

#include "proto/mem/length.h"
#include "proto/wire/json_write.h"
#include "sidecar/config/profile.h"
#include "sidecar/providers/json_answer.h"
#include "sidecar/providers/members.h"

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

static int read_session(const struct json_doc *doc, size_t sets, struct buffer *scratch, struct answer *ret,
                        const char **what)
{
        if (json_kind(doc, sets) != JSON_ARRAY || json_length(doc, sets) == 0) {
                *what = "credentialSet is empty or no list";
                return -1;
        }
        size_t set = json_first(doc, sets);
        size_t credentials = json_get(doc, set, SLICE("credentials"));
        size_t user = json_get(doc, set, SLICE("assumedRoleUser"));
        const struct {
                size_t object;
                struct slice key;
                struct slice *value;
        } members[] = {
            {credentials, SLICE("accessKeyId"), &ret->access_key_id},
            {credentials, SLICE("secretAccessKey"), &ret->secret_access_key},
            {credentials, SLICE("sessionToken"), &ret->session_token},
            {credentials, SLICE("expiration"), &ret->expiration},
            {user, SLICE("arn"), &ret->assumed_role_arn},
        };
        for (size_t i = 0; i < LENGTH(members); i++) {
                if (members_text(doc, members[i].object, members[i].key, scratch, members[i].value) < 0) {
                        *what = "a member of credentialSet is no text";
                        return -1;
                }
        }
        return 0;
}

static int read_root(const struct json_doc *doc, struct buffer *scratch, struct answer *ret, const char **what)
{
        size_t sets = json_get(doc, JSON_ROOT, SLICE("credentialSet"));
        if (sets != JSON_NONE)
                return read_session(doc, sets, scratch, ret, what);
        json_answer_error(doc, scratch, ret);
        return 0;
}

int create_session_read(struct slice body, struct buffer *scratch, struct answer *ret, const char **what)
{
        return json_answer_read(body, read_root, scratch, ret, what);
}
