// SPDX-License-Identifier: Apache-2.0
#include "proto/wire/documents.h"

#include "proto/mem/time.h"
#include "proto/wire/json_write.h"

int documents_write_process(const struct credentials *c, struct buffer *out)
{
        char expiration[TIME_RFC3339_SIZE] = "";
        if (c->expires_s != CREDENTIALS_NEVER_EXPIRE && time_format_rfc3339(c->expires_s, expiration) < 0) {
                out->failed = true; // without its Expiration the document would say that they never expire
                return -1;
        }
        json_begin_object(out);
        json_member_i64(out, "Version", 1);
        json_member(out, "AccessKeyId", c->access_key_id);
        json_member(out, "SecretAccessKey", c->secret_access_key);
        if (c->session_token.n > 0)
                json_member(out, "SessionToken", c->session_token);
        if (expiration[0] != 0)
                json_member(out, "Expiration", slice_str(expiration));
        if (c->account_id.n > 0)
                json_member(out, "AccountId", c->account_id);
        json_end_object(out);
        return buffer_put_byte(out, '\n');
}

static int put_expiration(const struct credentials *c, int64_t never_s, struct buffer *out)
{
        char expiration[TIME_RFC3339_SIZE];
        if (time_format_rfc3339(c->expires_s == CREDENTIALS_NEVER_EXPIRE ? never_s : c->expires_s, expiration) < 0) {
                out->failed = true;
                return -1;
        }
        json_member(out, "Expiration", slice_str(expiration));
        return 0;
}

static void put_keys(const struct credentials *c, struct buffer *out)
{
        json_member(out, "AccessKeyId", c->access_key_id);
        json_member(out, "SecretAccessKey", c->secret_access_key);
        json_member(out, "Token", c->session_token);
}

int documents_write_imds(const struct credentials *c, int64_t updated_s, int64_t never_s, struct buffer *out)
{
        char updated[TIME_RFC3339_SIZE];
        if (time_format_rfc3339(updated_s, updated) < 0) {
                out->failed = true;
                return -1;
        }
        json_begin_object(out);
        json_member(out, "Code", SLICE("Success"));
        json_member(out, "LastUpdated", slice_str(updated));
        json_member(out, "Type", SLICE("AWS-HMAC"));
        put_keys(c, out);
        if (put_expiration(c, never_s, out) < 0)
                return -1;
        json_end_object(out);
        return buffer_put_byte(out, '\n');
}

int documents_write_container(const struct credentials *c, struct slice role_arn, int64_t never_s, struct buffer *out)
{
        json_begin_object(out);
        put_keys(c, out);
        if (put_expiration(c, never_s, out) < 0)
                return -1;
        if (c->account_id.n > 0)
                json_member(out, "AccountId", c->account_id);
        if (role_arn.n > 0)
                json_member(out, "RoleArn", role_arn);
        json_end_object(out);
        return buffer_put_byte(out, '\n');
}

// A string member: the offset of its decoded text in the scratch buffer, which may still move.
struct member {
        struct slice key;
        bool required;
        const char *fault;
};

enum { ACCESS_KEY_ID, SECRET_ACCESS_KEY, SESSION_TOKEN, ACCOUNT_ID, EXPIRATION, MEMBERS_N };

static const struct member members[MEMBERS_N] = {
    [ACCESS_KEY_ID] = {SLICE_INIT("AccessKeyId"), true, "\"AccessKeyId\" must be a non-empty string"},
    [SECRET_ACCESS_KEY] = {SLICE_INIT("SecretAccessKey"), true, "\"SecretAccessKey\" must be a non-empty string"},
    [SESSION_TOKEN] = {SLICE_INIT("SessionToken"), false, "\"SessionToken\" must be a non-empty string or absent"},
    [ACCOUNT_ID] = {SLICE_INIT("AccountId"), false, "\"AccountId\" must be a non-empty string or absent"},
    [EXPIRATION] = {SLICE_INIT("Expiration"), false, "\"Expiration\" must be a time such as 2026-09-01T12:00:00Z"},
};

struct span {
        size_t from, n;
};

static int read_member(const struct json_doc *doc, const struct member *member, struct buffer *scratch,
                       struct span *ret)
{
        size_t node = json_get(doc, JSON_ROOT, member->key);
        *ret = (struct span){scratch->n, 0};
        if (node == JSON_NONE)
                return member->required ? -1 : 0;
        if (json_string(doc, node, scratch) < 0 || scratch->n == ret->from)
                return -1;
        ret->n = scratch->n - ret->from;
        return 0;
}

static struct slice span_slice(const struct buffer *scratch, struct span span)
{
        return span.n == 0 ? slice_of(NULL, 0) : slice_of(scratch->p + span.from, span.n);
}

int documents_read_process(const struct json_doc *doc, struct buffer *scratch, struct credentials *fields,
                           const char **what)
{
        struct span spans[MEMBERS_N];
        int64_t version = 0;
        if (doc->count == 0 || json_kind(doc, JSON_ROOT) != JSON_OBJECT) {
                *what = "the document must be an object";
                return -1;
        }
        size_t node = json_get(doc, JSON_ROOT, SLICE("Version"));
        if (node == JSON_NONE || json_integer(doc, node, &version) < 0 || version != 1) {
                *what = "\"Version\" must be 1";
                return -1;
        }
        for (size_t i = 0; i < MEMBERS_N; i++) {
                if (read_member(doc, &members[i], scratch, &spans[i]) < 0) {
                        *what = scratch->failed ? "out of memory" : members[i].fault;
                        return -1;
                }
        }
        int64_t expires_s = CREDENTIALS_NEVER_EXPIRE;
        if (spans[EXPIRATION].n > 0 && time_parse_rfc3339(span_slice(scratch, spans[EXPIRATION]), &expires_s) < 0) {
                *what = members[EXPIRATION].fault;
                return -1;
        }
        *fields = (struct credentials){
            .access_key_id = span_slice(scratch, spans[ACCESS_KEY_ID]),
            .secret_access_key = span_slice(scratch, spans[SECRET_ACCESS_KEY]),
            .session_token = span_slice(scratch, spans[SESSION_TOKEN]),
            .account_id = span_slice(scratch, spans[ACCOUNT_ID]),
            .expires_s = expires_s,
        };
        if (credentials_unsound_member(fields)) {
                *what = "a member is too long or holds bytes that no AWS credential has";
                return -1;
        }
        return 0;
}
