// SPDX-License-Identifier: Apache-2.0
// AWS STS API Reference, AssumeRole, AssumeRoleWithWebIdentity and GetWebIdentityToken.
#include "sidecar/providers/sts_body.h"

#include "sidecar/base/web_identity_request.h"
#include "sidecar/config/profile.h"
#include "sidecar/providers/form.h"

static void put_action(struct buffer *out, const char *action)
{
        form_put(out, "Action", slice_str(action));
        form_put(out, "Version", SLICE("2011-06-15"));
}

static void put_common(struct buffer *out, const char *action, const struct role_settings *role)
{
        put_action(out, action);
        form_put_optional(out, "RoleArn", role->role_arn);
        form_put_optional(out, "RoleSessionName", role->role_session_name);
}

static void put_limits(struct buffer *out, const struct role_settings *role)
{
        if (role->duration_seconds > 0)
                form_put_i64(out, "DurationSeconds", role->duration_seconds);
        form_put_optional(out, "Policy", role->policy);
        for (size_t i = 0; i < role->policy_arns_count; i++)
                form_put_member(out, "PolicyArns", i + 1, ".arn", slice_str(role->policy_arns[i]));
}

static int body_end(const struct buffer *out, struct error *e)
{
        return out->failed ? error_set(e, ERROR_INTERNAL, "the STS request is too large, or out of memory") : 0;
}

int sts_body_assume_role(const struct role_settings *role, struct buffer *out, struct error *e)
{
        put_common(out, "AssumeRole", role);
        form_put_optional(out, "ExternalId", role->external_id);
        put_limits(out, role);
        for (size_t i = 0; i < role->tags_count; i++) {
                form_put_member(out, "Tags", i + 1, ".Key", slice_str(role->tags[i].name));
                form_put_member(out, "Tags", i + 1, ".Value", slice_str(role->tags[i].value));
        }
        for (size_t i = 0; i < role->transitive_tag_keys_count; i++)
                form_put_member(out, "TransitiveTagKeys", i + 1, "", slice_str(role->transitive_tag_keys[i]));
        form_put_optional(out, "SourceIdentity", role->source_identity);
        return body_end(out, e);
}

int sts_body_mfa(const struct role_settings *role, struct slice token_code, struct buffer *out, struct error *e)
{
        form_put_optional(out, "SerialNumber", role->mfa_serial);
        form_put(out, "TokenCode", token_code);
        return body_end(out, e);
}

int sts_body_web_identity(const struct role_settings *role, struct slice token, struct buffer *out, struct error *e)
{
        put_common(out, "AssumeRoleWithWebIdentity", role);
        form_put(out, "WebIdentityToken", token);
        put_limits(out, role);
        return body_end(out, e);
}

// The parameters in the order of AWS's model.
int sts_body_get_web_identity_token(const struct web_identity_request *request, struct buffer *out, struct error *e)
{
        put_action(out, "GetWebIdentityToken");
        for (size_t i = 0; i < request->audiences_count; i++)
                form_put_member(out, "Audience", i + 1, "", request->audiences[i]);
        if (request->duration_seconds > 0)
                form_put_i64(out, "DurationSeconds", request->duration_seconds);
        form_put(out, "SigningAlgorithm", request->signing_algorithm);
        for (size_t i = 0; i < request->tags_count; i++) {
                form_put_member(out, "Tags", i + 1, ".Key", request->tags[i].key);
                form_put_member(out, "Tags", i + 1, ".Value", request->tags[i].value);
        }
        return body_end(out, e);
}
