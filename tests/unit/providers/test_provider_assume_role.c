// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/providers/harness.h"

#include "tests/unit/providers/sts.h"

#define SESSION(expiration) STS_SESSION("AssumeRole", expiration)

static char role_arn[] = ROLE_ARN;
static char session_name[] = "s";
static char external_id[] = "ext-1";
static char region[] = "us-east-1";
static char source_name[] = "irsa";

static const struct credentials base_fields = {
    .access_key_id = SLICE_INIT("ASIABASE"),
    .secret_access_key = SLICE_INIT("base-secret"),
    .session_token = SLICE_INIT("base-token"),
    .expires_s = NOW_S + 1800,
};

static struct harness *set_up(const struct upstream_answer *answers, size_t count)
{
        struct harness *h = harness_new(answers, count);
        h->profile = (struct profile){.type = PROFILE_ASSUME_ROLE,
                                      .issuer_region = region,
                                      .endpoint_url = h->upstream.url,
                                      .source_profile = source_name,
                                      .role = {.role_arn = role_arn,
                                               .role_session_name = session_name,
                                               .external_id = external_id,
                                               .duration_seconds = 3600}};
        harness_make_on_base(h, &base_fields);
        return h;
}

static void signs_with_the_base_and_gets_a_session(void **state)
{
        (void)state;
        struct harness *h = set_up(ANSWERS({200, DATE_NOW, SESSION(ONE_O_CLOCK)}));
        harness_run_to_credentials(h);
        assert_slice(h->c->access_key_id, "ASIAEXAMPLE");
        assert_slice(h->c->account_id, "123456789012");
        assert_true(h->c->expires_s == NOW_S + 3600);
        assert_true(h->c->has_upstream_offset);
        assert_int_equal(h->base.gets, 1);
        assert_int_equal(h->base.min_life_s, 300);

        (void)harness_requests(h, 1);
        harness_begins(h, 0, "POST / HTTP/1.1\r\n");
        harness_has_body(h, 0,
                         "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fx"
                         "&RoleSessionName=s&ExternalId=ext-1&DurationSeconds=3600");
        harness_has_field(h, 0, "Content-Type", "application/x-www-form-urlencoded; charset=utf-8");
        harness_has_field(h, 0, "X-Amz-Date", "20270101T000000Z");
        harness_has_field(h, 0, "X-Amz-Security-Token", "base-token");
        harness_field_holds(h, 0, "Authorization",
                            "AWS4-HMAC-SHA256 Credential=ASIABASE/20270101/us-east-1/sts/aws4_request");
        harness_field_holds(h, 0, "Authorization", "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token");
        harness_free(h);
}

static void a_wrong_clock_is_corrected_once_and_remembered(void **state)
{
        (void)state;
        static const struct upstream_answer answers[] = {
            {403, DATE_HALF_PAST, STS_REFUSAL("SignatureDoesNotMatch", "Signature expired")},
            {200, DATE_HALF_PAST, SESSION(ONE_O_CLOCK)},
            {200, DATE_HALF_PAST, SESSION(ONE_O_CLOCK)},
        };
        struct harness *h = set_up(answers, LENGTH(answers));
        harness_run_to_credentials(h);
        assert_in_range((uint64_t)h->c->issued_s, NOW_S + 1800, NOW_S + 1801);
        h->wall_ms -= 7200000; // a step of the local clock changes nothing
        harness_run_to_credentials(h);
        (void)harness_requests(h, 3);
        harness_has_field(h, 0, "X-Amz-Date", "20270101T000000Z");
        harness_field_holds(h, 1, "X-Amz-Date", "20270101T00300");
        harness_field_holds(h, 2, "X-Amz-Date", "20270101T00300");
        harness_free(h);
}

static void a_second_refusal_is_final(void **state)
{
        (void)state;
        static const struct upstream_answer answers[] = {
            {400, DATE_HALF_PAST, STS_REFUSAL("RequestExpired", "Request has expired.")},
            {400, "Date: Fri, 01 Jan 2027 01:30:00 GMT\r\n", STS_REFUSAL("RequestExpired", "Request has expired.")},
        };
        struct harness *h = set_up(answers, LENGTH(answers));
        harness_run_to_error(h, ERROR_DENIED);
        assert_string_equal(h->e.upstream.code, "RequestExpired");
        assert_non_null(strstr(h->e.hint, "clock"));
        (void)harness_requests(h, 2);
        harness_free(h);
}

static void nothing_is_signed_again_without_cause(void **state)
{
        (void)state;
        static const struct {
                const char *name;
                struct upstream_answer answer;
        } t[] = {
            {"the clocks agree", {403, DATE_NOW, STS_REFUSAL("SignatureDoesNotMatch", "m")}},
            {"four minutes ahead",
             {403, "Date: Fri, 01 Jan 2027 00:04:00 GMT\r\n", STS_REFUSAL("SignatureDoesNotMatch", "m")}},
            {"four minutes behind",
             {403, "Date: Thu, 31 Dec 2026 23:56:00 GMT\r\n", STS_REFUSAL("SignatureDoesNotMatch", "m")}},
            {"another code", {403, DATE_HALF_PAST, STS_REFUSAL("AccessDenied", "m")}},
            {"no Date", {403, NULL, STS_REFUSAL("SignatureDoesNotMatch", "m")}},
            {"a Date that is none", {403, "Date: soon\r\n", STS_REFUSAL("SignatureDoesNotMatch", "m")}},
            {"not from AWS", {403, DATE_HALF_PAST, "<html/>"}},
        };
        for (size_t i = 0; i < LENGTH(t); i++) {
                struct harness *h = set_up(&t[i].answer, 1);
                harness_run(h);
                assert_null(h->c);
                (void)harness_requests(h, 1);
                harness_free(h);
        }
}

static void more_than_four_minutes_are_corrected(void **state)
{
        (void)state;
        static const char *const dates[] = {"Date: Fri, 01 Jan 2027 00:04:01 GMT\r\n",
                                            "Date: Thu, 31 Dec 2026 23:55:59 GMT\r\n"};
        for (size_t i = 0; i < LENGTH(dates); i++) {
                struct harness *h = set_up(ANSWERS({403, dates[i], STS_REFUSAL("SignatureDoesNotMatch", "m")},
                                                   {200, dates[i], SESSION(ONE_O_CLOCK)}));
                harness_run_to_credentials(h);
                (void)harness_requests(h, 2);
                harness_free(h);
        }
}

static void the_clock_of_the_base_is_inherited(void **state)
{
        (void)state;
        struct harness *h = set_up(ANSWERS({200, NULL, SESSION(ONE_O_CLOCK)}));
        struct credentials fields = base_fields;
        fields.has_upstream_offset = true;
        fields.upstream_offset_ms = (int64_t)(NOW_S + 1800) * 1000 - h->boot_ms;
        h->base.fields = &fields;
        harness_run_to_credentials(h);
        assert_true(h->c->issued_s == NOW_S + 1800);
        (void)harness_requests(h, 1);
        harness_has_field(h, 0, "X-Amz-Date", "20270101T003000Z");
        harness_free(h);
}

static void refusals_are_explained(void **state)
{
        (void)state;
        static const struct refusal t[] = {
            {{403, DATE_NOW, STS_REFUSAL("AccessDenied", "User: u is not authorized")},
             ERROR_DENIED,
             "AssumeRole for arn:aws:iam::123456789012:role/x: AccessDenied: User: u is not authorized",
             "the external ID that was sent"},
            {{400, NULL, STS_REFUSAL("Throttling", "Rate exceeded")}, ERROR_THROTTLED, "Rate exceeded", "by itself"},
            {{403, NULL, STS_REFUSAL("RegionDisabledException", "m")}, ERROR_DENIED, "RegionDisabled", "us-east-1"},
            {{503, "Content-Type: text/html\r\n", "<html>secret</html>"},
             ERROR_TRANSIENT,
             "HTTP 503 without an AWS error (text/html, 19 bytes)",
             "by itself"},
            {{200, DATE_NOW, "<html/>"}, ERROR_PROTOCOL, "the answer lacks AccessKeyId", "NO_PROXY"},
            {{200, DATE_NOW, "cut"}, ERROR_PROTOCOL, "(HTTP 200, 3 bytes) cannot be read", "NO_PROXY"},
            {{200, DATE_NOW, SESSION("2026-12-31T23:59:59Z")}, ERROR_PROTOCOL, "expired at", "clock"},
            {{200, DATE_HALF_PAST, SESSION("2027-01-01T00:29:00Z")}, ERROR_PROTOCOL, "expired at", "clock"},
        };
        harness_expect_refusals(set_up, &(struct refusals){t, LENGTH(t), "AssumeRole for " ROLE_ARN ": ", "secret"});
}

// A clock that is off by no more than AWS tolerates is not why a signature was refused.
static void signs_again_only_if_the_clocks_differ_by_four_minutes(void **state)
{
        (void)state;
        static const struct {
                const char *date;
                size_t requests;
        } t[] = {
            {"Date: Fri, 01 Jan 2027 00:03:59 GMT\r\n", 1},
            {"Date: Thu, 31 Dec 2026 23:56:01 GMT\r\n", 1},
            {"Date: Fri, 01 Jan 2027 00:04:01 GMT\r\n", 2},
            {"Date: Thu, 31 Dec 2026 23:55:59 GMT\r\n", 2},
        };
        for (size_t i = 0; i < LENGTH(t); i++) {
                const struct upstream_answer refused = {403, t[i].date, STS_REFUSAL("SignatureDoesNotMatch", "m")};
                const struct upstream_answer answers[] = {refused, refused};
                struct harness *h = set_up(answers, LENGTH(answers));
                harness_run_to_error(h, ERROR_DENIED);
                (void)harness_requests(h, t[i].requests);
                harness_free(h);
        }
}

// Newer base credentials are asked for after AWS called them expired.
static void an_expired_base_is_renewed_next_time(void **state)
{
        (void)state;
        static const struct upstream_answer answers[] = {
            {403, DATE_NOW, STS_REFUSAL("ExpiredToken", "The security token included in the request is expired")},
            {200, DATE_NOW, SESSION(ONE_O_CLOCK)},
            {200, DATE_NOW, SESSION(ONE_O_CLOCK)},
        };
        struct harness *h = set_up(answers, LENGTH(answers));
        harness_run_to_error(h, ERROR_TRANSIENT);
        assert_string_equal(h->e.upstream.code, "ExpiredToken");
        assert_non_null(strstr(h->e.hint, "irsa"));
        harness_run_to_credentials(h);
        assert_in_range((uint64_t)h->base.min_life_s, 1800, 1801);
        harness_run(h);
        assert_int_equal(h->base.min_life_s, 300);
        harness_free(h);
}

static void without_base_credentials(void **state)
{
        (void)state;
        struct harness *h = set_up(NULL, 0);
        h->base.fields = NULL;
        (void)error_set(&h->base.e, ERROR_DENIED, "profile irsa: no");
        (void)error_hint(&h->base.e, "do this");
        harness_run_to_error(h, ERROR_DENIED);
        assert_string_equal(h->e.message, "base credentials: profile irsa: no");
        assert_string_equal(h->e.hint, "do this");
        h->base.refuses = true;
        harness_does_not_start(h, ERROR_CONFIG);
        assert_string_equal(h->e.message, "base credentials: no base");
        (void)harness_requests(h, 0);
        harness_free(h);
}

static void nobody_answers_at_the_address(void **state)
{
        (void)state;
        struct harness *h = set_up(NULL, 0);
        (void)harness_requests(h, 0); // its port is closed now
        harness_run_to_error(h, ERROR_TRANSIENT);
        assert_non_null(strstr(h->e.message, "AssumeRole for arn:aws:iam::123456789012:role/x: "));
        harness_free(h);
}

static void cancel_while_the_source_works(void **state)
{
        (void)state;
        for (int hangs = 0; hangs < 2; hangs++) {
                struct harness *h = set_up(NULL, 0);
                h->base.hangs = hangs;
                harness_cancel_at_once(h);
                assert_int_equal(h->base.cancels, 1);
                (void)harness_requests(h, 0);
                harness_free(h);
        }
}

static void cancel_while_aws_works(void **state)
{
        (void)state;
        struct harness *h = set_up(ANSWERS({SILENCE}, {200, DATE_NOW, SESSION(ONE_O_CLOCK)}));
        harness_cancel_on_receipt(h);
        assert_int_equal(h->base.cancels, 0);
        harness_run_to_credentials(h); // and it can be used again
        harness_free(h);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(signs_with_the_base_and_gets_a_session),
            cmocka_unit_test(a_wrong_clock_is_corrected_once_and_remembered),
            cmocka_unit_test(a_second_refusal_is_final),
            cmocka_unit_test(nothing_is_signed_again_without_cause),
            cmocka_unit_test(more_than_four_minutes_are_corrected),
            cmocka_unit_test(the_clock_of_the_base_is_inherited),
            cmocka_unit_test(refusals_are_explained),
            cmocka_unit_test(signs_again_only_if_the_clocks_differ_by_four_minutes),
            cmocka_unit_test(an_expired_base_is_renewed_next_time),
            cmocka_unit_test(without_base_credentials),
            cmocka_unit_test(nobody_answers_at_the_address),
            cmocka_unit_test(cancel_while_the_source_works),
            cmocka_unit_test(cancel_while_aws_works),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
