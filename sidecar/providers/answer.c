// SPDX-License-Identifier: Apache-2.0
#include "sidecar/providers/answer.h"

#include <stdio.h>

#include "proto/mem/length.h"
#include "proto/mem/text.h"
#include "proto/mem/time.h"
#include "proto/wire/credentials.h"
#include "sidecar/base/timestamp.h"
#include "sidecar/config/arn.h"
#include "sidecar/config/values.h"

#define HINT_FOREIGN                                                                                                   \
        "check endpoint_url and the proxy settings (HTTPS_PROXY, NO_PROXY): something other than AWS may have "        \
        "answered"

static const struct answer_terms service_terms = {
    .subject = "the answer",
    .session_token = "SessionToken",
    .wrong = ERROR_PROTOCOL,
    .wrong_hint = HINT_FOREIGN,
    .expired = ERROR_PROTOCOL,
    .expired_hint = "check this host's clock, and that endpoint_url is the service itself",
};

static int hint_by_kind(const struct answer_terms *terms, struct error *e)
{
        switch (e->kind) {
        case ERROR_THROTTLED:
                return error_hint(e, "wait: AWS asks for fewer calls, and the agent tries again by itself");
        case ERROR_TRANSIENT:
                return error_hint(e, "wait: the service has failed, and the agent tries again by itself");
        case ERROR_PROTOCOL:
                return error_hint(e, "%s", (terms ? terms : &service_terms)->wrong_hint);
        default:
                return error_hint(e, "compare AWS's message with the settings of the profile");
        }
}

// --- reading ---

int answer_read_json(struct slice body, const struct member_rule *rules, size_t count, struct buffer *scratch,
                     struct answer *ret, struct error *e)
{
        static const struct member_rule of_errors[] = {
            {"code", ANSWER_FIELD(code), MEMBER_TEXT, MEMBER_INFORMATION},
            {"Code", ANSWER_FIELD(code), MEMBER_TEXT, MEMBER_INFORMATION},
            {"__type", ANSWER_FIELD(code), MEMBER_TEXT, MEMBER_INFORMATION},
            {"message", ANSWER_FIELD(message), MEMBER_TEXT, MEMBER_INFORMATION},
            {"Message", ANSWER_FIELD(message), MEMBER_TEXT, MEMBER_INFORMATION},
        };
        struct json_doc doc;
        json_doc_init(&doc);
        *ret = (struct answer){0};
        int r = members_parse(&doc, body, scratch, e);
        if (r == 0)
                r = members_take(&doc, rules, count, scratch, ret, e);
        if (r == 0)
                r = members_take(&doc, of_errors, LENGTH(of_errors), scratch, ret, e);
        json_doc_free(&doc);
        ret->code = answer_code(ret->code);
        if (r < 0)
                *ret = (struct answer){0};
        return r;
}

struct slice answer_code(struct slice type)
{
        type = slice_head(type, slice_find(type, ':'));
        size_t hash = slice_find(type, '#');
        return slice_trim(hash < type.n ? slice_from(type, hash + 1) : type);
}

int answer_incomplete(const char *what, struct error *e)
{
        (void)error_set(e, ERROR_PROTOCOL, "the answer lacks %s", what);
        return hint_by_kind(NULL, e);
}

int answer_unreadable(const struct answer_terms *terms, int status, size_t body_size, struct error *e)
{
        (void)error_context(e, "the answer (HTTP %d, %zu bytes) cannot be read", status, body_size);
        return e->kind == ERROR_PROTOCOL ? hint_by_kind(terms, e) : -1;
}

// --- a session ---

static int refuse_missing(const struct answer_terms *terms, const char *name, struct error *e)
{
        (void)error_set(e, terms->wrong, "%s lacks %s", terms->subject, name);
        return error_hint(e, "%s", terms->wrong_hint);
}

static int refuse_member(const struct answer_terms *terms, const char *name, const char *what, struct error *e)
{
        (void)error_set(e, terms->wrong, "member %s of %s %s", name, terms->subject, what);
        return error_hint(e, "%s", terms->wrong_hint);
}

// It is information: another text than an ARN counts as absent.
static struct slice role_arn_of(const struct answer *answer)
{
        const struct credentials keys = {
            .access_key_id = SLICE("A"), .secret_access_key = SLICE("s"), .assumed_role_arn = answer->assumed_role_arn};
        struct arn arn;
        bool is_good = arn_parse(answer->assumed_role_arn, &arn) == 0 && !credentials_unsound_member(&keys);
        return is_good ? answer->assumed_role_arn : (struct slice){NULL, 0};
}

static const char *missing_member(const struct answer *answer, const struct answer_terms *terms)
{
        if (slice_is_empty(answer->access_key_id))
                return "AccessKeyId";
        if (slice_is_empty(answer->secret_access_key))
                return "SecretAccessKey";
        if (terms->session_token && slice_is_empty(answer->session_token))
                return terms->session_token;
        return terms->session_token && slice_is_empty(answer->expiration) && answer->expires_ms == 0 ? "Expiration"
                                                                                                     : NULL;
}

static int read_expiration(const struct answer *answer, int64_t *ret_s)
{
        char text[TIME_RFC3339_SIZE];
        *ret_s = CREDENTIALS_NEVER_EXPIRE;
        if (slice_is_empty(answer->expiration) && answer->expires_ms == 0)
                return 0;
        *ret_s = answer->expires_ms / 1000;
        if (!slice_is_empty(answer->expiration) && timestamp_parse(answer->expiration, ret_s) < 0)
                return -1;
        return time_format_rfc3339(*ret_s, text); // what cannot be written back cannot be served
}

static int refuse_expired(const struct answer_terms *terms, int64_t expires_s, int64_t now_s, struct error *e)
{
        char expires[TIME_RFC3339_SIZE];
        char now[TIME_RFC3339_SIZE];
        time_show(expires_s, expires);
        time_show(now_s, now);
        (void)error_set(e, terms->expired, "%s holds credentials that expired at %s (now: %s)", terms->subject, expires,
                        now);
        return error_hint(e, "%s", terms->expired_hint);
}

int answer_credentials(const struct answer *answer, const struct answer_terms *terms, const struct upstream_clock *time,
                       const struct clock *clock, struct credentials **ret, struct error *e)
{
        terms = terms ? terms : &service_terms;
        const char *missing = missing_member(answer, terms);
        if (missing)
                return refuse_missing(terms, missing, e);
        struct slice role_arn = role_arn_of(answer);
        struct credentials fields = {
            .access_key_id = answer->access_key_id,
            .secret_access_key = answer->secret_access_key,
            .session_token = answer->session_token,
            .account_id =
                values_is_account_id(answer->account_id) ? answer->account_id : credentials_account_of_arn(role_arn),
            .assumed_role_arn = role_arn,
            .issued_s = upstream_clock_now_s(time, clock),
            .has_upstream_offset = time->known,
            .upstream_offset_ms = time->known ? time->offset_ms : 0,
        };
        if (read_expiration(answer, &fields.expires_s) < 0)
                return refuse_member(terms, "Expiration", "is not a time with a zone between 1970 and 9999 (RFC 3339)",
                                     e);
        if (fields.expires_s <= fields.issued_s)
                return refuse_expired(terms, fields.expires_s, fields.issued_s, e);
        const char *unsound = credentials_unsound_member(&fields);
        if (unsound)
                return refuse_member(terms, unsound, "is too long or contains characters that AWS does not use", e);
        *ret = credentials_new(&fields);
        return *ret ? 0 : error_set(e, ERROR_INTERNAL, "out of memory for the credentials");
}

// --- an error ---

static bool is_one_of(struct slice code, const char *const *codes, size_t count)
{
        for (size_t i = 0; i < count; i++)
                if (slice_eq(code, slice_str(codes[i])))
                        return true;
        return false;
}

bool answer_code_may_be_skew(struct slice code)
{
        static const char *const codes[] = {
            "RequestExpired",        "RequestTimeTooSkewed",  "RequestInTheFuture",
            "SignatureDoesNotMatch", "InvalidSignature",      "InvalidSignatureException",
            "AuthFailure",           "AccessDeniedException", "ValidationException",
        };
        return is_one_of(code, codes, LENGTH(codes));
}

// 4xx is a refusal and 5xx a failure, but for these codes.
static enum error_kind kind_of(struct slice code, int status)
{
        static const char *const throttled[] = {
            "Throttling",
            "ThrottlingException",
            "ThrottledException",
            "RequestThrottledException",
            "RequestThrottled",
            "TooManyRequestsException",
            "ProvisionedThroughputExceededException",
            "TransactionInProgressException",
            "RequestLimitExceeded",
            "BandwidthLimitExceeded",
            "LimitExceededException",
            "SlowDown",
            "PriorRequestNotComplete",
            "EC2ThrottledException",
        };
        static const char *const transient[] = {
            "IDPCommunicationError",   "InternalFailure",         "InternalError",
            "InternalServerException", "ServiceUnavailable",      "ServiceUnavailableException",
            "RequestTimeout",          "RequestTimeoutException",
        };
        if (is_one_of(code, throttled, LENGTH(throttled)))
                return ERROR_THROTTLED;
        if (is_one_of(code, transient, LENGTH(transient)))
                return ERROR_TRANSIENT;
        if (status == 429)
                return ERROR_THROTTLED;
        if (status >= 500 || status == 408)
                return ERROR_TRANSIENT;
        return slice_is_empty(code) ? ERROR_PROTOCOL : ERROR_DENIED; // without a code it was not AWS that refused
}

// Texts from outside, for fixed fields: what may not be shown becomes "?", what does not fit ends in "…".
static void put_text(char *out, size_t size, struct slice text)
{
        static const char ellipsis[] = "\xe2\x80\xa6";
        size_t n = text.n;
        bool cut = n >= size;
        if (cut) {
                n = size - sizeof(ellipsis);
                while (n > 0 && (text.p[n] & 0xc0) == 0x80) // not inside a UTF-8 sequence
                        n--;
        }
        if (n > 0)
                memcpy(out, text.p, n);
        text_defuse((uint8_t *)out, n);
        out[n] = '\0';
        if (cut)
                memcpy(out + n, ellipsis, sizeof(ellipsis));
}

// Some services append the canonical request to the message of a failed signature, and that holds the session token.
static struct slice message_without_request(struct slice message)
{
        static const char begins[] = "The Canonical String";
        message = slice_trim(message);
        message = slice_head(message, slice_find(message, '\n'));
        const uint8_t *at = message.n > 0 ? memmem(message.p, message.n, begins, sizeof(begins) - 1) : NULL;
        return slice_trim(at ? slice_head(message, (size_t)(at - message.p)) : message);
}

static void put_message(const struct answer *answer, char *out, size_t size)
{
        struct slice message = message_without_request(answer->message);
        size_t n = 0;
        if (!slice_is_empty(answer->reason) && !slice_eq(answer->reason, answer->code)) {
                put_text(out, size / 2, answer->reason);
                n = strlen(out);
                if (message.n > 0)
                        n += (size_t)snprintf(out + n, size - n, ": ");
        }
        put_text(out + n, size - n, message);
}

// An answer without AWS's shape: only its status, type and size are reported.
static void foreign_refusal(const struct answer_context *context, struct error *e)
{
        struct slice type = slice_trim(slice_head(context->content_type, slice_find(context->content_type, ';')));
        type = slice_is_empty(type) ? SLICE("no content type") : slice_head(type, 48);
        (void)error_set(e, kind_of((struct slice){NULL, 0}, context->status),
                        "HTTP %d without an AWS error (%.*s, %zu bytes)", context->status, (int)type.n,
                        (const char *)type.p, context->body_size);
}

void answer_refusal(const struct answer *answer, const struct answer_context *context, struct error *e)
{
        struct error upstream = {.upstream.status = context->status};
        put_text(upstream.upstream.service, sizeof(upstream.upstream.service), slice_str(context->service));
        put_text(upstream.upstream.code, sizeof(upstream.upstream.code), slice_trim(answer->code));
        put_message(answer, upstream.upstream.message, sizeof(upstream.upstream.message));
        put_text(upstream.upstream.request_id, sizeof(upstream.upstream.request_id), slice_trim(answer->request_id));
        const char *code = upstream.upstream.code;
        const char *message = upstream.upstream.message;
        if (code[0] == '\0')
                foreign_refusal(context, e);
        else
                (void)error_set(e, kind_of(slice_str(code), context->status), "%s%s%s", code,
                                message[0] == '\0' ? "" : ": ", message);
        (void)hint_by_kind(context->terms, e);
        memcpy(&e->upstream, &upstream.upstream, sizeof(e->upstream));
}
