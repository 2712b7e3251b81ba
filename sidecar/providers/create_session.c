// SPDX-License-Identifier: Apache-2.0
// IAM Roles Anywhere User Guide, "CreateSession".
#include "sidecar/providers/create_session.h"

#include "proto/wire/json_read.h"
#include "proto/wire/json_write.h"
#include "proto/wire/limits.h"
#include "sidecar/config/profile.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

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

// The decoded text of the string `key` of `object` in *ret, empty when it is absent or null. -1: of another type.
static int read_text(const struct json_doc *doc, size_t object, struct slice key, struct buffer *scratch,
                     struct slice *ret)
{
        *ret = (struct slice){NULL, 0};
        size_t node = json_get(doc, object, key);
        if (node == JSON_NONE || json_kind(doc, node) == JSON_NULL)
                return 0;
        size_t from = scratch->n;
        if (json_kind(doc, node) != JSON_STRING || json_string(doc, node, scratch) < 0)
                return -1;
        if (scratch->n > from)
                *ret = slice_of(scratch->p + from, scratch->n - from);
        return 0;
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
                if (read_text(doc, members[i].object, members[i].key, scratch, members[i].value) < 0) {
                        *what = "a member of credentialSet is no text";
                        return -1;
                }
        }
        return 0;
}

static void read_error(const struct json_doc *doc, struct buffer *scratch, struct answer *ret)
{
        static const struct slice codes[] = {SLICE_INIT("code"), SLICE_INIT("__type")};
        static const struct slice messages[] = {SLICE_INIT("message"), SLICE_INIT("Message")};
        for (size_t i = 0; i < LENGTH(codes) && slice_is_empty(ret->code); i++)
                (void)read_text(doc, JSON_ROOT, codes[i], scratch, &ret->code);
        for (size_t i = 0; i < LENGTH(messages) && slice_is_empty(ret->message); i++)
                (void)read_text(doc, JSON_ROOT, messages[i], scratch, &ret->message);
        ret->code = create_session_code(ret->code);
}

static int read_root(const struct json_doc *doc, struct buffer *scratch, struct answer *ret, const char **what)
{
        if (json_kind(doc, JSON_ROOT) != JSON_OBJECT) {
                *what = "no JSON object";
                return -1;
        }
        size_t sets = json_get(doc, JSON_ROOT, SLICE("credentialSet"));
        if (sets != JSON_NONE)
                return read_session(doc, sets, scratch, ret, what);
        read_error(doc, scratch, ret);
        return 0;
}

int create_session_read(struct slice body, struct buffer *scratch, struct answer *ret, const char **what)
{
        *what = NULL;
        if (slice_is_empty(body) || body.n > LIMIT_UPSTREAM_BODY) {
                *what = slice_is_empty(body) ? "empty" : "too large";
                return -1;
        }
        // No decoded text is longer than its source, so with room for all of it the slices never move.
        if (!buffer_reserve(scratch, body.n)) {
                *what = "out of memory";
                return -1;
        }
        struct json_doc doc;
        struct json_fault fault;
        json_doc_init(&doc);
        struct answer answer = {0};
        int r = json_parse(&doc, body, &fault);
        if (r < 0)
                *what = "not JSON, or cut short";
        else
                r = read_root(&doc, scratch, &answer, what);
        json_doc_free(&doc);
        if (r < 0)
                return -1;
        *ret = answer;
        return 0;
}

struct slice create_session_code(struct slice type)
{
        type = slice_head(type, slice_find(type, ':'));
        size_t hash = slice_find(type, '#');
        if (hash < type.n)
                type = slice_from(type, hash + 1);
        return slice_trim(type);
}
