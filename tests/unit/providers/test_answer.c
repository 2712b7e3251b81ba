// SPDX-License-Identifier: Apache-2.0
#include "sidecar/providers/answer.h"

#include "proto/wire/credentials.h"
#include "proto/wire/limits.h"
#include "tests/unit/unit.h"

enum { NOW_S = 1788264000 }; // 2026-09-01T12:00:00Z

static int64_t fixed_ms(void *context)
{
        return *(const int64_t *)context;
}

static const int64_t now_ms = (int64_t)NOW_S * 1000;

static struct clock fixed_clock(void)
{
        return (struct clock){fixed_ms, fixed_ms, 1, (void *)(uintptr_t)&now_ms};
}

static struct answer good(void)
{
        return (struct answer){
            .access_key_id = SLICE("ASIAEXAMPLEKEYID0001"),
            .secret_access_key = SLICE("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
            .session_token = SLICE("IQoJb3JpZ2luX2VjEXAMPLE//token+with/special=chars=="),
            .expiration = SLICE("2026-09-01T13:00:00Z"),
            .assumed_role_arn = SLICE("arn:aws:sts::123456789012:assumed-role/Demo/sess"),
        };
}

static void whole_answers_become_credentials(void **state)
{
        (void)state;
        static const struct {
                const char *expiration;
                int64_t expires_s;
        } t[] = {
            {"2026-09-01T13:00:00Z", NOW_S + 3600},
            {"2026-09-01T13:00:00.611Z", NOW_S + 3600},
            {"2026-09-01T13:00:00.000000001Z", NOW_S + 3600},
            {"2026-09-01T15:00:00+02:00", NOW_S + 3600},
            {"2026-09-01T12:00:01Z", NOW_S + 1},
        };
        struct clock clock = fixed_clock();
        const struct upstream_clock unknown = {0};
        for (size_t i = 0; i < LENGTH(t); i++) {
                struct answer a = good();
                a.expiration = slice_str(t[i].expiration);
                struct credentials *c = NULL;
                struct error e = {0};
                if (answer_credentials(&a, NULL, &unknown, &clock, &c, &e) != 0)
                        fail_msg("%s: %s", t[i].expiration, e.message);
                assert_int_equal(c->expires_s, t[i].expires_s);
                assert_int_equal(c->issued_s, NOW_S);
                assert_true(slice_eq(c->session_token, a.session_token));
                assert_true(slice_eq(c->account_id, SLICE("123456789012")));
                assert_true(slice_eq(c->assumed_role_arn, a.assumed_role_arn));
                assert_false(c->has_upstream_offset);
                credentials_unref(c);
        }
}

static void the_clock_of_the_service_counts(void **state)
{
        (void)state;
        struct clock clock = fixed_clock();
        struct answer a = good();
        struct credentials *c = NULL;
        struct error e = {0};
        const struct upstream_clock half_an_hour_on = {.known = true, .offset_ms = 1800000};
        assert_int_equal(answer_credentials(&a, NULL, &half_an_hour_on, &clock, &c, &e), 0);
        assert_int_equal(c->issued_s, NOW_S + 1800);
        assert_true(c->has_upstream_offset);
        assert_int_equal(c->upstream_offset_ms, 1800000);
        credentials_unref(c);
        const struct upstream_clock an_hour_on = {.known = true, .offset_ms = 3600000};
        assert_int_equal(answer_credentials(&a, NULL, &an_hour_on, &clock, &c, &e), -1);
        assert_int_equal(e.kind, ERROR_PROTOCOL);
}

static void half_answers_are_refused(void **state)
{
        (void)state;
        struct clock clock = fixed_clock();
        const struct upstream_clock unknown = {0};
        static uint8_t long_token[LIMIT_SESSION_TOKEN + 1];
        memset(long_token, 'a', sizeof(long_token));
        struct answer t[11];
        const char *const want[LENGTH(t)] = {
            "lacks AccessKeyId",
            "lacks SecretAccessKey",
            "lacks SessionToken",
            "lacks Expiration",
            "member Expiration of the answer is not a time",
            "expired at 2026-09-01T12:00:00Z (now: 2026-09-01T12:00:00Z)",
            "expired at 1970",
            "member SessionToken of the answer is too long",
            "member SecretAccessKey of the answer is too long",
            "not a time",
            "not a time",
        };
        for (size_t i = 0; i < LENGTH(t); i++)
                t[i] = good();
        t[0].access_key_id.n = 0;
        t[1].secret_access_key.n = 0;
        t[2].session_token.n = 0;
        t[3].expiration.n = 0;
        t[4].expiration = SLICE("in an hour");
        t[5].expiration = SLICE("2026-09-01T12:00:00Z");
        t[6].expiration = SLICE("1970-01-01T00:00:00Z");
        t[7].session_token = slice_of(long_token, sizeof(long_token));
        t[8].secret_access_key = SLICE("with blank inside");
        t[9].expiration = SLICE("9999-12-31T23:59:59-23:59"); // the year 10000
        t[10].expiration = SLICE("2026-09-01T13:00:00");      // of which zone?
        for (size_t i = 0; i < LENGTH(t); i++) {
                struct credentials *c = NULL;
                struct error e = {0};
                assert_int_equal(answer_credentials(&t[i], NULL, &unknown, &clock, &c, &e), -1);
                assert_null(c);
                assert_int_equal(e.kind, ERROR_PROTOCOL);
                assert_true(e.hint[0] != '\0');
                if (!strstr(e.message, want[i]))
                        fail_msg("%zu: %s", i, e.message);
        }
}

// What is information is never a reason to refuse.
static void odd_information_is_left_out(void **state)
{
        (void)state;
        static const char *const arns[] = {"TASK ROLE", "", "arn:aws:iam::111122223333:role/with blank",
                                           "arn:aws:iam::111122223333:role/\"quoted\"", "caf\xc3\xa9"};
        static const char *const accounts[] = {"", "1", "111122223333 ", "my account", "\x01"};
        struct clock clock = fixed_clock();
        const struct upstream_clock unknown = {0};
        for (size_t i = 0; i < LENGTH(arns); i++) {
                struct answer a = good();
                struct credentials *c = NULL;
                struct error e = {0};
                a.assumed_role_arn = slice_str(arns[i]);
                a.account_id = slice_str(accounts[i]);
                assert_int_equal(answer_credentials(&a, NULL, &unknown, &clock, &c, &e), 0);
                assert_int_equal(c->assumed_role_arn.n, 0);
                assert_int_equal(c->account_id.n, 0);
                credentials_unref(c);
        }
}

static void refuse(const char *code, const char *message, int status, struct error *e)
{
        const struct answer a = {
            .code = slice_str(code), .message = slice_str(message), .request_id = SLICE("request-1")};
        const struct answer_context context = {
            .service = "sts", .status = status, .content_type = SLICE("text/html; charset=utf-8"), .body_size = 42};
        memset(e, 0xa5, sizeof(*e));
        answer_refusal(&a, &context, e);
}

static void kinds_follow_code_and_status(void **state)
{
        (void)state;
        static const struct {
                const char *code;
                int status;
                enum error_kind kind;
        } t[] = {
            {"AccessDenied", 403, ERROR_DENIED},
            {"AccessDeniedException", 403, ERROR_DENIED},
            {"InvalidClientTokenId", 403, ERROR_DENIED},
            {"SignatureDoesNotMatch", 403, ERROR_DENIED},
            {"ValidationError", 400, ERROR_DENIED},
            {"ValidationException", 400, ERROR_DENIED},
            {"ResourceNotFoundException", 404, ERROR_DENIED},
            {"MalformedPolicyDocument", 400, ERROR_DENIED},
            {"PackedPolicyTooLarge", 400, ERROR_DENIED},
            {"RegionDisabledException", 403, ERROR_DENIED},
            {"ExpiredTokenException", 400, ERROR_DENIED},
            {"InvalidIdentityToken", 400, ERROR_DENIED},
            {"IDPRejectedClaim", 403, ERROR_DENIED},
            {"IDPCommunicationError", 400, ERROR_TRANSIENT},
            {"Throttling", 400, ERROR_THROTTLED},
            {"ThrottlingException", 429, ERROR_THROTTLED},
            {"RequestLimitExceeded", 503, ERROR_THROTTLED},
            {"SlowDown", 503, ERROR_THROTTLED},
            {"SomethingNew", 429, ERROR_THROTTLED},
            {"ServiceUnavailable", 503, ERROR_TRANSIENT},
            {"InternalFailure", 500, ERROR_TRANSIENT},
            {"SomethingNew", 500, ERROR_TRANSIENT},
            {"SomethingNew", 400, ERROR_DENIED},
            {"", 400, ERROR_PROTOCOL},
            {"", 403, ERROR_PROTOCOL},
            {"", 407, ERROR_PROTOCOL},
            {"", 302, ERROR_PROTOCOL},
            {"", 408, ERROR_TRANSIENT},
            {"", 429, ERROR_THROTTLED},
            {"", 500, ERROR_TRANSIENT},
            {"", 502, ERROR_TRANSIENT},
            {"", 503, ERROR_TRANSIENT},
            {"", 504, ERROR_TRANSIENT},
        };
        for (size_t i = 0; i < LENGTH(t); i++) {
                struct error e;
                refuse(t[i].code, "", t[i].status, &e);
                if (e.kind != t[i].kind)
                        fail_msg("%s %d: %s", t[i].code, t[i].status, error_kind_name(e.kind));
                assert_int_equal(e.upstream.status, t[i].status);
                assert_string_equal(e.upstream.code, t[i].code);
                assert_true(strlen(e.hint) > 20 && e.hint[0] >= 'a' && e.hint[0] <= 'z');
        }
}

// Where many refusals have one code, its reason goes before the message.
static void reasons_go_before_the_message(void **state)
{
        (void)state;
        static const struct {
                const char *code, *reason, *message, *want;
        } t[] = {
            {"AccessDeniedException", "TOKEN_EXPIRED", "over", "AccessDeniedException: TOKEN_EXPIRED: over"},
            {"AccessDeniedException", "TOKEN_EXPIRED", "", "AccessDeniedException: TOKEN_EXPIRED"},
            {"TOKEN_EXPIRED", "TOKEN_EXPIRED", "over", "TOKEN_EXPIRED: over"},
        };
        for (size_t i = 0; i < LENGTH(t); i++) {
                const struct answer a = {
                    .code = slice_str(t[i].code), .reason = slice_str(t[i].reason), .message = slice_str(t[i].message)};
                const struct answer_context context = {.service = "signin", .status = 401};
                struct error e;
                answer_refusal(&a, &context, &e);
                assert_string_equal(e.message, t[i].want);
        }
        static char long_reason[600];
        memset(long_reason, 'r', sizeof(long_reason) - 1);
        const struct answer a = {.code = SLICE("C"), .reason = slice_str(long_reason), .message = SLICE("over")};
        const struct answer_context context = {.service = "signin", .status = 401};
        struct error e;
        answer_refusal(&a, &context, &e);
        assert_non_null(strstr(e.upstream.message, "\xe2\x80\xa6: over"));
}

static void messages_say_what(void **state)
{
        (void)state;
        struct error e;
        refuse("AccessDenied", "User: u is not authorized", 403, &e);
        assert_string_equal(e.message, "AccessDenied: User: u is not authorized");
        assert_string_equal(e.upstream.service, "sts");
        assert_string_equal(e.upstream.message, "User: u is not authorized");
        assert_string_equal(e.upstream.request_id, "request-1");
        assert_non_null(strstr(e.hint, "AWS's message"));
        assert_false(e.timed_out);
        refuse("Throttling", "", 400, &e);
        assert_string_equal(e.message, "Throttling");
        refuse("", "", 503, &e);
        assert_string_equal(e.message, "HTTP 503 without an AWS error (text/html, 42 bytes)");
        assert_string_equal(e.upstream.code, "");
        refuse("", "", 403, &e);
        assert_non_null(strstr(e.hint, "NO_PROXY"));
}

// The canonical request behind a failed signature holds the session token.
static void canonical_requests_are_left_out(void **state)
{
        (void)state;
        static const char *const t[] = {
            "No match. The Canonical String for this request should have been 'POST x-amz-security-token:TOKEN'",
            "No match.\nPOST\nx-amz-security-token:TOKEN",
            "\n No match. \n\nThe Canonical String for this request should have been\n'TOKEN'",
        };
        for (size_t i = 0; i < LENGTH(t); i++) {
                struct error e;
                refuse("SignatureDoesNotMatch", t[i], 403, &e);
                assert_string_equal(e.upstream.message, "No match.");
                assert_null(strstr(e.message, "TOKEN"));
        }
}

static void long_and_wild_texts_are_cut_and_cleaned(void **state)
{
        (void)state;
        struct error e;
        char text[2000];
        memset(text, 'a', sizeof(text));
        text[sizeof(text) - 1] = '\0';
        refuse(text, text, 403, &e);
        assert_int_equal(strlen(e.upstream.code), sizeof(e.upstream.code) - 1);
        assert_int_equal(strlen(e.upstream.message), sizeof(e.upstream.message) - 1);
        assert_string_equal(e.upstream.message + sizeof(e.upstream.message) - 4, "\xe2\x80\xa6");
        for (size_t shift = 0; shift < 3; shift++) { // never half a character before the mark
                memset(text, 'a', shift);
                for (size_t i = shift; i + 3 < sizeof(text); i += 3)
                        memcpy(text + i, "\xe2\x82\xac", 3);
                text[sizeof(text) - 4] = '\0';
                refuse("C", text, 403, &e);
                size_t n = strlen(e.upstream.message);
                assert_int_equal((n - shift) % 3, 0);
                assert_string_equal(e.upstream.message + n - 3, "\xe2\x80\xa6");
        }
        refuse("C\x01", "a\x1b[31m\tb\x7f", 403, &e);
        assert_string_equal(e.upstream.code, "C?");
        assert_string_equal(e.upstream.message, "a?[31m?b?");
}

static void skew_codes(void **state)
{
        (void)state;
        static const char *const yes[] = {"RequestExpired",       "SignatureDoesNotMatch", "InvalidSignatureException",
                                          "RequestTimeTooSkewed", "RequestInTheFuture",    "AccessDeniedException",
                                          "ValidationException"};
        static const char *const no[] = {"AccessDenied", "ExpiredToken", "", "RequestExpire", "Throttling"};
        for (size_t i = 0; i < LENGTH(yes); i++)
                assert_true(answer_code_may_be_skew(slice_str(yes[i])));
        for (size_t i = 0; i < LENGTH(no); i++)
                assert_false(answer_code_may_be_skew(slice_str(no[i])));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(whole_answers_become_credentials),
            cmocka_unit_test(the_clock_of_the_service_counts),
            cmocka_unit_test(half_answers_are_refused),
            cmocka_unit_test(odd_information_is_left_out),
            cmocka_unit_test(kinds_follow_code_and_status),
            cmocka_unit_test(messages_say_what),
            cmocka_unit_test(reasons_go_before_the_message),
            cmocka_unit_test(canonical_requests_are_left_out),
            cmocka_unit_test(long_and_wild_texts_are_cut_and_cleaned),
            cmocka_unit_test(skew_codes),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
