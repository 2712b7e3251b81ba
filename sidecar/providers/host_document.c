// SPDX-License-Identifier: Apache-2.0
#include "sidecar/providers/host_document.h"

#include "proto/mem/length.h"
#include "proto/mem/time.h"
#include "proto/wire/credentials.h"
#include "proto/wire/json_read.h"
#include "proto/wire/limits.h"
#include "sidecar/config/values.h"
#include "sidecar/providers/members.h"

static const char *const subjects[] = {
    [HOST_CONTAINER] = "the container endpoint's answer",
    [HOST_IMDS] = "the instance metadata's answer",
    [HOST_PROCESS] = "the command's output",
};

// --- reading ---

static bool has_version_one(const struct json_doc *doc)
{
        int64_t version = 0;
        size_t node = json_get(doc, JSON_ROOT, SLICE("Version"));
        return node != JSON_NONE && json_kind(doc, node) == JSON_NUMBER && json_integer(doc, node, &version) == 0 &&
               version == 1;
}

struct host_member {
        struct slice key;
        struct slice *value;
        unsigned kinds; // bits of those that have it
};

static int read_members(enum host_kind kind, const struct json_doc *doc, struct buffer *scratch,
                        struct host_document *ret, const char **what)
{
        enum { ALL = 1u << HOST_CONTAINER | 1u << HOST_IMDS | 1u << HOST_PROCESS };
        enum { ENDPOINTS = 1u << HOST_CONTAINER | 1u << HOST_IMDS };
        const struct host_member members[] = {
            {SLICE("AccessKeyId"), &ret->access_key_id, ALL},
            {SLICE("SecretAccessKey"), &ret->secret_access_key, ALL},
            {SLICE("SessionToken"), &ret->session_token, ALL},
            {SLICE("Token"), &ret->session_token, ENDPOINTS}, // AWS's own name counts when there are both
            {SLICE("Expiration"), &ret->expiration, ALL},
            {SLICE("AccountId"), &ret->account_id, ALL},
            {SLICE("RoleArn"), &ret->role_arn, ENDPOINTS},
            {SLICE("code"), &ret->code, ENDPOINTS},
            {SLICE("Code"), &ret->code, ENDPOINTS},
            {SLICE("message"), &ret->message, ENDPOINTS},
            {SLICE("Message"), &ret->message, ENDPOINTS},
        };
        for (size_t i = 0; i < LENGTH(members); i++) {
                if ((members[i].kinds & 1u << kind) == 0)
                        continue;
                struct slice text;
                if (members_text(doc, JSON_ROOT, members[i].key, scratch, &text) < 0) {
                        *what = "a member of it is no text";
                        return -1;
                }
                if (!slice_is_empty(text))
                        *members[i].value = text;
        }
        return 0;
}

static int read_root(enum host_kind kind, const struct json_doc *doc, struct buffer *scratch, struct host_document *ret,
                     const char **what)
{
        if (json_kind(doc, JSON_ROOT) != JSON_OBJECT) {
                *what = "it is no JSON object";
                return -1;
        }
        if (kind == HOST_PROCESS && !has_version_one(doc)) {
                *what = "its Version is not the number 1";
                return -1;
        }
        return read_members(kind, doc, scratch, ret, what);
}

int host_document_read(enum host_kind kind, struct slice text, struct buffer *scratch, struct host_document *ret,
                       const char **what)
{
        struct host_document document = {.code = {NULL, 0}};
        *what = NULL;
        if (slice_is_empty(slice_trim(text)) || text.n > LIMIT_UPSTREAM_BODY) {
                *what = text.n > LIMIT_UPSTREAM_BODY ? "it is too large" : "it is empty";
                return -1;
        }
        // No decoded text is longer than its source, so with room for all of it the slices never move.
        if (!buffer_reserve(scratch, text.n)) {
                *what = members_no_memory;
                return -1;
        }
        struct json_doc doc;
        struct json_fault fault;
        json_doc_init(&doc);
        int r = json_parse(&doc, text, &fault);
        if (r < 0)
                *what = fault.no_memory ? members_no_memory : "it is not JSON, or cut short";
        else
                r = read_root(kind, &doc, scratch, &document, what);
        json_doc_free(&doc);
        if (r < 0)
                return -1;
        *ret = document;
        return 0;
}

bool host_document_is_refusal(const struct host_document *document)
{
        if (slice_is_empty(document->code))
                return !slice_is_empty(document->message) && slice_is_empty(document->access_key_id);
        return !slice_eq_ignore_case(document->code, SLICE("Success"));
}

int host_document_read_agent_error(struct slice text, struct host_document *ret)
{
        static const struct slice fault = SLICE_INIT(", fault:");
        text = slice_trim(text);
        size_t open = slice_find(text, '(');
        size_t close = slice_find(text, ')');
        if (!slice_starts_with(text, SLICE("[")) || close == text.n || open >= close)
                return -1;
        struct slice message = slice_from(text, close + 1);
        if (slice_starts_with(message, SLICE(":")))
                message = slice_trim(slice_from(message, 1));
        for (size_t i = 0; i + fault.n <= message.n; i++) {
                if (slice_starts_with(slice_from(message, i), fault))
                        message = slice_head(message, i);
        }
        *ret = (struct host_document){.code = slice_head(slice_from(text, open + 1), close - open - 1),
                                      .message = message};
        return 0;
}

// --- judging ---

static const char *missing_member(enum host_kind kind, const struct host_document *d)
{
        if (slice_is_empty(d->access_key_id))
                return "AccessKeyId";
        if (slice_is_empty(d->secret_access_key))
                return "SecretAccessKey";
        if (kind == HOST_PROCESS)
                return NULL;
        if (slice_is_empty(d->session_token))
                return "Token";
        return slice_is_empty(d->expiration) ? "Expiration" : NULL;
}

static int hint_about_shape(enum host_kind kind, struct error *e)
{
        if (kind == HOST_PROCESS)
                return error_hint(e, "The command must print one JSON object and nothing else: {\"Version\": 1, "
                                     "\"AccessKeyId\": …, \"SecretAccessKey\": …, \"SessionToken\": …, "
                                     "\"Expiration\": \"2027-01-01T00:00:00Z\"}.");
        return error_hint(e, "Something other than AWS's own endpoint may have answered: check the address.");
}

static int refuse_expired(enum host_kind kind, int64_t expires_s, int64_t now_s, struct error *e)
{
        char expires[TIME_RFC3339_SIZE] = "an impossible time";
        char now[TIME_RFC3339_SIZE] = "?";
        (void)time_format_rfc3339(expires_s, expires);
        (void)time_format_rfc3339(now_s, now);
        (void)error_set(e, ERROR_TRANSIENT, "%s holds credentials that ended at %s (now: %s)", subjects[kind], expires,
                        now);
        if (kind == HOST_PROCESS)
                return error_hint(e, "The command must print credentials that are still good: look at what it caches, "
                                     "and at this host's clock.");
        return error_hint(e, "AWS has not renewed them there, or this host's clock is off (check NTP). They are asked "
                             "for again by themselves; expired ones are never served.");
}

int host_document_credentials(enum host_kind kind, const struct host_document *document,
                              const struct upstream_clock *time, const struct clock *clock, struct credentials **ret,
                              struct error *e)
{
        const char *missing = missing_member(kind, document);
        if (missing) {
                (void)error_set(e, ERROR_PROTOCOL, "%s lacks %s", subjects[kind], missing);
                return hint_about_shape(kind, e);
        }
        struct credentials fields = {
            .access_key_id = document->access_key_id,
            .secret_access_key = document->secret_access_key,
            .session_token = document->session_token,
            .account_id = values_is_account_id(document->account_id) ? document->account_id
                                                                     : credentials_account_of_arn(document->role_arn),
            .assumed_role_arn = document->role_arn,
            .expires_s = CREDENTIALS_NEVER_EXPIRE,
            .issued_s = upstream_clock_now_s(time, clock),
            .has_upstream_offset = time->known,
            .upstream_offset_ms = time->known ? time->offset_ms : 0,
        };
        if (!slice_is_empty(document->expiration)) {
                if (time_parse_rfc3339(document->expiration, &fields.expires_s) < 0) {
                        (void)error_set(e, ERROR_PROTOCOL, "Expiration in %s is no RFC 3339 time", subjects[kind]);
                        return hint_about_shape(kind, e);
                }
                if (fields.expires_s <= fields.issued_s)
                        return refuse_expired(kind, fields.expires_s, fields.issued_s, e);
        }
        if (!credentials_are_sound(&fields)) {
                (void)error_set(e, ERROR_PROTOCOL, "%s holds credentials that are too long or have bytes that none has",
                                subjects[kind]);
                return hint_about_shape(kind, e);
        }
        *ret = credentials_new(&fields);
        return *ret ? 0 : error_set(e, ERROR_INTERNAL, "out of memory for the credentials");
}
