// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/providers/harness.h"

#define SESSION(expiration)                                                                                            \
        "<AssumeRoleResponse><AssumeRoleResult><AssumedRoleUser><Arn>arn:aws:sts::123456789012:assumed-role/x/s</Arn>" \
        "</AssumedRoleUser><Credentials><AccessKeyId>ASIAEXAMPLE</AccessKeyId><SecretAccessKey>secret"                 \
        "</SecretAccessKey><SessionToken>token</SessionToken><Expiration>" expiration                                  \
        "</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"
#define REFUSAL(code, message)                                                                                         \
        "<ErrorResponse><Error><Type>Sender</Type><Code>" code "</Code><Message>" message                              \
        "</Message></Error><RequestId>r-1</RequestId></ErrorResponse>"
#define ONE_O_CLOCK "2027-01-01T01:00:00Z"

static char role_arn[] = "arn:aws:iam::123456789012:role/x";
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

struct setup {
        struct harness *h;
        struct profile profile;
        struct base_source base;
};

static void set_up(struct setup *s, const struct upstream_answer *answers, size_t count)
{
        s->h = harness_new(answers, count);
        s->profile = (struct profile){.type = PROFILE_ASSUME_ROLE,
                                      .issuer_region = region,
                                      .endpoint_url = s->h->upstream.url,
                                      .source_profile = source_name,
                                      .role = {.role_arn = role_arn,
                                               .role_session_name = session_name,
                                               .external_id = external_id,
                                               .duration_seconds = 3600}};
        s->base = (struct base_source){.loop = &s->h->loop, .fields = &base_fields};
        const struct credentials_source source = {base_get, base_cancel, &s->base};
        harness_make(s->h, &s->profile, &source);
}

static void signs_with_the_base_and_gets_a_session(void **state)
{
        (void)state;
        static const struct upstream_answer answers[] = {{200, DATE_NOW, SESSION(ONE_O_CLOCK)}};
        struct setup s;
        set_up(&s, answers, LENGTH(answers));
        harness_run(s.h);
        if (!s.h->c)
                fail_msg("%s", s.h->e.message);
        assert_true(slice_eq(s.h->c->access_key_id, SLICE("ASIAEXAMPLE")));
        assert_true(slice_eq(s.h->c->account_id, SLICE("123456789012")));
        assert_true(s.h->c->expires_s == NOW_S + 3600);
        assert_true(s.h->c->has_upstream_offset);
        assert_int_equal(s.base.gets, 1);
        assert_int_equal(s.base.min_life_s, 300);

        const char *request = harness_requests(s.h, 1);
        char value[512];
        assert_non_null(strstr(request, "POST / HTTP/1.1\r\n"));
        assert_string_equal(upstream_body(request),
                            "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fx"
                            "&RoleSessionName=s&ExternalId=ext-1&DurationSeconds=3600");
        upstream_field(request, "Content-Type", value, sizeof(value));
        assert_string_equal(value, "application/x-www-form-urlencoded; charset=utf-8");
        upstream_field(request, "X-Amz-Date", value, sizeof(value));
        assert_string_equal(value, "20270101T000000Z");
        upstream_field(request, "X-Amz-Security-Token", value, sizeof(value));
        assert_string_equal(value, "base-token");
        upstream_field(request, "Authorization", value, sizeof(value));
        assert_non_null(strstr(value, "AWS4-HMAC-SHA256 Credential=ASIABASE/20270101/us-east-1/sts/aws4_request"));
        assert_non_null(strstr(value, "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token"));
        harness_free(s.h);
}

static void a_wrong_clock_is_corrected_once_and_remembered(void **state)
{
        (void)state;
        static const struct upstream_answer answers[] = {
            {403, DATE_HALF_PAST, REFUSAL("SignatureDoesNotMatch", "Signature expired")},
            {200, DATE_HALF_PAST, SESSION(ONE_O_CLOCK)},
            {200, DATE_HALF_PAST, SESSION(ONE_O_CLOCK)},
        };
        struct setup s;
        set_up(&s, answers, LENGTH(answers));
        harness_run(s.h);
        if (!s.h->c)
                fail_msg("%s", s.h->e.message);
        assert_in_range((uint64_t)s.h->c->issued_s, NOW_S + 1800, NOW_S + 1801);
        s.h->wall_ms -= 7200000; // a step of the local clock changes nothing
        harness_run(s.h);
        assert_non_null(s.h->c);
        (void)harness_requests(s.h, 3);
        char dates[3][64];
        for (size_t i = 0; i < 3; i++)
                upstream_field(s.h->upstream.requests[i], "X-Amz-Date", dates[i], sizeof(dates[i]));
        assert_string_equal(dates[0], "20270101T000000Z");
        assert_memory_equal(dates[1], "20270101T00300", 14);
        assert_memory_equal(dates[2], "20270101T00300", 14);
        harness_free(s.h);
}

static void a_second_refusal_is_final(void **state)
{
        (void)state;
        static const struct upstream_answer answers[] = {
            {400, DATE_HALF_PAST, REFUSAL("RequestExpired", "Request has expired.")},
            {400, "Date: Fri, 01 Jan 2027 01:30:00 GMT\r\n", REFUSAL("RequestExpired", "Request has expired.")},
        };
        struct setup s;
        set_up(&s, answers, LENGTH(answers));
        harness_run(s.h);
        assert_null(s.h->c);
        assert_int_equal(s.h->e.kind, ERROR_DENIED);
        assert_string_equal(s.h->e.upstream.code, "RequestExpired");
        assert_non_null(strstr(s.h->e.hint, "clock"));
        (void)harness_requests(s.h, 2);
        harness_free(s.h);
}

static void nothing_is_signed_again_without_cause(void **state)
{
        (void)state;
        static const struct {
                const char *name;
                struct upstream_answer answer;
        } t[] = {
            {"the clocks agree", {403, DATE_NOW, REFUSAL("SignatureDoesNotMatch", "m")}},
            {"another code", {403, DATE_HALF_PAST, REFUSAL("AccessDenied", "m")}},
            {"no Date", {403, NULL, REFUSAL("SignatureDoesNotMatch", "m")}},
            {"a Date that is none", {403, "Date: soon\r\n", REFUSAL("SignatureDoesNotMatch", "m")}},
            {"not from AWS", {403, DATE_HALF_PAST, "<html/>"}},
        };
        for (size_t i = 0; i < LENGTH(t); i++) {
                struct setup s;
                set_up(&s, &t[i].answer, 1);
                harness_run(s.h);
                assert_null(s.h->c);
                (void)harness_requests(s.h, 1);
                harness_free(s.h);
        }
}

static void the_clock_of_the_base_is_inherited(void **state)
{
        (void)state;
        static const struct upstream_answer answers[] = {{200, NULL, SESSION(ONE_O_CLOCK)}};
        struct setup s;
        set_up(&s, answers, LENGTH(answers));
        struct credentials fields = base_fields;
        fields.has_upstream_offset = true;
        fields.upstream_offset_ms = (int64_t)(NOW_S + 1800) * 1000 - s.h->boot_ms;
        s.base.fields = &fields;
        harness_run(s.h);
        assert_non_null(s.h->c);
        assert_true(s.h->c->issued_s == NOW_S + 1800);
        char value[64];
        upstream_field(harness_requests(s.h, 1), "X-Amz-Date", value, sizeof(value));
        assert_string_equal(value, "20270101T003000Z");
        harness_free(s.h);
}

static void refusals_are_explained(void **state)
{
        (void)state;
        static const struct {
                struct upstream_answer answer;
                enum error_kind kind;
                const char *message, *hint;
        } t[] = {
            {{403, DATE_NOW, REFUSAL("AccessDenied", "User: u is not authorized")},
             ERROR_DENIED,
             "AssumeRole for arn:aws:iam::123456789012:role/x: AccessDenied: User: u is not authorized",
             "An external ID was sent"},
            {{400, NULL, REFUSAL("Throttling", "Rate exceeded")}, ERROR_THROTTLED, "Rate exceeded", "by itself"},
            {{403, NULL, REFUSAL("RegionDisabledException", "m")}, ERROR_DENIED, "RegionDisabled", "us-east-1"},
            {{503, "Content-Type: text/html\r\n", "<html>secret</html>"},
             ERROR_TRANSIENT,
             "HTTP 503 without an error of AWS (text/html, 19 bytes)",
             "by itself"},
            {{200, DATE_NOW, "<html/>"}, ERROR_PROTOCOL, "the answer lacks AccessKeyId", "NO_PROXY"},
            {{200, DATE_NOW, "cut"}, ERROR_PROTOCOL, "(HTTP 200, 3 bytes) cannot be read", "NO_PROXY"},
            {{200, DATE_NOW, SESSION("2026-12-31T23:59:59Z")}, ERROR_PROTOCOL, "is in the past", "clock"},
            {{200, DATE_HALF_PAST, SESSION("2027-01-01T00:29:00Z")}, ERROR_PROTOCOL, "is in the past", "clock"},
        };
        for (size_t i = 0; i < LENGTH(t); i++) {
                struct setup s;
                set_up(&s, &t[i].answer, 1);
                harness_run(s.h);
                assert_null(s.h->c);
                if (s.h->e.kind != t[i].kind || !strstr(s.h->e.message, t[i].message) ||
                    !strstr(s.h->e.hint, t[i].hint))
                        fail_msg("%zu: %s: %s | %s", i, error_kind_name(s.h->e.kind), s.h->e.message, s.h->e.hint);
                assert_null(strstr(s.h->e.message, "secret"));
                harness_free(s.h);
        }
}

// Newer base credentials are asked for after AWS called them expired.
static void an_expired_base_is_renewed_next_time(void **state)
{
        (void)state;
        static const struct upstream_answer answers[] = {
            {403, DATE_NOW, REFUSAL("ExpiredToken", "The security token included in the request is expired")},
            {200, DATE_NOW, SESSION(ONE_O_CLOCK)},
            {200, DATE_NOW, SESSION(ONE_O_CLOCK)},
        };
        struct setup s;
        set_up(&s, answers, LENGTH(answers));
        harness_run(s.h);
        assert_int_equal(s.h->e.kind, ERROR_TRANSIENT);
        assert_string_equal(s.h->e.upstream.code, "ExpiredToken");
        assert_non_null(strstr(s.h->e.hint, "irsa"));
        harness_run(s.h);
        assert_non_null(s.h->c);
        assert_in_range((uint64_t)s.base.min_life_s, 1800, 1801);
        harness_run(s.h);
        assert_int_equal(s.base.min_life_s, 300);
        harness_free(s.h);
}

static void without_base_credentials(void **state)
{
        (void)state;
        struct setup s;
        set_up(&s, NULL, 0);
        s.base.fields = NULL;
        (void)error_set(&s.base.e, ERROR_DENIED, "profile irsa: no");
        (void)error_hint(&s.base.e, "do this");
        harness_run(s.h);
        assert_int_equal(s.h->e.kind, ERROR_DENIED);
        assert_string_equal(s.h->e.message, "base credentials: profile irsa: no");
        assert_string_equal(s.h->e.hint, "do this");
        s.base.refuses = true;
        assert_int_equal(harness_start(s.h), -1);
        assert_int_equal(s.h->e.kind, ERROR_CONFIG);
        assert_string_equal(s.h->e.message, "base credentials: no base");
        (void)harness_requests(s.h, 0);
        harness_free(s.h);
}

static void nobody_answers_at_the_address(void **state)
{
        (void)state;
        struct setup s;
        set_up(&s, NULL, 0);
        (void)harness_requests(s.h, 0); // its port is closed now
        harness_run(s.h);
        assert_int_equal(s.h->e.kind, ERROR_TRANSIENT);
        assert_non_null(strstr(s.h->e.message, "AssumeRole for arn:aws:iam::123456789012:role/x: "));
        harness_free(s.h);
}

static void cancel_while_the_source_works(void **state)
{
        (void)state;
        for (int hangs = 0; hangs < 2; hangs++) {
                struct setup s;
                set_up(&s, NULL, 0);
                s.base.hangs = hangs;
                assert_int_equal(harness_start(s.h), 0);
                provider_cancel(s.h->provider);
                harness_finish(s.h);
                assert_int_equal(s.base.cancels, 1);
                assert_int_equal(s.h->e.kind, ERROR_CANCELLED);
                (void)harness_requests(s.h, 0);
                harness_free(s.h);
        }
}

static void cancel_while_aws_works(void **state)
{
        (void)state;
        static const struct upstream_answer answers[] = {{0, NULL, NULL}, {200, DATE_NOW, SESSION(ONE_O_CLOCK)}};
        struct setup s;
        set_up(&s, answers, LENGTH(answers));
        s.h->cancels_on_receipt = true;
        harness_run(s.h);
        assert_int_equal(s.h->e.kind, ERROR_CANCELLED);
        assert_int_equal(s.base.cancels, 0);
        s.h->cancels_on_receipt = false;
        harness_run(s.h); // and it can be used again
        assert_non_null(s.h->c);
        harness_free(s.h);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(signs_with_the_base_and_gets_a_session),
            cmocka_unit_test(a_wrong_clock_is_corrected_once_and_remembered),
            cmocka_unit_test(a_second_refusal_is_final),
            cmocka_unit_test(nothing_is_signed_again_without_cause),
            cmocka_unit_test(the_clock_of_the_base_is_inherited),
            cmocka_unit_test(refusals_are_explained),
            cmocka_unit_test(an_expired_base_is_renewed_next_time),
            cmocka_unit_test(without_base_credentials),
            cmocka_unit_test(nobody_answers_at_the_address),
            cmocka_unit_test(cancel_while_the_source_works),
            cmocka_unit_test(cancel_while_aws_works),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
