// SPDX-License-Identifier: Apache-2.0
// AWS Secrets Manager API Reference, "GetSecretValue".
#include "sidecar/providers/get_secret_value.h"

#include "proto/mem/text.h"
#include "proto/wire/json_write.h"
#include "sidecar/config/profile.h"
#include "sidecar/providers/json_answer.h"
#include "sidecar/providers/members.h"

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

static int read_binary(const struct json_doc *doc, size_t node, struct buffer *scratch, struct slice *ret,
                       const char **what)
{
        struct buffer base64;
        buffer_init(&base64, scratch->max);
        size_t from = scratch->n;
        int r = json_string(doc, node, &base64);
        if (r == 0)
                r = text_base64_decode(buffer_slice(&base64), scratch);
        if (r < 0)
                *what = base64.no_memory ? members_no_memory : "SecretBinary is no base64";
        buffer_free(&base64);
        if (r == 0 && scratch->n > from)
                *ret = slice_of(scratch->p + from, scratch->n - from);
        return r < 0 ? -1 : 0;
}

static int read_root(const struct json_doc *doc, struct buffer *scratch, struct answer *ret, const char **what)
{
        size_t binary = json_get(doc, JSON_ROOT, SLICE("SecretBinary"));
        if (members_text(doc, JSON_ROOT, SLICE("SecretString"), scratch, &ret->document) < 0) {
                *what = "SecretString is no text";
                return -1;
        }
        if (!slice_is_empty(ret->document))
                return 0;
        if (binary != JSON_NONE && json_kind(doc, binary) != JSON_NULL)
                return read_binary(doc, binary, scratch, &ret->document, what);
        json_answer_error(doc, scratch, ret);
        return 0;
}

int get_secret_value_read(struct slice body, struct buffer *scratch, struct answer *ret, const char **what)
{
        return json_answer_read(body, read_root, scratch, ret, what);
}
