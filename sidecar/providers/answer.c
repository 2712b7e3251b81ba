// SPDX-License-Identifier: Apache-2.0
#include "sidecar/providers/answer.h"

#include "proto/mem/length.h"
#include "proto/mem/time.h"
#include "proto/wire/credentials.h"
#include "sidecar/providers/members.h"

// What to do about an answer by its kind alone; a source that knows its codes says it better.
static int hint_by_kind(struct error *e)
{
        switch (e->kind) {
        case ERROR_THROTTLED:
                return error_hint(e, "AWS asks for fewer calls. The next attempt comes by itself.");
        case ERROR_TRANSIENT:
                return error_hint(e, "The service has trouble of its own. The next attempt comes by itself.");
        case ERROR_PROTOCOL:
                return error_hint(e, "Something other than AWS may have answered: check endpoint_url and the proxy "
                                     "settings (HTTPS_PROXY, NO_PROXY).");
        default:
                return error_hint(e, "The message is AWS's own: compare it with the settings of the profile.");
        }
}

int answer_unreadable(const char *what, int status, size_t body_size, struct error *e)
{
        if (what == members_no_memory)
                return error_set(e, ERROR_INTERNAL, "out of memory for the answer");
        (void)error_set(e, ERROR_PROTOCOL, "the answer (HTTP %d, %zu bytes) cannot be read: %s", status, body_size,
                        what);
        return hint_by_kind(e);
}

static int refuse_session(struct error *e, const char *what)
{
        (void)error_set(e, ERROR_PROTOCOL, "the answer%s", what);
        return hint_by_kind(e);
}

static bool has_all_members(const struct answer *answer, struct error *e)
{
        const struct {
                struct slice value;
                const char *name;
        } members[] = {
            {answer->access_key_id, "AccessKeyId"},
            {answer->secret_access_key, "SecretAccessKey"},
            {answer->session_token, "SessionToken"},
            {answer->expiration, "Expiration"},
        };
        for (size_t i = 0; i < LENGTH(members); i++) {
                if (slice_is_empty(members[i].value)) {
                        (void)error_set(e, ERROR_PROTOCOL, "the answer lacks %s", members[i].name);
                        (void)hint_by_kind(e);
                        return false;
                }
        }
        return true;
}

int answer_credentials(const struct answer *answer, const struct upstream_clock *time, const struct clock *clock,
                       struct credentials **ret, struct error *e)
{
        if (!has_all_members(answer, e))
                return -1;
        struct credentials fields = {
            .access_key_id = answer->access_key_id,
            .secret_access_key = answer->secret_access_key,
            .session_token = answer->session_token,
            .account_id = slice_is_empty(answer->account_id) ? credentials_account_of_arn(answer->assumed_role_arn)
                                                             : answer->account_id,
            .assumed_role_arn = answer->assumed_role_arn,
            .issued_s = upstream_clock_now_s(time, clock),
            .has_upstream_offset = time->known,
            .upstream_offset_ms = time->known ? time->offset_ms : 0,
        };
        if (time_parse_rfc3339(answer->expiration, &fields.expires_s) < 0)
                return refuse_session(e, "'s Expiration is no RFC 3339 time");
        if (fields.expires_s <= fields.issued_s) {
                char expires[TIME_RFC3339_SIZE] = "?";
                char now[TIME_RFC3339_SIZE] = "?";
                (void)time_format_rfc3339(fields.expires_s, expires);
                (void)time_format_rfc3339(fields.issued_s, now);
                (void)error_set(e, ERROR_PROTOCOL, "the answer's Expiration %s is in the past (now: %s)", expires, now);
                return error_hint(e, "Check this host's clock and that endpoint_url is the service itself.");
        }
        if (!credentials_are_sound(&fields))
                return refuse_session(e, "'s credentials are too long or hold bytes that none has");
        struct credentials *c = credentials_new(&fields);
        if (!c)
                return error_set(e, ERROR_INTERNAL, "out of memory for the credentials");
        *ret = c;
        return 0;
}

// Texts from outside, for fixed fields: control bytes become "?", what does not fit ends in "…".
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
        for (size_t i = 0; i < n; i++)
                out[i] = (char)(text.p[i] < 0x20 || text.p[i] == 0x7f ? '?' : text.p[i]);
        out[n] = '\0';
        if (cut)
                memcpy(out + n, ellipsis, sizeof(ellipsis));
}

// Some services append the canonical request to the message of a failed signature, and that holds the session token.
static struct slice message_without_request(struct slice message)
{
        static const struct slice begins = SLICE_INIT("The Canonical String");
        message = slice_trim(message);
        message = slice_head(message, slice_find(message, '\n'));
        for (size_t i = 0; i + begins.n <= message.n; i++) {
                if (slice_starts_with(slice_from(message, i), begins))
                        return slice_trim(slice_head(message, i));
        }
        return slice_trim(message);
}

struct code_kind {
        const char *code;
        enum error_kind kind;
};

// Codes whose kind does not follow from "4xx is a refusal, 5xx is a failure".
static const struct code_kind code_kinds[] = {
    {"Throttling", ERROR_THROTTLED},
    {"ThrottlingException", ERROR_THROTTLED},
    {"ThrottledException", ERROR_THROTTLED},
    {"RequestThrottledException", ERROR_THROTTLED},
    {"RequestThrottled", ERROR_THROTTLED},
    {"TooManyRequestsException", ERROR_THROTTLED},
    {"ProvisionedThroughputExceededException", ERROR_THROTTLED},
    {"TransactionInProgressException", ERROR_THROTTLED},
    {"RequestLimitExceeded", ERROR_THROTTLED},
    {"BandwidthLimitExceeded", ERROR_THROTTLED},
    {"LimitExceededException", ERROR_THROTTLED},
    {"SlowDown", ERROR_THROTTLED},
    {"PriorRequestNotComplete", ERROR_THROTTLED},
    {"EC2ThrottledException", ERROR_THROTTLED},
    {"IDPCommunicationError", ERROR_TRANSIENT},
    {"InternalFailure", ERROR_TRANSIENT},
    {"InternalError", ERROR_TRANSIENT},
    {"InternalServerException", ERROR_TRANSIENT},
    {"ServiceUnavailable", ERROR_TRANSIENT},
    {"ServiceUnavailableException", ERROR_TRANSIENT},
    {"RequestTimeout", ERROR_TRANSIENT},
    {"RequestTimeoutException", ERROR_TRANSIENT},
};

static enum error_kind kind_of(struct slice code, int status)
{
        for (size_t i = 0; i < LENGTH(code_kinds); i++) {
                if (slice_eq(code, slice_str(code_kinds[i].code)))
                        return code_kinds[i].kind;
        }
        if (status == 429)
                return ERROR_THROTTLED;
        if (status >= 500 || status == 408)
                return ERROR_TRANSIENT;
        return slice_is_empty(code) ? ERROR_PROTOCOL : ERROR_DENIED; // without a code, it was not AWS who said no
}

// An answer without AWS's shape: its status, type and size are all that is told of it.
static void foreign_refusal(const struct answer_context *context, struct error *e)
{
        struct slice type = slice_trim(slice_head(context->content_type, slice_find(context->content_type, ';')));
        type = slice_head(type, 48);
        if (slice_is_empty(type))
                type = SLICE("no content type");
        (void)error_set(e, kind_of((struct slice){NULL, 0}, context->status),
                        "%s for %.256s: HTTP %d without an error of AWS (%.*s, %zu bytes)", context->action,
                        context->subject, context->status, (int)type.n, (const char *)type.p, context->body_size);
}

void answer_refusal(const struct answer *answer, const struct answer_context *context, struct error *e)
{
        struct error said = {.upstream.status = context->status};
        put_text(said.upstream.service, sizeof(said.upstream.service), slice_str(context->service));
        put_text(said.upstream.code, sizeof(said.upstream.code), slice_trim(answer->code));
        put_text(said.upstream.message, sizeof(said.upstream.message), message_without_request(answer->message));
        put_text(said.upstream.request_id, sizeof(said.upstream.request_id), slice_trim(answer->request_id));
        const char *code = said.upstream.code;
        const char *message = said.upstream.message;
        if (code[0] == '\0')
                foreign_refusal(context, e);
        else
                (void)error_set(e, kind_of(slice_str(code), context->status), "%s for %.256s: %s%s%s", context->action,
                                context->subject, code, message[0] == '\0' ? "" : ": ", message);
        (void)hint_by_kind(e);
        memcpy(&e->upstream, &said.upstream, sizeof(e->upstream));
}

bool answer_code_may_be_skew(struct slice code)
{
        static const char *const codes[] = {
            "RequestExpired",        "RequestTimeTooSkewed",  "RequestInTheFuture",
            "SignatureDoesNotMatch", "InvalidSignature",      "InvalidSignatureException",
            "AuthFailure",           "AccessDeniedException", "ValidationException",
        };
        for (size_t i = 0; i < LENGTH(codes); i++) {
                if (slice_eq(code, slice_str(codes[i])))
                        return true;
        }
        return false;
}
